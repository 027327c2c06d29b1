"""MoCo, versions 1 and 2."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import MODELS
from ...structures import DataSample
from ..layers import ExponentialMovingAverage
from .base import BaseSelfSupervisor
from .momentum import MemoryQueue, OnlineNetwork, shuffled_between_processes
from .views import check_views

__all__ = ['MoCo']


@MODELS.register_module()
class MoCo(BaseSelfSupervisor):
    """Find the key of the other view among those of earlier batches.

    Papers: Momentum Contrast for Unsupervised Visual Representation Learning, CVPR
    2020, https://arxiv.org/abs/1911.05722; Improved Baselines with Momentum
    Contrastive Learning, https://arxiv.org/abs/2003.04297

    The keys are those of an average of the network, which is updated in every
    iteration before it is used. Its batch norms normalise by the batch; their running
    statistics are those of the network. The keys of a batch enter the queue after the
    loss; a queue whose length is not a multiple of the batch is filled round its end.

    Args:
        backbone: Config of the backbone, or the module itself.
        neck: Config of the projection.
        head: Config of the head.
        queue_len: Number of keys in the queue.
        feat_dim: Width of a key: what the neck gives.
        momentum: What the newest weights count in the average. Papers state one minus
            this.
        pretrained: Checkpoint of the whole model.
        data_preprocessor: Config of the data preprocessor, or the module itself.
        init_cfg: How the weights are initialised, as mmengine has it.

    Shape:
        inputs: a list of two views, ``(B, C, H, W)`` each.

    Raises:
        ValueError: if the momentum does not lie in (0, 1), the queue has no room, or
            ``feat_dim`` is not the width of the neck.
        DataError: if there are not two views.

    Example:
        >>> neck = dict(
        ...     type='MoCoV2Neck', in_channels=48, hid_channels=8, out_channels=4,
        ...     with_avg_pool=False)
        >>> head = dict(type='ContrastiveHead', loss=dict(type='CrossEntropyLoss'))
        >>> model = MoCo(nn.Flatten(), neck, head, queue_len=16, feat_dim=4)
        >>> views = [torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)]
        >>> model(views, mode='loss')['loss'].ndim, model.queue_ptr
        (0, tensor([2]))
    """

    num_views: ClassVar[int | None] = 2

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        queue_len: int = 65536,
        feat_dim: int = 128,
        momentum: float = 0.001,
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
        width = getattr(self.neck, 'out_channels', feat_dim)
        if width != feat_dim:
            raise ValueError(
                f'feat_dim is {feat_dim}, but the neck gives {width}; set '
                f'model.feat_dim={width}'
            )
        self.online = OnlineNetwork(self.backbone, self.neck)
        self.encoder_k = ExponentialMovingAverage(self.online.network, momentum)
        self.queue_len = queue_len
        self.keys = MemoryQueue(self, 'queue', feat_dim, queue_len)

    @torch.no_grad()
    def _encode_keys(self, images: Tensor) -> list[Tensor]:
        """What the momentum encoder gives of images, each entry normalised."""
        self.encoder_k.update_parameters(self.online.network)
        encoded = shuffled_between_processes(self._key_features, images)
        return [F.normalize(x, dim=1) for x in encoded]

    def _key_features(self, images: Tensor) -> tuple[Tensor, ...]:
        return self.encoder_k(images)

    def loss(
        self, inputs: list[Tensor], data_samples: list[DataSample] | None = None
    ) -> dict[str, Tensor]:
        """The loss of the first views, whose keys are the second ones.

        Args:
            inputs: The views.
            data_samples: Not needed.
        """
        images, others = check_views(self, inputs)
        query = F.normalize(self.online.network(images)[0], dim=1)
        (key,) = self._encode_keys(others)
        pos = (query * key).sum(dim=1, keepdim=True)
        loss = self.head.loss(pos, self.keys.similarities(query))
        self.keys.add(key)
        return dict(loss=loss)
