"""SimCLR."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from ...ops import gather
from ...registry import MODELS
from ...structures import DataSample
from .base import BaseSelfSupervisor
from .views import check_views

__all__ = ['SimCLR']


@MODELS.register_module()
class SimCLR(BaseSelfSupervisor):
    """Find the other view of an image among the views of the whole batch.

    Paper: A Simple Framework for Contrastive Learning of Visual Representations, ICML
    2020, https://arxiv.org/abs/2002.05709

    The arguments are those of :class:`BaseSelfSupervisor`. With several processes all
    see the views of all, and their gradients are those of one process with all
    images.

    Shape:
        inputs: a list of two views, ``(B, C, H, W)`` each.

    Raises:
        DataError: if there are not two views.

    Example:
        >>> from torch import nn
        >>> model = SimCLR(
        ...     nn.Flatten(), neck=dict(
        ...         type='MoCoV2Neck', in_channels=48, hid_channels=8, out_channels=4,
        ...         with_avg_pool=False),
        ...     head=dict(
        ...         type='ContrastiveHead', loss=dict(type='CrossEntropyLoss')))
        >>> views = [torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)]
        >>> model(views, mode='loss')['loss'].ndim
        0
    """

    num_views: ClassVar[int | None] = 2
    loss_in_one_graph: ClassVar[bool] = True

    def loss(
        self, inputs: list[Tensor], data_samples: list[DataSample] | None = None
    ) -> dict[str, Tensor]:
        """The loss over all views.

        Args:
            inputs: The views.
            data_samples: Not needed.
        """
        views = torch.stack(check_views(self, inputs), dim=1).flatten(0, 1)
        z = F.normalize(self.neck(self.backbone(views))[0], dim=1, eps=1e-10)
        z = gather(z)
        similarity = z @ z.t()
        place = torch.arange(len(z), device=z.device)[:, None]
        pos = similarity.gather(1, place ^ 1)
        # All but the two views of the image itself, which stand side by side.
        others = torch.arange(len(z) - 2, device=z.device).expand(len(z), -1)
        neg = similarity.gather(1, others + 2 * (others >= place // 2 * 2))
        return dict(loss=self.head.loss(pos, neg))
