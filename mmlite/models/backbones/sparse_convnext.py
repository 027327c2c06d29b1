"""A ConvNeXt that SparK pre-trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ...registry import MODELS
from ..layers import SparseConv2d, hide
from .convnext import ConvNeXt, ConvNeXtBlock

__all__ = ['SparseConvNeXt']

SPARSE_NORM = dict(type='SparseLN2d', eps=1e-6)


class SparseConvNeXtBlock(ConvNeXtBlock):
    """:class:`ConvNeXtBlock` whose branch is 0 in hidden cells.

    Its norm hides what the depth-wise convolution gives there. As in mmpretrain,
    ``GRN`` counts the whole map.

    Args:
        args, kwargs: Arguments of :class:`ConvNeXtBlock`.

    Example:
        >>> import torch
        >>> SparseConvNeXtBlock(8)(torch.zeros(1, 8, 7, 7)).shape
        torch.Size([1, 8, 7, 7])
    """

    def _first(self, x: Tensor) -> Tensor:
        return hide(super()._first(x))

    def _last(self, x: Tensor) -> Tensor:
        return hide(super()._last(x))


@MODELS.register_module()
class SparseConvNeXt(ConvNeXt):
    """:class:`ConvNeXt` that sees only the shown cells of an image.

    Paper: Designing BERT for Convolutional Networks: Sparse and Hierarchical Masked
    Modeling, ICLR 2023, https://arxiv.org/abs/2301.03580

    Cells are hidden within :func:`~mmlite.models.layers.only_shown`; otherwise it is
    the :class:`ConvNeXt` that has its weights, but that no norm follows a stage.

    Args:
        arch: As in :class:`ConvNeXt`.
        norm_cfg: Config of the norms.
        out_indices: Which stages are returned, counted from 0.
        gap_before_output: Whether a stage that is returned is averaged, so that it is
            a vector.
        kwargs: Further arguments of :class:`ConvNeXt`.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C)`` per index, or ``(B, C, H / stride, W / stride)``
            without gap_before_output; strides are 4, 8, 16, 32.

    Example:
        >>> import torch
        >>> model = MODELS.build(dict(
        ...     type='SparseConvNeXt', arch='atto', gap_before_output=False))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 320, 2, 2])
    """

    def __init__(
        self,
        arch: str | dict[str, Sequence[int]] = 'small',
        norm_cfg: dict = SPARSE_NORM,
        out_indices: int | Sequence[int] = -1,
        gap_before_output: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            arch,
            norm_cfg=norm_cfg,
            out_indices=out_indices,
            gap_before_final_norm=gap_before_output,
            **kwargs,
        )

    def make_patch_conv(
        self, in_channels: int, out_channels: int, size: int
    ) -> nn.Module:
        """Build the convolution before a stage."""
        return SparseConv2d(in_channels, out_channels, size, stride=size)

    def make_block(self, stage: int, place: int, drop_path_rate: float) -> nn.Module:
        """Build a block."""
        return SparseConvNeXtBlock(
            self.channels[stage], drop_path_rate=drop_path_rate, **self.block_args
        )

    def make_out_norm(self, channels: int) -> nn.Module:
        """What a stage gives is not normalised."""
        return nn.Identity()
