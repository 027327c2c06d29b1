"""A convolution that pads as TensorFlow's 'SAME' does."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import MODELS
from .patch_embed import AdaptivePadding

__all__ = ['Conv2dAdaptivePadding']


@MODELS.register_module()
class Conv2dAdaptivePadding(nn.Conv2d):
    """A convolution whose output has ``ceil(size / stride)`` pixels.

    What is missing is padded around the image; of an odd number of rows or
    columns, one more is added right and below.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: In pixels.
        stride: In pixels.
        padding: Not used; the argument is there for ``ConvModule``.
        dilation: In pixels.
        groups: Channel groups.
        bias: Whether there is one.
        padding_mode: Only ``'zeros'`` is possible.

    Shape:
        x: ``(B, C, H, W)``; returns ``(B, C', ceil(H / stride), ...)``.

    Raises:
        ValueError: if padding_mode is another.

    Example:
        >>> Conv2dAdaptivePadding(3, 8, 3, stride=2)(torch.zeros(1, 3, 7, 8)).shape
        torch.Size([1, 8, 4, 4])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = 'zeros',
    ) -> None:
        if padding_mode != 'zeros':
            raise ValueError(f"padding_mode can only be 'zeros', got {padding_mode!r}")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, 0, dilation, groups, bias
        )
        self.pad = AdaptivePadding(self.kernel_size, self.stride, self.dilation, 'same')

    def forward(self, x: Tensor) -> Tensor:
        """Pad and convolve x."""
        rows, columns = self.pad.get_pad_shape(x.shape[-2:])
        if rows % 2 or columns % 2:
            return super().forward(self.pad(x))
        # As much on either side: the convolution pads by itself, without a copy.
        return F.conv2d(
            x,
            self.weight,
            self.bias,
            self.stride,
            (rows // 2, columns // 2),
            self.dilation,
            self.groups,
        )
