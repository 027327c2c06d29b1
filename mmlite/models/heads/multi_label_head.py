"""Heads that decide for each class whether an image shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import DataError, check_at_least, check_choice, check_positive
from ...registry import MODELS
from ...structures import (
    DataSample,
    MultiLabelDataSample,
    SampleBatch,
    gather_field,
    has_field,
    scatter_field,
)
from .cls_head import ClsHead
from .linear_head import NORMAL_INIT, not_of_maps

_MAXIMUM = float('inf')
#: Factors within the softmax over places, by the number of attentions.
_SHARPNESS = {
    1: (1,),
    2: (1, _MAXIMUM),
    4: (1, 2, 4, _MAXIMUM),
    6: (1, 2, 3, 4, 5, _MAXIMUM),
    8: (1, 2, 3, 4, 5, 6, 7, _MAXIMUM),
}
BINARY_CROSS_ENTROPY = dict(type='CrossEntropyLoss', use_sigmoid=True)


@MODELS.register_module()
class MultiLabelClsHead(ClsHead):
    """Turn the last feature into an independent score per class.

    The feature itself is taken as logits; heads with layers inherit from it. A class
    whose ``gt_score`` is -1 is unknown in that image, and is not learned from it.

    Override:
        pre_logits: features to what enters the last layer.
        forward: features to logits.

    Args:
        loss: Config of the loss, or the module itself.
        thr: Classes with at least this score, from 0 to 1, are predicted; None is 0.5,
            unless ``topk`` is given.
        topk: How many classes are predicted, those with the highest scores; used where
            ``thr`` is None.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        feats: a tuple whose last entry is ``(B, K)``; returns: ``(B, K)``.

    Raises:
        DataError: if labels are missing, or do not fit the classes.

    Example:
        >>> head = MultiLabelClsHead(thr=0.5)
        >>> head.predict((torch.tensor([[0., 9., 9.]]) - 1, ))[0].pred_label
        tensor([1, 2])
    """

    promise: ClassVar[str] = 'MultiLabelHead'

    def __init__(
        self,
        loss: dict | nn.Module = BINARY_CROSS_ENTROPY,
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(loss=loss, init_cfg=init_cfg)
        check_at_least(1, topk=topk)
        self.thr = 0.5 if thr is None and topk is None else thr
        self.topk = topk

    def scores(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The score of every class, ``(B, K)``, from 0 to 1."""
        return self(feats).sigmoid()

    def _get_loss(
        self, cls_score: Tensor, data_samples: Sequence[DataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        if has_field(data_samples, 'gt_score') and 'weight' not in kwargs:
            given = gather_field(data_samples, 'gt_score')
            if given.numel() == cls_score.numel():
                known = (given >= 0).view(cls_score.shape)
                kwargs['weight'] = known.to(cls_score.device, torch.float32)
        return super()._get_loss(cls_score, data_samples, **kwargs)

    def _get_target(
        self, cls_score: Tensor, data_samples: Sequence[DataSample]
    ) -> Tensor:
        """The ground truth of every class, ``(B, K)``."""
        batch, num_classes = cls_score.shape
        if has_field(data_samples, 'gt_score'):
            target = gather_field(data_samples, 'gt_score')
            if target.numel() != cls_score.numel():
                raise DataError(
                    f'gt_score has {target.numel() // batch} values, but the head '
                    f'gives {num_classes}; make model.head.num_classes that of the data'
                )
            return target.view(batch, num_classes).to(cls_score).clamp(min=0)
        rows = []
        for sample in data_samples:
            if 'gt_label' not in sample:
                raise DataError(f'a sample has no gt_label; it has {sample.keys()}')
            labels = sample.gt_label
            if labels.numel() and int(labels.min()) < 0:
                raise DataError(
                    f'label {int(labels.min())} is no class, which start at 0; correct '
                    'the annotations'
                )
            if labels.numel() and int(labels.max()) >= num_classes:
                raise DataError(
                    f'label {int(labels.max())} is not among the {num_classes} '
                    'classes of the head; set model.head.num_classes'
                )
            rows.append(F.one_hot(labels, num_classes).sum(dim=0).clamp(max=1))
        return torch.stack(rows).to(cls_score)

    def _get_predictions(
        self, cls_score: Tensor, data_samples: Sequence[DataSample] | None
    ) -> Sequence[DataSample]:
        scores = cls_score.sigmoid()
        if data_samples is None:
            data_samples = SampleBatch.of(len(scores), kind=MultiLabelDataSample)
        scatter_field(data_samples, 'pred_score', scores)
        scatter_field(data_samples, 'pred_label', [*map(self._labels, scores)])
        return data_samples

    def _labels(self, scores: Tensor) -> Tensor:
        if self.thr is not None:
            return (scores >= self.thr).nonzero().flatten()
        if self.topk > len(scores):
            raise DataError(
                f'model.head.topk={self.topk}, but the head gives {len(scores)} '
                'classes; set it to so many at most'
            )
        return scores.topk(self.topk).indices


@MODELS.register_module()
class MultiLabelLinearClsHead(MultiLabelClsHead):
    """Decide for each class with one linear layer.

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Width of the feature.
        loss: Config of the loss, or the module itself.
        thr: See :class:`MultiLabelClsHead`.
        topk: See :class:`MultiLabelClsHead`.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        feats: a tuple whose last entry is ``(B, in_channels)``; returns: ``(B, K)``.

    Raises:
        ValueError: if ``num_classes`` is not positive.
        DataError: if the feature is a map, not a vector.

    Example:
        >>> head = MultiLabelLinearClsHead(num_classes=10, in_channels=64)
        >>> head((torch.rand(2, 64), )).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        loss: dict | nn.Module = BINARY_CROSS_ENTROPY,
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | list | None = NORMAL_INIT,
    ) -> None:
        super().__init__(loss, thr, topk, init_cfg)
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


@MODELS.register_module()
class CSRAClsHead(MultiLabelClsHead):
    """Class-specific residual attention: each class looks where its score is high.

    Paper: Residual Attention: A Simple but Effective Method for Multi-Label
    Recognition, ICCV 2021, https://arxiv.org/abs/2108.02456

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Width of the feature map.
        num_heads: Number of attentions of different sharpness: 1, 2, 4, 6 or 8.
        lam: Weight of the attended score, which is added to the average score.
        init_cfg: Config of the initialisation, as in mmengine.
        kwargs: Arguments of :class:`MultiLabelClsHead`.

    Shape:
        feats: a tuple whose last entry is ``(B, in_channels, H, W)``.
        returns: ``(B, K)``.

    Raises:
        ValueError: if ``num_heads`` is another number, or ``lam`` is not positive.
        DataError: if the feature is no map.

    Example:
        >>> head = CSRAClsHead(num_classes=5, in_channels=8, num_heads=2, lam=0.1)
        >>> head((torch.rand(2, 8, 4, 4), )).shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_heads: int,
        lam: float,
        init_cfg: dict | list | None = NORMAL_INIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        check_choice(_SHARPNESS, num_heads=num_heads)
        check_positive(lam=lam)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.csra_heads = nn.ModuleList(
            ResidualAttention(num_classes, in_channels, value, lam)
            for value in _SHARPNESS[num_heads]
        )

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The logits."""
        feature = self.pre_logits(feats)
        if feature.ndim != 4:
            raise DataError(
                f'CSRAClsHead takes maps (B, {self.in_channels}, H, W), got '
                f'{tuple(feature.shape)}; set model.neck=None'
            )
        return sum(head(feature) for head in self.csra_heads)


class ResidualAttention(nn.Module):
    """The average score of a class, and its score where it is high.

    Args:
        num_classes: Number of classes ``K``.
        in_channels: Width of the feature map.
        sharpness: Factor on the scores in the softmax over places; infinity takes the
            highest score.
        lam: Weight of the attended score, which is added to the average score.

    Shape:
        x: ``(B, in_channels, H, W)``; returns: ``(B, K)``.
    """

    def __init__(
        self, num_classes: int, in_channels: int, sharpness: float, lam: float
    ) -> None:
        super().__init__()
        self.sharpness = sharpness
        self.lam = lam
        self.head = nn.Conv2d(in_channels, num_classes, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The logits."""
        score = self.head(x) / self.head.weight.norm(dim=1).flatten()[:, None, None]
        score = score.flatten(2)
        if self.sharpness == _MAXIMUM:
            attended = score.amax(dim=2)
        else:
            attended = (score * (score * self.sharpness).softmax(dim=2)).sum(dim=2)
        return score.mean(dim=2) + self.lam * attended
