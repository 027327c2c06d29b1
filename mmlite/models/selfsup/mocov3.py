"""MoCo v3."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import DataSample
from ..layers import CosineEMA
from .base import BaseSelfSupervisor
from .momentum import OnlineNetwork
from .views import check_views

__all__ = ['MoCoV3']


@MODELS.register_module()
class MoCoV3(BaseSelfSupervisor):
    """Find the key of the other view among those of the batch.

    Paper: An Empirical Study of Training Self-Supervised Vision Transformers, ICCV
    2021, https://arxiv.org/abs/2104.02057

    The keys are those of an average of the network, which is updated in every
    iteration before it is used. Its batch norms normalise by the batch; their running
    statistics are those of the network.

    Args:
        backbone: Config of the backbone, or the module itself.
        neck: Config of the projection.
        head: Config of the head, which has the predictor.
        base_momentum: What the newest weights count in the average at first; it falls
            to 0 with a cosine. Papers state one minus this.
        pretrained: Checkpoint of the whole model.
        data_preprocessor: Config of the data preprocessor, or the module itself.
        init_cfg: How the weights are initialised, as mmengine has it.

    Shape:
        inputs: a list of two views, ``(B, C, H, W)`` each.

    Raises:
        ValueError: if the momentum does not lie in (0, 1).
        DataError: if there are not two views.

    Example:
        >>> mlp = dict(
        ...     type='MoCoV2Neck', hid_channels=8, out_channels=4, with_avg_pool=False)
        >>> model = MoCoV3(
        ...     nn.Flatten(), neck=dict(mlp, in_channels=48),
        ...     head=dict(
        ...         type='MoCoV3Head', predictor=dict(mlp, in_channels=4),
        ...         loss=dict(type='CrossEntropyLoss')))
        >>> views = [torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)]
        >>> model(views, mode='loss')['loss'].ndim
        0
    """

    num_views: ClassVar[int | None] = 2

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        base_momentum: float = 0.01,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(
            backbone,
            neck,
            head,
            pretrained=pretrained,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.online = OnlineNetwork(self.backbone, self.neck)
        self.momentum_encoder = CosineEMA(self.online.network, momentum=base_momentum)

    def loss(
        self, inputs: list[Tensor], data_samples: list[DataSample] | None = None
    ) -> dict[str, Tensor]:
        """The loss, symmetrical in both views.

        Args:
            inputs: The views.
            data_samples: Not needed.
        """
        views = check_views(self, inputs)
        first, second = (self.online.network(view)[0] for view in views)
        with torch.no_grad():
            self.momentum_encoder.update_parameters(self.online.network)
            key_first, key_second = (self.momentum_encoder(view)[0] for view in views)
        loss = self.head.loss(first, key_second) + self.head.loss(second, key_first)
        return dict(loss=loss)
