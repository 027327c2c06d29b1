"""How well walks are recognised from another view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor

from ...errors import DataError
from ...registry import METRICS
from ..functional.cross_view import (
    CrossView,
    Sequences,
    cross_view_ranks,
    mean_without_same_view,
)
from ..functional.part_distance import distance_chunks
from ..functional.retrieval_ranks import match_ranks
from .walks import Walk, WalkMetric, as_ranks, chosen, places_of, protocol_of

__all__ = ['CrossViewRank', 'CrossViewRetrieval', 'table_of']


@METRICS.register_module()
class CrossViewRank(WalkMetric):
    """Rank-k of walks against those of another view, the mean over all pairs of views.

    The figure that papers print for CASIA-B, OUMVLP and SUSTech1K: probes of one view
    are looked for in a gallery of one other view; the identical view does not count.
    The table of all views is logged.

    Args:
        protocol: ``'CASIA-B'``, ``'OUMVLP'``, ``'SUSTech1K'``, ``'CASIA-E'``, or
            ``dict(gallery=patterns, probe=dict(name=patterns))`` of types.
        metric: ``'euc'`` or ``'cos'``.
        topk: The ranks.
        remove_no_gallery: Whether a probe whose identity is not in the gallery of a
            view is left out there, instead of counting as wrong.
        collect_device: Kept for mmengine's sake.
        prefix: Stands before the names of the results, instead of ``gait``.

    Raises:
        DataError: if there is no probe or gallery of the protocol, or no two views.

    Example:
        >>> metric = METRICS.build(dict(type='CrossViewRank', protocol='CASIA-B'))
        >>> metric.protocol.gallery, metric.protocol.probe['BG']
        (['nm-0[1-4]'], ['bg-0[12]'])
    """

    def __init__(
        self,
        protocol: str | Mapping[str, Any] = 'CASIA-B',
        metric: str = 'euc',
        topk: int | Sequence[int] = 1,
        remove_no_gallery: bool = False,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(metric, collect_device, prefix)
        self.protocol = protocol_of(protocol)
        self.topk = as_ranks(topk)
        self.remove_no_gallery = remove_no_gallery

    def evaluate_walks(
        self, walks: Sequence[Walk], embeddings: Tensor
    ) -> dict[str, float]:
        """Rank-k of each condition."""
        gallery = places_of(walks, self.protocol.gallery)
        probes = {
            name: places
            for name, patterns in self.protocol.probe.items()
            if (places := places_of(walks, patterns))
        }
        if not gallery or not probes:
            types = sorted({walk.type for walk in walks})
            raise DataError(
                f'CrossViewRank: the types {types[:8]} have no '
                f'{"gallery" if not gallery else "probe"} of the protocol; its gallery '
                f'is {list(self.protocol.gallery)}, its probes are '
                f'{dict(self.protocol.probe)}'
            )
        known = chosen(walks, embeddings, gallery)
        results = {}
        for name, places in probes.items():
            found = cross_view_ranks(
                chosen(walks, embeddings, places),
                known,
                self.metric,
                self.topk,
                self.remove_no_gallery,
            )
            for k, rates in zip(self.topk, found.rates, strict=True):
                results[f'{name}@R{k}'] = float(mean_without_same_view(rates, found))
            self._report(name, found, results[f'{name}@R{self.topk[0]}'])
        return results

    def result_names(self) -> list[str]:
        """Rank-k of each condition of the protocol."""
        return [f'{name}@R{k}' for name in self.protocol.probe for k in self.topk]

    def _report(self, name: str, found: CrossView, mean: float) -> None:
        print_log(table_of(name, found, mean, self.topk[0]), logger='current')
        if self.remove_no_gallery and found.left_out.any():
            print_log(
                f'{name}: up to {found.left_out.max()} probes of a view were left out, '
                'as their identity is not in the gallery (remove_no_gallery)',
                logger='current',
            )


def table_of(name: str, found: CrossView, mean: float, rank: int = 1) -> str:
    r"""The table that papers print: percent by view, without the identical one.

    Example:
        >>> rates = np.array([[[100.0, 50.0], [70.0, 100.0]]])
        >>> counts = np.ones((2, 2), int)
        >>> views = ['000', '090']
        >>> found = CrossView(rates, counts, 0 * counts, views, views)
        >>> print(table_of('NM', found, 60))
        NM Rank-1  probe \ gallery
               000    090   mean
        000      -   50.0   50.0
        090   70.0      -   70.0
        mean                60.0
    """
    lines = [f'{name} Rank-{rank}  probe \\ gallery']
    heads = [*found.gallery_views, 'mean']
    left = max([4, *(len(view) for view in found.probe_views)])
    wide = max(7, *(len(head) + 2 for head in heads))
    lines.append(' ' * left + ''.join(f'{head:>{wide}}' for head in heads)[1:])
    for view, row in zip(found.probe_views, found.rates[0], strict=True):
        other = [
            np.nan if view == head else rate
            for head, rate in zip(found.gallery_views, row, strict=True)
        ]
        valid = [rate for rate in other if not np.isnan(rate)]
        other.append(np.mean(valid) if valid else np.nan)
        cells = ['-' if np.isnan(rate) else f'{rate:.1f}' for rate in other]
        lines.append(view.ljust(left) + ''.join(f'{c:>{wide}}' for c in cells)[1:])
    last = f'{mean:>{wide * len(heads) - 1}.1f}'
    return '\n'.join([*lines, 'mean'.ljust(left) + last])


@METRICS.register_module()
class CrossViewRetrieval(WalkMetric):
    """Rank-1 and mAP in a gallery of all views but the probe's own.

    The mAP of OpenGait's model zoo: items of the same identity and view are removed;
    figures are the mean over the views of the probes.

    Args:
        protocol: As of :class:`CrossViewRank`; by default the first walk of each
            condition of CASIA-B in a gallery of all the second ones.
        metric: ``'euc'`` or ``'cos'``.
        collect_device: Kept for mmengine's sake.
        prefix: Stands before the names of the results, instead of ``gait``.

    Raises:
        DataError: if there is no probe with a match.

    Example:
        >>> metric = METRICS.build(dict(type='CrossViewRetrieval'))
        >>> from mmlite.structures import DataSample
        >>> for kind, view in (('nm-01', '000'), ('nm-02', '090')):
        ...     sample = DataSample(metainfo=dict(type=kind, view=view))
        ...     sample.pred_embedding = torch.zeros(4, 2)
        ...     metric.process(None, [sample.set_gt_label(7)])
        >>> metric.evaluate(2)
        {'gait/NM@R1': 100.0, 'gait/NM@mAP': 100.0}
    """

    def __init__(
        self,
        protocol: str | Mapping[str, Any] | None = None,
        metric: str = 'euc',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(metric, collect_device, prefix)
        default = dict(
            gallery=['*-02'], probe=dict(NM=['nm-01'], BG=['bg-01'], CL=['cl-01'])
        )
        self.protocol = protocol_of(default if protocol is None else protocol)

    def evaluate_walks(
        self, walks: Sequence[Walk], embeddings: Tensor
    ) -> dict[str, float]:
        """Rank-1 and mAP of each condition."""
        gallery = chosen(walks, embeddings, places_of(walks, self.protocol.gallery))
        gallery_views = np.asarray(gallery.views)
        results = {}
        for name, patterns in self.protocol.probe.items():
            places = places_of(walks, patterns)
            rates = []
            for view in sorted({walks[i].view for i in places}):
                own = [i for i in places if walks[i].view == view]
                other = torch.from_numpy(gallery_views != view)
                rates.append(
                    self._of_view(chosen(walks, embeddings, own), gallery, other)
                )
            rates = [pair for pair in rates if pair is not None]
            if rates:
                first, precision = np.mean(rates, axis=0)
                results[f'{name}@R1'] = float(first)
                results[f'{name}@mAP'] = float(precision)
        if not results:
            raise DataError('CrossViewRetrieval: no probe has a match in another view')
        return results

    def result_names(self) -> list[str]:
        """Rank-1 and mAP of each condition of the protocol."""
        kinds = ('R1', 'mAP')
        return [f'{name}@{kind}' for name in self.protocol.probe for kind in kinds]

    def _of_view(
        self, probe: Sequences, gallery: Sequences, other: Tensor
    ) -> tuple[float, float] | None:
        parts = []
        for place, rows in distance_chunks(
            probe.embeddings, gallery.embeddings, self.metric
        ):
            same = probe.labels[place, None] == gallery.labels
            parts.append(match_ranks(rows, same, ~same | other))
        if not parts:
            return None
        first, precision, _, _ = map(torch.cat, zip(*parts, strict=True))
        if not len(first):
            return None
        right = 100 * (first == 1).double().mean().item()
        return round(right, 2), round(100 * precision.double().mean().item(), 2)
