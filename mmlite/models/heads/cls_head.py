"""The head of a classifier, without layers of its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import DataError
from ...evaluation.functional import topk_hits
from ...ops import class_softmax
from ...registry import MODELS
from ...structures import (
    DataSample,
    SampleBatch,
    check_labels,
    defer_field,
    gather_field,
    has_field,
    scatter_field,
)
from ..layers import last_feature

CROSS_ENTROPY = dict(type='CrossEntropyLoss', loss_weight=1.0)


@MODELS.register_module()
class ClsHead(BaseModule):
    """Turn the last feature into a loss, or into scores and labels.

    The feature itself is taken as logits; heads with layers inherit from it.

    Override:
        pre_logits: features to what enters the last layer.
        forward: features to logits.

    Args:
        loss: Config of the loss, or the module itself.
        topk: Each ``k`` of which the top-k accuracy is logged with ``cal_acc``.
        cal_acc: Whether to log the accuracy on the training batches.
        init_cfg: Config of the initialisation, as in mmengine.

    Shape:
        feats: a tuple whose last entry is ``(B, K)``; returns: ``(B, K)``.

    Raises:
        ValueError: if a ``k`` of ``topk`` is not positive.
        DataError: if labels are missing, or do not fit the classes.

    Example:
        >>> head = ClsHead()
        >>> samples = [DataSample().set_gt_label(1)]
        >>> head.loss((torch.zeros(1, 2), ), samples)
        {'loss': tensor(0.6931)}
        >>> head.predict((torch.tensor([[0., 9.]]), ))[0].pred_label
        tensor([1])
    """

    promise: ClassVar[str] = 'ClassificationHead'

    def __init__(
        self,
        loss: dict | nn.Module = CROSS_ENTROPY,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        topk = (topk,) if isinstance(topk, int) else tuple(topk)
        if any(k < 1 for k in topk):
            raise ValueError(f'topk must hold positive numbers, got {topk}')
        self.topk = topk
        self.cal_acc = cal_acc
        self.loss_module = loss if isinstance(loss, nn.Module) else MODELS.build(loss)

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """What enters the last layer: the last feature."""
        return last_feature(feats)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The logits."""
        return self.pre_logits(feats)

    def loss(
        self,
        feats: tuple[Tensor, ...],
        data_samples: Sequence[DataSample],
        **kwargs: Any,
    ) -> dict[str, Tensor]:
        """The loss, and with ``cal_acc`` the accuracies in per cent.

        Args:
            feats: The features.
            data_samples: One sample per image; ``gt_score`` is the target
                where there is one, else ``gt_label``.
            kwargs: Further arguments of the loss module.
        """
        return self._get_loss(self(feats), data_samples, **kwargs)

    def _get_loss(
        self, cls_score: Tensor, data_samples: Sequence[DataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        target = self._get_target(cls_score, data_samples)
        try:
            loss = self.loss_module(
                cls_score, target, avg_factor=cls_score.size(0), **kwargs
            )
        except (IndexError, RuntimeError):
            # torch does not say of which sample, and what to do.
            check_labels(data_samples, cls_score.size(1))
            raise
        if not self.cal_acc:
            return dict(loss=loss)
        return dict(loss=loss, **self._get_accuracy(cls_score, target))

    def _get_target(
        self, cls_score: Tensor, data_samples: Sequence[DataSample]
    ) -> Tensor:
        """The ground truth of the batch: scores ``(B, K)``, or labels ``(B, )``."""
        batch, num_classes = cls_score.shape
        given = 0 if data_samples is None else len(data_samples)
        if given != batch or not batch:
            raise DataError(
                f'the loss needs one data sample per image, got {given} for '
                f'{batch} images'
            )
        if has_field(data_samples, 'gt_score'):
            target = gather_field(data_samples, 'gt_score')
            if len(target) != batch * num_classes:
                raise DataError(
                    f'gt_score has {len(target) // batch} values, but the head gives '
                    f'{num_classes}; make model.head.num_classes and model.'
                    'data_preprocessor.num_classes the same'
                )
            return target.view(batch, num_classes).to(cls_score.device)
        target = gather_field(data_samples, 'gt_label')
        if target.size(0) != batch:
            raise DataError(
                f'{type(self).__name__} expects one label per image, got '
                f'{len(target)} for {batch} images; for several labels per image, set '
                'model.data_preprocessor.to_onehot=True and a loss with use_sigmoid'
            )
        return target.to(cls_score.device, non_blocking=True)

    @torch.no_grad()
    def _get_accuracy(self, cls_score: Tensor, target: Tensor) -> dict[str, Tensor]:
        if target.ndim != 1:
            raise DataError(
                'cal_acc needs class indices, got soft or mixed labels (gt_score); '
                'set model.head.cal_acc=False'
            )
        num_classes = cls_score.size(1)  # the true class is always among so many
        ks = [min(k, num_classes) for k in self.topk]
        hits = topk_hits(cls_score, target, ks, thrs=(None,)).float().mean(dim=(0, 2))
        names = [f'accuracy_top-{k}' for k in self.topk]
        return dict(zip(names, (hits * 100).unbind(), strict=True))

    def scores(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The scores of the classes, ``(B, K)``, as :meth:`predict` gives them."""
        return self(feats).softmax(dim=1)

    def predict(
        self,
        feats: tuple[Tensor, ...],
        data_samples: Sequence[DataSample] | None = None,
    ) -> Sequence[DataSample]:
        """The samples with ``pred_score`` (softmax) and ``pred_label``.

        Args:
            feats: The features.
            data_samples: The samples to be completed; None makes new ones.
        """
        return self._get_predictions(self(feats), data_samples)

    def _get_predictions(
        self, cls_score: Tensor, data_samples: Sequence[DataSample] | None
    ) -> Sequence[DataSample]:
        scores = class_softmax(cls_score)
        if data_samples is None:
            data_samples = SampleBatch.of(len(scores))
        scatter_field(data_samples, 'pred_score', scores)
        defer_field(data_samples, 'pred_label', partial(scores.argmax, dim=1))
        return data_samples
