"""BYOL."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import nn

from ...registry import MODELS
from .momentum import AveragedPair

__all__ = ['BYOL']


@MODELS.register_module()
class BYOL(AveragedPair):
    """Predict the projection of another view by an average of the network.

    Paper: Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning,
    NeurIPS 2020, https://arxiv.org/abs/2006.07733

    The average is updated in every iteration, before it is used. Its batch norms
    normalise by the batch; their running statistics are those of the network.

    Args:
        backbone, neck, head, kwargs: Arguments of :class:`AveragedPair`.
        base_momentum: Weight of the newest weights in the average at first; it falls
            to 0 with a cosine. Papers state one minus this.

    Shape:
        inputs: a list of two views, ``(B, C, H, W)`` each.

    Raises:
        ValueError: if the momentum does not lie in (0, 1).
        DataError: if there are not two views.

    Example:
        >>> import torch
        >>> mlp = dict(
        ...     type='MoCoV2Neck', hid_channels=8, out_channels=4, with_avg_pool=False)
        >>> model = BYOL(
        ...     nn.Flatten(), neck=dict(mlp, in_channels=48),
        ...     head=dict(
        ...         type='LatentPredictHead', predictor=dict(mlp, in_channels=4),
        ...         loss=dict(type='CosineSimilarityLoss')))
        >>> views = [torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)]
        >>> model(views, mode='loss')['loss'].ndim
        0
    """

    average_name: ClassVar[str] = 'target_net'
    scale: ClassVar[float] = 2.0

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        base_momentum: float = 0.004,
        **kwargs: Any,
    ) -> None:
        super().__init__(backbone, neck, head, base_momentum, **kwargs)
