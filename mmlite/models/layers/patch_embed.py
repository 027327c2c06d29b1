"""Images to tokens."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ...errors import check_choice
from ...registry import MODELS
from .conv import build_conv_layer
from .norm import build_norm_layer

__all__ = ['AdaptivePadding', 'MapPatchEmbed', 'PatchEmbed']


class AdaptivePadding(nn.Module):
    """Pad an image with zeros until a kernel covers it without remainder.

    Args:
        kernel_size: Of the convolution that follows.
        stride: In pixels.
        dilation: In pixels.
        padding: ``'corner'`` pads right and below, ``'same'`` all around.

    Shape:
        x: ``(B, C, H, W)``; returns ``(B, C, H', W')``.

    Raises:
        ValueError: if padding is neither of the two.

    Example:
        >>> AdaptivePadding(16, 16)(torch.zeros(1, 1, 15, 17)).shape
        torch.Size([1, 1, 16, 32])
    """

    def __init__(
        self,
        kernel_size: int | Sequence[int] = 1,
        stride: int | Sequence[int] = 1,
        dilation: int | Sequence[int] = 1,
        padding: str = 'corner',
    ) -> None:
        super().__init__()
        check_choice(('corner', 'same'), padding=padding)
        self.padding = padding
        self.kernel_size = to_2tuple(kernel_size)
        self.stride = to_2tuple(stride)
        self.dilation = to_2tuple(dilation)

    def get_pad_shape(self, input_shape: Sequence[int]) -> tuple[int, int]:
        """How many rows and columns are missing."""
        missing = []
        for i, size in enumerate(input_shape):
            steps = -(-size // self.stride[i]) - 1
            reach = (self.kernel_size[i] - 1) * self.dilation[i] + 1
            missing.append(max(steps * self.stride[i] + reach - size, 0))
        return missing[0], missing[1]

    def forward(self, x: Tensor) -> Tensor:
        """Pad x; it is returned as it is if nothing is missing."""
        rows, columns = self.get_pad_shape(x.shape[-2:])
        if rows == columns == 0:
            return x
        top, left = (0, 0) if self.padding == 'corner' else (rows // 2, columns // 2)
        return F.pad(x, (left, columns - left, top, rows - top))


@MODELS.register_module()
class PatchEmbed(BaseModule):
    """Turn an image into a sequence of tokens by one strided convolution.

    Args:
        in_channels: Channels of the image.
        embed_dims: Width of a token.
        conv_type: Registered name of the convolution.
        kernel_size: Pixels of a patch.
        stride: Pixels from patch to patch; ``None`` is kernel_size.
        padding: In pixels, or ``'corner'`` or ``'same'`` to pad the image until
            it is a multiple of the patch.
        dilation: In pixels.
        bias: Whether the convolution has one.
        norm_cfg: Config of a norm on the tokens; ``None`` has none.
        input_size: Pixels of the image, from which ``init_out_size``, the
            rows and columns of patches, is computed.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, C, H, W)``.
        returns: tokens ``(B, L, D)``, and the rows and columns that make up L.

    Example:
        >>> tokens, size = PatchEmbed(3, 8, input_size=32)(torch.zeros(1, 3, 32, 48))
        >>> tokens.shape, size
        (torch.Size([1, 6, 8]), (2, 3))
    """

    def __init__(
        self,
        in_channels: int = 3,
        embed_dims: int = 768,
        conv_type: str = 'Conv2d',
        kernel_size: int | Sequence[int] = 16,
        stride: int | Sequence[int] | None = 16,
        padding: int | str | Sequence[int] = 'corner',
        dilation: int | Sequence[int] = 1,
        bias: bool = True,
        norm_cfg: dict | None = None,
        input_size: int | Sequence[int] | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        stride = kernel_size if stride is None else stride
        kernel_size, stride = to_2tuple(kernel_size), to_2tuple(stride)
        dilation = to_2tuple(dilation)
        self.adaptive_padding = None
        if isinstance(padding, str):
            self.adaptive_padding = AdaptivePadding(
                kernel_size, stride, dilation, padding
            )
            padding = 0
        self.projection = build_conv_layer(
            dict(type=conv_type),
            in_channels,
            embed_dims,
            kernel_size,
            stride=stride,
            padding=to_2tuple(padding),
            dilation=dilation,
            bias=bias,
        )
        self.norm = None
        if norm_cfg is not None:
            self.norm = build_norm_layer(norm_cfg, embed_dims)[1]
        self.init_input_size = None if input_size is None else to_2tuple(input_size)
        self.init_out_size = None
        if input_size is not None:
            self.init_out_size = self._out_size(self.init_input_size)

    def _out_size(self, input_size: Sequence[int]) -> tuple[int, int]:
        conv = self.projection
        if self.adaptive_padding is not None:
            missing = self.adaptive_padding.get_pad_shape(input_size)
            input_size = [size + m for size, m in zip(input_size, missing, strict=True)]
        rows, columns = (
            (size + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
            for size, pad, dilation, kernel, stride in zip(
                input_size,
                conv.padding,
                conv.dilation,
                conv.kernel_size,
                conv.stride,
                strict=True,
            )
        )
        return rows, columns

    def project(self, x: Tensor) -> Tensor:
        """The patches as a map ``(B, D, rows, columns)``, without the norm."""
        if self.adaptive_padding is not None:
            x = self.adaptive_padding(x)
        return self.projection(x)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Tokens of x, row by row, and the rows and columns of them."""
        x = self.project(x)
        out_size = (x.shape[2], x.shape[3])
        x = x.flatten(2).transpose(1, 2)  # (B, L, D)
        return (x if self.norm is None else self.norm(x)), out_size


class MapPatchEmbed(PatchEmbed):
    """:class:`PatchEmbed` that keeps the map; arguments are the same.

    Shape:
        x: ``(B, C, H, W)``.
        returns: ``(B, D, rows, columns)``.

    Example:
        >>> from mmlite.models.layers import MapPatchEmbed
        >>> embed = MapPatchEmbed(3, 8, norm_cfg=dict(type='BN'))
        >>> embed(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 8, 2, 2])
    """

    def forward(self, x: Tensor) -> Tensor:
        """The patches of x, normalised."""
        x = self.project(x)
        return x if self.norm is None else self.norm(x)
