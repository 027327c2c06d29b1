"""Metrics of image retrieval."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor

from ...errors import DataError, check_choice
from ...registry import METRICS
from ..functional import hits_of, ranked, ranking_precision, relevant
from ..functional.inputs import ArrayLike
from ..functional.ranking import AP_MODES
from .base import Sample
from .sample_metric import SampleMetric

__all__ = ['RetrievalAveragePrecision', 'RetrievalRecall']


class _RankingMetric(SampleMetric):
    """What the metrics of rankings share: the ranking, and queries without a match.

    Override:
        values: the figures of one query from its hits.
        names: what the figures are called.
    """

    default_prefix = 'retrieval'
    deepest: int

    def result_names(self) -> list[str]:
        raise NotImplementedError

    def values(self, hits: Tensor, count: int) -> list[float]:
        raise NotImplementedError

    def objects(self, data_samples: Sequence[Sample]) -> list[list[float] | None]:
        """The figures of each query; None without a match in the gallery."""
        found = []
        for sample in data_samples:
            target = sample.get('gt_score')
            given = sample.get('gt_label') if target is None else relevant(target)
            if given is None:
                raise ValueError(
                    f'{type(self).__name__} needs gt_label, the places of what is '
                    'relevant in the gallery, or gt_score, which is 1 there; a sample '
                    'has neither'
                )
            found.append(self._figures(_ranking_of(sample), given))
        return found

    def _figures(self, pred: ArrayLike, target: ArrayLike) -> list[float] | None:
        best = torch.as_tensor(pred[: self.deepest])
        hits = hits_of(best, target)
        if hits is None:
            return None
        if len(best.unique()) < len(best):
            raise DataError(
                f'{type(self).__name__}: a ranking has each place of the gallery once, '
                f'got {best.tolist()[:10]}'
            )
        return self.values(hits, len(set(torch.as_tensor(target).tolist())))

    def compute_metrics(self, results: list[list[float] | None]) -> dict[str, float]:
        """The means over all queries that have a match."""
        valid = [figures for figures in results if figures is not None]
        missing = len(results) - len(valid)
        if missing:
            print_log(
                f'{type(self).__name__}: {missing} of {len(results)} queries have no '
                'match in the gallery, and do not count',
                logger='current',
                level=logging.WARNING,
            )
        if not valid:
            return {}
        means = torch.tensor(valid, dtype=torch.float64).mean(dim=0) * 100
        return dict(zip(self.result_names(), means.tolist(), strict=True))

    def _calculate(
        self, pred: Any, target: Any, pred_indices: bool, target_indices: bool
    ) -> list[float]:
        """The means over queries given as scores or places."""
        if len(pred) != len(target):
            raise ValueError(
                'pred and target must have one entry for each query, got '
                f'{len(pred)} and {len(target)}'
            )
        places = pred if pred_indices else ranked(_finite(pred), self.deepest)
        wanted = target if target_indices else [relevant(row) for row in target]
        pairs = zip(places, wanted, strict=True)
        found = self.compute_metrics([self._figures(p, t) for p, t in pairs])
        return [found.get(name, 0.0) for name in self.result_names()]


def _ranking_of(sample: Sample) -> Tensor:
    """The places in the gallery, the best first."""
    labels, scores = sample.get('pred_label'), sample.get('pred_score')
    if labels is None and scores is None:
        raise ValueError(
            'a sample has neither pred_label, a ranking, nor pred_score to be ranked; '
            'the metric is for a retriever'
        )
    # A single label beside many scores is that of a classifier, and no ranking.
    if scores is not None:
        scores = _finite(scores)
    if scores is None or (labels is not None and labels.numel() == scores.numel()):
        return labels
    return ranked(scores)


def _finite(scores: ArrayLike) -> Tensor:
    """The scores, if they can be ranked.

    Raises:
        DataError: if one is NaN, which would be ranked first.
    """
    scores = torch.as_tensor(scores)
    if nans := int(scores.isnan().sum()):
        raise DataError(
            f'{nans} of {scores.numel()} similarities to the gallery are NaN; the '
            'model has diverged, or half precision overflowed'
        )
    return scores


def _positive(topk: Any) -> int:
    if not isinstance(topk, int) or topk < 1:
        raise ValueError(f'topk must be at least 1, got {topk!r}')
    return topk


@METRICS.register_module()
class RetrievalRecall(_RankingMetric):
    """Recall@k: how many queries have a match among the best ``k``, in per cent.

    Queries without any match in the gallery do not count, and their number is logged.

    Args:
        topk: One ``k``, or several.
        collect_device: Kept for mmengine's sake.
        prefix: Stands before the names of the results, instead of ``retrieval``.

    Raises:
        ValueError: if a ``k`` is not positive.

    Example:
        >>> RetrievalRecall.calculate(
        ...     [[0], [1], [2], [3]], [[0, 1], [2], [1], [0, 3]], topk=1,
        ...     pred_indices=True, target_indices=True)
        [50.0]
    """

    def __init__(
        self,
        topk: int | Sequence[int],
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        several = (topk,) if isinstance(topk, int) else tuple(topk)
        if not several:
            raise ValueError('topk names one k or more, got none')
        self.topk = tuple(map(_positive, several))
        self.deepest = max(self.topk)
        super().__init__(collect_device, prefix)

    def result_names(self) -> list[str]:
        """``Recall@k`` for each."""
        return [f'Recall@{k}' for k in self.topk]

    def values(self, hits: Tensor, count: int) -> list[float]:
        """1 where there is a match among the first k."""
        return [float(hits[:k].any()) for k in self.topk]

    @staticmethod
    def calculate(
        pred: Any,
        target: Any,
        topk: int | Sequence[int],
        pred_indices: bool = False,
        target_indices: bool = False,
    ) -> list[float]:
        """The recall at each ``k``, in per cent.

        Args:
            pred: Scores ``(N, M)``, or rankings.
            target: One-hot or multi-hot ``(N, M)``, or the places of what is relevant.
            topk: One ``k``, or several.
            pred_indices: Whether ``pred`` is rankings.
            target_indices: Whether ``target`` is places.
        """
        metric = RetrievalRecall(topk)
        return metric._calculate(pred, target, pred_indices, target_indices)


@METRICS.register_module()
class RetrievalAveragePrecision(_RankingMetric):
    """mAP@k: the mean average precision of the best ``k``, in per cent.

    The divisor is the number of what is relevant in the whole gallery. Queries without
    any match in the gallery do not count, and their number is logged.

    Args:
        topk: How deep rankings are looked at.
        mode: ``'IR'`` or ``'integrate'``, see
            :func:`~mmlite.evaluation.functional.ranking_precision`.
        collect_device: Kept for mmengine's sake.
        prefix: Stands before the names of the results, instead of ``retrieval``.

    Raises:
        ValueError: if ``topk`` is not positive, or the mode is unknown.

    Example:
        >>> places = [list(range(10))] * 3
        >>> target = [[0, 3, 6, 8, 35], [1, 2, 54, 105], [2, 42, 205]]
        >>> found = RetrievalAveragePrecision.calculate(places, target, 10, True, True)
        >>> round(found, 6)
        29.246032
    """

    def __init__(
        self,
        topk: int | None = None,
        mode: str = 'IR',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        self.topk = self.deepest = _positive(topk)
        check_choice(AP_MODES, mode=mode)
        self.mode = mode
        super().__init__(collect_device, prefix)

    def result_names(self) -> list[str]:
        """``mAP@k``."""
        return [f'mAP@{self.topk}']

    def values(self, hits: Tensor, count: int) -> list[float]:
        """The average precision of one query."""
        return [ranking_precision(hits, count, self.mode)]

    @staticmethod
    def calculate(
        pred: Any,
        target: Any,
        topk: int | None = None,
        pred_indices: bool = False,
        target_indices: bool = False,
        mode: str = 'IR',
    ) -> float:
        """The mean average precision, in per cent.

        Args:
            pred: Scores ``(N, M)``, or rankings.
            target: One-hot or multi-hot ``(N, M)``, or the places of what is relevant.
            topk: How deep rankings are looked at.
            pred_indices: Whether ``pred`` is rankings.
            target_indices: Whether ``target`` is places.
            mode: ``'IR'`` or ``'integrate'``.
        """
        metric = RetrievalAveragePrecision(topk, mode)
        return metric._calculate(pred, target, pred_indices, target_indices)[0]
