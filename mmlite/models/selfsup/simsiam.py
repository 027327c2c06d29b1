"""SimSiam."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from ...registry import MODELS
from ...structures import DataSample
from .base import BaseSelfSupervisor
from .views import check_views

__all__ = ['SimSiam']


@MODELS.register_module()
class SimSiam(BaseSelfSupervisor):
    """Predict the features of each view from the other one, by one network.

    Paper: Exploring Simple Siamese Representation Learning, CVPR 2021,
    https://arxiv.org/abs/2011.10566

    The arguments are those of :class:`BaseSelfSupervisor`;
    :class:`~mmlite.engine.hooks.SimSiamHook` keeps the learning rate of the predictor.

    Shape:
        inputs: a list of two views, ``(B, C, H, W)`` each.

    Raises:
        DataError: if there are not two views.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> mlp = dict(
        ...     type='MoCoV2Neck', hid_channels=8, out_channels=4, with_avg_pool=False)
        >>> model = SimSiam(
        ...     nn.Flatten(), neck=dict(mlp, in_channels=48),
        ...     head=dict(
        ...         type='LatentPredictHead', predictor=dict(mlp, in_channels=4),
        ...         loss=dict(type='CosineSimilarityLoss')))
        >>> views = [torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)]
        >>> model(views, mode='loss')['loss'].ndim
        0
    """

    num_views: ClassVar[int | None] = 2
    loss_in_one_graph: ClassVar[bool] = True

    def loss(
        self, inputs: list[Tensor], data_samples: list[DataSample] | None = None
    ) -> dict[str, Tensor]:
        """The loss, symmetrical in both views.

        Args:
            inputs: The views.
            data_samples: Not needed.
        """
        first, second = (
            self.neck(self.backbone(view))[0] for view in check_views(self, inputs)
        )
        loss = self.head.loss(first, second) + self.head.loss(second, first)
        return dict(loss=0.5 * loss)
