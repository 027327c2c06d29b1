"""MoCo v3."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import nn

from ...registry import MODELS
from .momentum import AveragedPair

__all__ = ['MoCoV3']


@MODELS.register_module()
class MoCoV3(AveragedPair):
    """Find the key of the other view among those of the batch.

    Paper: An Empirical Study of Training Self-Supervised Vision Transformers, ICCV
    2021, https://arxiv.org/abs/2104.02057

    The keys are those of an average of the network, which is updated in every
    iteration before it is used. Its batch norms normalise by the batch; their running
    statistics are those of the network.

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
        >>> model = MoCoV3(
        ...     nn.Flatten(), neck=dict(mlp, in_channels=48),
        ...     head=dict(
        ...         type='MoCoV3Head', predictor=dict(mlp, in_channels=4),
        ...         loss=dict(type='CrossEntropyLoss')))
        >>> views = [torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)]
        >>> model(views, mode='loss')['loss'].ndim
        0
    """

    average_name: ClassVar[str] = 'momentum_encoder'

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        base_momentum: float = 0.01,
        **kwargs: Any,
    ) -> None:
        super().__init__(backbone, neck, head, base_momentum, **kwargs)
