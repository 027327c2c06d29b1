"""SwAV."""

from __future__ import annotations

from itertools import groupby
from typing import ClassVar

import torch
from torch import Tensor

from ...registry import MODELS
from ...structures import DataSample
from .base import BaseSelfSupervisor
from .views import check_views

__all__ = ['SwAV']


@MODELS.register_module()
class SwAV(BaseSelfSupervisor):
    """Predict from each crop the cluster of another crop of the image.

    Paper: Unsupervised Learning of Visual Features by Contrasting Cluster
    Assignments, NeurIPS 2020, https://arxiv.org/abs/2006.09882

    The arguments are those of :class:`BaseSelfSupervisor`. Crops of one size that
    stand side by side go through the backbone together. The queue comes from
    :class:`~mmlite.engine.hooks.SwAVHook`.

    Shape:
        inputs: a list of views of one or several sizes, ``(B, C, H, W)`` each, as many
            as ``num_crops`` of the loss says.

    Raises:
        DataError: if there is another number of views.

    Example:
        >>> from torch import nn
        >>> model = SwAV(
        ...     nn.Conv2d(3, 8, 1),
        ...     neck=dict(
        ...         type='SwAVNeck', in_channels=8, hid_channels=8, out_channels=4),
        ...     head=dict(type='SwAVHead', loss=dict(
        ...         type='SwAVLoss', feat_dim=4, num_crops=[2, 1], num_prototypes=5)))
        >>> views = [torch.rand(2, 3, size, size) for size in (8, 8, 4)]
        >>> model(views, mode='loss')['loss'].ndim
        0
    """

    loss_in_one_graph: ClassVar[bool] = True

    def loss(
        self, inputs: list[Tensor], data_samples: list[DataSample] | None = None
    ) -> dict[str, Tensor]:
        """The loss of all crops.

        Args:
            inputs: The crops.
            data_samples: Not needed.
        """
        views = check_views(self, inputs, self.head.loss_module.num_views)
        sizes = groupby(views, key=lambda view: view.shape[-2:])
        feats = [self.backbone(torch.cat(list(crops))) for _, crops in sizes]
        return dict(loss=self.head.loss(self.neck(feats)))
