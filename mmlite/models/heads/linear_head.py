"""A classifier's head with one linear layer."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...errors import DataError, check_positive
from ...registry import MODELS
from .cls_head import ClsHead

NORMAL_INIT = dict(type='Normal', layer='Linear', std=0.01)


@MODELS.register_module()
class LinearClsHead(ClsHead):
    """Classify the last feature with one linear layer.

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Width of the feature.
        init_cfg: Config of the initialisation, as in mmengine.
        kwargs: Arguments of :class:`~mmlite.models.heads.ClsHead`.

    Shape:
        feats: a tuple whose last entry is ``(B, in_channels)``.
        returns: ``(B, K)``.

    Raises:
        ValueError: if ``num_classes`` is not positive.
        DataError: if the feature is a map, not a vector.

    Example:
        >>> head = LinearClsHead(num_classes=10, in_channels=64)
        >>> head((torch.rand(2, 64), )).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        init_cfg: dict | list | None = NORMAL_INIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        check_positive(num_classes=num_classes)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.fc = nn.Linear(in_channels, num_classes)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The logits."""
        pre_logits = self.pre_logits(feats)
        if pre_logits.ndim != 2:
            raise not_of_maps(self, pre_logits)
        return self.fc(pre_logits)


def not_of_maps(head: nn.Module, feature: Tensor) -> DataError:
    """That a linear layer takes a vector of each image, not a map."""
    if feature.ndim == 4:
        advice = "set model.neck=dict(type='GlobalAveragePooling') to average maps"
    else:
        advice = 'let the backbone or the neck give one vector an image'
    return DataError(
        f'{type(head).__name__} expects features (B, {head.in_channels}), got '
        f'{tuple(feature.shape)}; {advice}'
    )
