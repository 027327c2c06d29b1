"""The head of Conformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ...errors import check_positive
from ...registry import MODELS
from ...structures import DataSample
from .cls_head import ClsHead

__all__ = ['ConformerHead']

LINEAR_INIT = dict(type='TruncNormal', layer='Linear', std=0.02)


@MODELS.register_module()
class ConformerHead(ClsHead):
    """Classify the feature of the convolutions and that of the transformer.

    Paper: Conformer, ICCV 2021, https://arxiv.org/abs/2105.03889

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Widths of both features.
        init_cfg: Config of the initialisation, as in mmengine.
        kwargs: Arguments of :class:`~mmlite.models.heads.ClsHead`.

    Shape:
        feats: a tuple whose last entry is two vectors, ``(B, C)`` and ``(B, D)``.
        returns: two logits, ``(B, K)`` each; they are added for a prediction,
            and so are their losses in training.

    Raises:
        ValueError: if ``num_classes`` is not positive.

    Example:
        >>> head = ConformerHead(10, in_channels=[64, 96])
        >>> [score.shape for score in head(([torch.rand(2, 64), torch.rand(2, 96)],))]
        [torch.Size([2, 10]), torch.Size([2, 10])]
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int],
        init_cfg: dict | list | None = LINEAR_INIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        check_positive(num_classes=num_classes)
        self.in_channels = list(in_channels)
        self.num_classes = num_classes
        self.conv_cls_head = nn.Linear(in_channels[0], num_classes)
        self.trans_cls_head = nn.Linear(in_channels[1], num_classes)

    def forward(self, feats: tuple[Sequence[Tensor], ...]) -> tuple[Tensor, Tensor]:
        """The logits of either feature."""
        conv, token = self.pre_logits(feats)
        return self.conv_cls_head(conv), self.trans_cls_head(token)

    def _get_loss(
        self,
        cls_score: tuple[Tensor, Tensor],
        data_samples: Sequence[DataSample],
        **kwargs: Any,
    ) -> dict[str, Tensor]:
        conv, token = cls_score
        losses = super()._get_loss(conv, data_samples, **kwargs)
        other = super()._get_loss(token, data_samples, **kwargs)
        losses['loss'] = losses['loss'] + other['loss']
        if self.cal_acc:
            target = self._get_target(conv, data_samples)
            losses |= self._get_accuracy(conv + token, target)
        return losses

    def _get_predictions(
        self,
        cls_score: tuple[Tensor, Tensor],
        data_samples: Sequence[DataSample] | None,
    ) -> Sequence[DataSample]:
        return super()._get_predictions(sum(cls_score), data_samples)
