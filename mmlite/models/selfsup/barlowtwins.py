"""Barlow Twins."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from ...registry import MODELS
from ...structures import DataSample
from .base import BaseSelfSupervisor
from .views import check_views

__all__ = ['BarlowTwins']


@MODELS.register_module()
class BarlowTwins(BaseSelfSupervisor):
    """Make the cross-correlation between the features of two views the identity.

    Paper: Barlow Twins: Self-Supervised Learning via Redundancy Reduction, ICML 2021,
    https://arxiv.org/abs/2103.03230

    The arguments are those of :class:`BaseSelfSupervisor`. With several processes the
    matrix is that of all their images.

    Shape:
        inputs: a list of two views, ``(B, C, H, W)`` each.

    Raises:
        DataError: if there are not two views.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> model = BarlowTwins(
        ...     nn.Flatten(), neck=dict(
        ...         type='MoCoV2Neck', in_channels=48, hid_channels=8, out_channels=4,
        ...         with_avg_pool=False),
        ...     head=dict(
        ...         type='LatentCrossCorrelationHead', in_channels=4,
        ...         loss=dict(type='CrossCorrelationLoss')))
        >>> views = [torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)]
        >>> model(views, mode='loss')['loss'].ndim
        0
    """

    num_views: ClassVar[int | None] = 2
    loss_in_one_graph: ClassVar[bool] = True

    def loss(
        self, inputs: list[Tensor], data_samples: list[DataSample] | None = None
    ) -> dict[str, Tensor]:
        """The loss of the features of both views.

        Args:
            inputs: The views.
            data_samples: Not needed.
        """
        first, second = (
            self.neck(self.backbone(view))[0] for view in check_views(self, inputs)
        )
        return dict(loss=self.head.loss(first, second))
