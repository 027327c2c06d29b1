"""DenseCL."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import MODELS
from ...structures import DataSample
from ..layers import last_feature
from .moco import MoCo
from .momentum import MemoryQueue
from .views import check_views

__all__ = ['DenseCL']


@MODELS.register_module()
class DenseCL(MoCo):
    """MoCo, and the same for every place of the feature map.

    Paper: Dense Contrastive Learning for Self-Supervised Visual Pre-Training, CVPR
    2021, https://arxiv.org/abs/2011.09157

    A place of one view belongs to that of the other view whose feature from the
    backbone is the most similar. Where the neck averages to a grid, the features are
    compared on the same grid.

    Args:
        backbone: Config of the backbone, or the module itself.
        neck: Config of the projections, a ``DenseCLNeck``.
        head: Config of the head.
        queue_len: Number of keys in each queue.
        feat_dim: Width of a key: what the neck gives.
        momentum: What the newest weights count in the average. Papers state one minus
            this.
        loss_lambda: Weight of the dense loss, that of the other being the rest;
            :class:`~mmlite.engine.hooks.DenseCLHook` keeps it at 0 at first.
        kwargs: Further arguments of :class:`MoCo`.

    Shape:
        inputs: a list of two views, ``(B, C, H, W)`` each.

    Raises:
        ValueError: as :class:`MoCo` does.
        DataError: if there are not two views.

    Example:
        >>> neck = dict(
        ...     type='DenseCLNeck', in_channels=8, hid_channels=8, out_channels=4)
        >>> head = dict(type='ContrastiveHead', loss=dict(type='CrossEntropyLoss'))
        >>> model = DenseCL(nn.Conv2d(3, 8, 4, 4), neck, head, queue_len=8, feat_dim=4)
        >>> views = [torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)]
        >>> list(model(views, mode='loss'))
        ['loss_single', 'loss_dense']
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        queue_len: int = 65536,
        feat_dim: int = 128,
        momentum: float = 0.001,
        loss_lambda: float = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(backbone, neck, head, queue_len, feat_dim, momentum, **kwargs)
        self.loss_lambda = loss_lambda
        self.dense_keys = MemoryQueue(self, 'queue2', feat_dim, queue_len)

    def _features(self, network: nn.Module, images: Tensor) -> tuple[Tensor, ...]:
        """The vector, the places, their mean, and the map of the backbone."""
        backbone, neck = network
        feats = backbone(images)
        return (*neck(feats), neck.grid(last_feature(feats)).flatten(2))

    def _key_features(self, images: Tensor) -> tuple[Tensor, ...]:
        return self._features(self.encoder_k.module, images)

    def loss(
        self, inputs: list[Tensor], data_samples: list[DataSample] | None = None
    ) -> dict[str, Tensor]:
        """Both losses of the first views, whose keys are the second ones.

        Args:
            inputs: The views.
            data_samples: Not needed.
        """
        images, others = check_views(self, inputs)
        found = self._features(self.online.network, images)
        query, places, _, maps = (F.normalize(x, dim=1) for x in found)
        key, key_places, key_mean, key_maps = self._encode_keys(others)
        pos = (query * key).sum(dim=1, keepdim=True)
        single = self.head.loss(pos, self.keys.similarities(query))

        best = (maps.detach().transpose(1, 2) @ key_maps).argmax(dim=2)  # (B, L)
        matching = key_places.gather(2, best[:, None].expand_as(places))
        pos = (places * matching).sum(dim=1).reshape(-1, 1)
        each = places.transpose(1, 2).flatten(0, 1)  # (B * L, D)
        dense = self.head.loss(pos, self.dense_keys.similarities(each))

        self.keys.add(key)
        self.dense_keys.add(key_mean)
        return dict(
            loss_single=single * (1 - self.loss_lambda),
            loss_dense=dense * self.loss_lambda,
        )
