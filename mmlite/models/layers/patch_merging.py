"""Fewer tokens of more channels."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from .norm import build_norm_layer
from .patch_embed import AdaptivePadding

__all__ = ['PatchMerging']

LAYER_NORM = dict(type='LN')


class PatchMerging(BaseModule):
    """Join neighbouring tokens by one linear layer, with a norm.

    Paper: Swin Transformer, ICCV 2021, https://arxiv.org/abs/2103.14030. The
    channels of a window come in the order of ``torch.nn.Unfold``, which is not
    that of the paper's own code.

    Args:
        in_channels: Width of the tokens.
        out_channels: Width of the joined tokens.
        kernel_size: Rows and columns of tokens that are joined.
        stride: Tokens from window to window; ``None`` is kernel_size.
        padding: In tokens, or ``'corner'`` or ``'same'`` to pad the map until
            it is a multiple of the window.
        dilation: In tokens.
        bias: Whether the linear layer has one.
        norm_cfg: Config of the norm; ``None`` has none.
        use_post_norm: Whether the norm comes after the linear layer.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, H * W, in_channels)``.
        returns: ``(B, H' * W', out_channels)``, and ``(H', W')``.

    Example:
        >>> tokens, size = PatchMerging(8, 16)(torch.zeros(1, 30, 8), (5, 6))
        >>> tokens.shape, size
        (torch.Size([1, 9, 16]), (3, 3))
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int] = 2,
        stride: int | Sequence[int] | None = None,
        padding: int | str | Sequence[int] = 'corner',
        dilation: int | Sequence[int] = 1,
        bias: bool = False,
        norm_cfg: dict | None = LAYER_NORM,
        use_post_norm: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.use_post_norm = use_post_norm
        self.kernel_size = to_2tuple(kernel_size)
        self.stride = to_2tuple(stride or kernel_size)
        self.dilation = to_2tuple(dilation)
        self.adaptive_padding = None
        if isinstance(padding, str):
            self.adaptive_padding = AdaptivePadding(
                self.kernel_size, self.stride, self.dilation, padding
            )
            padding = 0
        self.padding = to_2tuple(padding)
        window = self.kernel_size[0] * self.kernel_size[1] * in_channels
        # Registered in the order in which they are called, as mmpretrain does.
        self.norm = None
        if norm_cfg is not None and not use_post_norm:
            self.norm = build_norm_layer(norm_cfg, window)[1]
        self.reduction = nn.Linear(window, out_channels, bias=bias)
        if norm_cfg is not None and use_post_norm:
            self.norm = build_norm_layer(norm_cfg, out_channels)[1]

    def forward(
        self, x: Tensor, input_size: Sequence[int]
    ) -> tuple[Tensor, tuple[int, int]]:
        """Join the tokens of a map of ``input_size``."""
        x = x.transpose(1, 2).unflatten(2, tuple(input_size))
        if self.adaptive_padding is not None:
            x = self.adaptive_padding(x)
        out_size = tuple(
            (size + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
            for size, pad, dilation, kernel, stride in zip(
                x.shape[2:],
                self.padding,
                self.dilation,
                self.kernel_size,
                self.stride,
                strict=True,
            )
        )
        x = self._windows(x, out_size)
        if self.norm is not None and not self.use_post_norm:
            x = self.norm(x)
        x = self.reduction(x)
        if self.norm is not None and self.use_post_norm:
            x = self.norm(x)
        return x, out_size

    def _windows(self, x: Tensor, out_size: tuple[int, int]) -> Tensor:
        """The tokens of every window, channel by channel: ``(B, L, D)``."""
        apart = self.kernel_size == self.stride and not any(self.padding)
        if not apart or self.dilation != (1, 1):
            windows = F.unfold(
                x, self.kernel_size, self.dilation, self.padding, self.stride
            )
            return windows.transpose(1, 2)
        (rows, columns), (tall, wide) = out_size, self.kernel_size
        x = x[:, :, : rows * tall, : columns * wide]
        x = x.reshape(x.shape[0], -1, rows, tall, columns, wide)
        return x.permute(0, 2, 4, 1, 3, 5).reshape(x.shape[0], rows * columns, -1)
