"""A ResNet that SparK pre-trains."""

from __future__ import annotations

from typing import Any

from ...registry import MODELS
from ..layers import SparseMaxPool2d
from .resnet import ResNet

__all__ = ['SparseResNet']

#: What normalises shown places in the stead of a norm of whole maps.
_SPARSE_NORMS = {
    'BN': 'SparseBatchNorm2d',
    'BN2d': 'SparseBatchNorm2d',
    'SyncBN': 'SparseSyncBatchNorm2d',
}
SPARSE_CONV = dict(type='SparseConv2d')
SPARSE_NORM = dict(type='SparseSyncBatchNorm2d')


@MODELS.register_module()
class SparseResNet(ResNet):
    """:class:`ResNet` that sees only the shown cells of an image.

    Paper: Designing BERT for Convolutional Networks: Sparse and Hierarchical Masked
    Modeling, ICLR 2023, https://arxiv.org/abs/2301.03580

    Cells are hidden within :func:`~mmlite.models.layers.only_shown`; otherwise it is
    the :class:`ResNet` that has its weights.

    Args:
        depth: 18, 34, 50, 101 or 152.
        conv_cfg: Config of the convolutions; None is ``SparseConv2d``.
        norm_cfg: Config of the norms; ``BN`` and ``SyncBN`` become their sparse
            forms.
        zero_init_residual: Whether every block starts as its shortcut alone.
        kwargs: Further arguments of :class:`ResNet`.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index.

    Example:
        >>> import torch
        >>> model = MODELS.build(dict(type='SparseResNet', depth=18))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 512, 2, 2])
    """

    def __init__(
        self,
        depth: int,
        conv_cfg: dict | None = SPARSE_CONV,
        norm_cfg: dict = SPARSE_NORM,
        zero_init_residual: bool = False,
        **kwargs: Any,
    ) -> None:
        kind = norm_cfg.get('type')
        if isinstance(kind, str):
            norm_cfg = dict(norm_cfg, type=_SPARSE_NORMS.get(kind, kind))
        super().__init__(
            depth,
            conv_cfg=conv_cfg or SPARSE_CONV,
            norm_cfg=norm_cfg,
            zero_init_residual=zero_init_residual,
            **kwargs,
        )

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        super()._make_stem_layer(in_channels, stem_channels)
        self.maxpool = SparseMaxPool2d(kernel_size=3, stride=2, padding=1)
