"""How well walks are found in a gallery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor

from ...errors import ConfigError, DataError
from ...registry import METRICS
from ..functional.part_distance import distance_chunks
from ..functional.retrieval_ranks import match_ranks
from .walks import Walk, WalkMetric, as_ranks, chosen, places_of, protocol_of

__all__ = ['GaitRetrieval']


@METRICS.register_module()
class GaitRetrieval(WalkMetric):
    """Rank-k, mAP and mINP of probes in one gallery, as for Gait3D.

    Probes without a match in the gallery do not count, and are reported.

    Args:
        probe_set: The probes, each ``'identity-type-view'``; by default those that the
            dataset states (``PROBE_SET`` of its partition).
        protocol: In place of a set of probes, which types are probes and gallery; see
            :class:`CrossViewRank`.
        metric: ``'euc'`` or ``'cos'``.
        topk: The ranks.
        collect_device: Kept for mmengine's sake.
        prefix: Stands before the names of the results, instead of ``gait``.

    Raises:
        ConfigError: if nothing says which walks are probes.
        DataError: if there is no probe with a match.

    Example:
        >>> metric = METRICS.build(dict(type='GaitRetrieval', probe_set=['7-cam0-v']))
        >>> from mmlite.structures import DataSample
        >>> for kind in ('cam0', 'cam1'):
        ...     sample = DataSample(metainfo=dict(type=kind, view='v'))
        ...     sample.pred_embedding = torch.zeros(4, 2)
        ...     metric.process(None, [sample.set_gt_label(7)])
        >>> metric.evaluate(2)['gait/mAP']
        100.0
    """

    def __init__(
        self,
        probe_set: Sequence[str] | None = None,
        protocol: str | Mapping[str, Any] | None = None,
        metric: str = 'euc',
        topk: int | Sequence[int] = (1, 5, 10),
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(metric, collect_device, prefix)
        self.probe_set = None if probe_set is None else frozenset(probe_set)
        self.protocol = None if protocol is None else protocol_of(protocol)
        self.topk = as_ranks(topk)

    def evaluate_walks(
        self, walks: Sequence[Walk], embeddings: Tensor
    ) -> dict[str, float]:
        """The figures of all probes."""
        probes, gallery = self._split(walks)
        if not probes or not gallery:
            missing = 'gallery' if probes else 'probe'
            raise DataError(
                f'GaitRetrieval: none of the {len(walks)} walks is a {missing}; the '
                "names of probes are 'identity-type-view', e.g. "
                f'{_name(walks[0])!r}'
            )
        one = chosen(walks, embeddings, probes)
        other = chosen(walks, embeddings, gallery)
        parts = [
            match_ranks(rows, one.labels[place, None] == other.labels)
            for place, rows in distance_chunks(
                one.embeddings, other.embeddings, self.metric
            )
        ]
        first, precision, penalty, valid = map(torch.cat, zip(*parts, strict=True))
        if not len(first):
            raise DataError('GaitRetrieval: no probe has a match in the gallery')
        if not valid.all():
            print_log(
                f'GaitRetrieval: {(~valid).sum()} of {len(valid)} probes have no match '
                'in the gallery, and do not count',
                logger='current',
            )
        ranks = {f'R{k}': 100 * (first <= k).double().mean().item() for k in self.topk}
        return dict(
            **ranks,
            mAP=100 * precision.double().mean().item(),
            mINP=100 * penalty.double().mean().item(),
        )

    def result_names(self) -> list[str]:
        """Rank-k, mAP and mINP."""
        return [*(f'R{k}' for k in self.topk), 'mAP', 'mINP']

    def _split(self, walks: Sequence[Walk]) -> tuple[list[int], list[int]]:
        if self.protocol is not None:
            probes = [p for patterns in self.protocol.probe.values() for p in patterns]
            return places_of(walks, probes), places_of(walks, self.protocol.gallery)
        names = self.probe_set
        if names is None:
            names = (self.dataset_meta or {}).get('probe_set')
        if not names:
            raise ConfigError(
                'GaitRetrieval needs to know the probes; set probe_set, protocol, or '
                'PROBE_SET in the partition of the dataset'
            )
        names = frozenset(names)
        probes = [i for i, walk in enumerate(walks) if _name(walk) in names]
        others = set(probes)
        return probes, [i for i in range(len(walks)) if i not in others]


def _name(walk: Walk) -> str:
    return f'{walk.subject}-{walk.type}-{walk.view}'
