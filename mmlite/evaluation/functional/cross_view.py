"""Ranks between views: who is found in pictures of another view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError
from .part_distance import distance_chunks

__all__ = ['CrossView', 'Sequences', 'cross_view_ranks', 'mean_without_same_view']


class Sequences(NamedTuple):
    """Embeddings of walks, and what is known of each.

    Args:
        embeddings: ``(N, D, P)``.
        labels: The identity, ``(N, )``.
        views: The view, ``N`` of them.
    """

    embeddings: Tensor
    labels: Tensor
    views: Sequence[str]

    def __len__(self) -> int:
        return len(self.labels)


class CrossView(NamedTuple):
    """How many probes of each view are found in the gallery of each view.

    Args:
        rates: Percent, ``(K, V, W)`` for the ranks, the views of the probes and those
            of the gallery; NaN where there is no probe or no gallery.
        counts: Probes that count, ``(V, W)``.
        left_out: Probes that do not count, as their identity is not in the gallery of
            that view, ``(V, W)``.
        probe_views: Names of the views.
        gallery_views: Names of the views.
    """

    rates: np.ndarray
    counts: np.ndarray
    left_out: np.ndarray
    probe_views: list[str]
    gallery_views: list[str]


def cross_view_ranks(
    probe: Sequences,
    gallery: Sequences,
    metric: str = 'euc',
    topk: Sequence[int] = (1,),
    remove_no_gallery: bool = False,
) -> CrossView:
    """Rank-k of probes of each view against the gallery of each view alone.

    A probe whose identity is not in the gallery counts as wrong, as in the figures
    that are published for OUMVLP, unless it is removed.

    Args:
        probe: The probes.
        gallery: The gallery.
        metric: See :func:`part_distances`.
        topk: The ranks ``k``.
        remove_no_gallery: Whether probes without a walk of the same identity in the
            gallery of a view are left out there.

    Example:
        >>> x = torch.tensor([[[0.0]], [[1.0]], [[0.1]], [[0.9]]])
        >>> views = ['000', '000', '090', '090']
        >>> walks = Sequences(x, torch.tensor([0, 1, 0, 1]), views)
        >>> cross_view_ranks(walks, walks).rates[0].tolist()
        [[100.0, 100.0], [100.0, 100.0]]
    """
    probe_views, gallery_views = sorted(set(probe.views)), sorted(set(gallery.views))
    columns = [_places(gallery.views, view) for view in gallery_views]
    shape = len(probe), len(gallery_views)
    hits = torch.zeros(len(topk), *shape, dtype=torch.bool)
    for rows, distances in distance_chunks(
        probe.embeddings, gallery.embeddings, metric
    ):
        for place, own in enumerate(columns):
            nearest = distances[:, own].topk(
                min(max(topk), len(own)), largest=False, sorted=True
            )
            found = gallery.labels[own][nearest.indices] == probe.labels[rows, None]
            for row, k in enumerate(topk):
                hits[row, rows, place] = found[:, :k].any(dim=1)
    counted = torch.ones(shape, dtype=torch.bool)
    if remove_no_gallery:
        for place, own in enumerate(columns):
            counted[:, place] = torch.isin(probe.labels, gallery.labels[own])
    rates = np.full((len(topk), len(probe_views), len(gallery_views)), np.nan)
    counts = np.zeros(rates.shape[1:], int)
    left_out = np.zeros_like(counts)
    for row, view in enumerate(probe_views):
        own = _places(probe.views, view)
        kept = counted[own]
        counts[row] = kept.sum(dim=0).numpy()
        left_out[row] = len(own) - counts[row]
        right = (hits[:, own] & kept).sum(dim=1).numpy()
        with np.errstate(invalid='ignore'):
            # Published tables have two decimals, of which they take the mean.
            rates[:, row] = np.round(100 * right / counts[row], 2)
    return CrossView(rates, counts, left_out, probe_views, gallery_views)


def mean_without_same_view(rates: np.ndarray, found: CrossView) -> np.ndarray:
    """The mean over the views of probes, of their means over all other views.

    Args:
        rates: ``(V, W)``.
        found: Where they come from.

    Shape:
        returns: scalar.

    Raises:
        DataError: if no pair of two views has a probe and a gallery.

    Example:
        >>> rates = np.array([[100.0, 50.0], [70.0, 100.0]])
        >>> views = ['000', '090']
        >>> counts = np.ones((2, 2), int)
        >>> float(mean_without_same_view(
        ...     rates, CrossView(rates[None], counts, 0 * counts, views, views)))
        60.0
    """
    other = rates.copy()
    for row, view in enumerate(found.probe_views):
        for column, gallery_view in enumerate(found.gallery_views):
            if view == gallery_view:
                other[row, column] = np.nan
    rows = [line[~np.isnan(line)] for line in other]
    means = [line.mean() for line in rows if len(line)]
    if not means:
        raise DataError(
            'there is no pair of two views: the probes have '
            f'{", ".join(found.probe_views) or "none"}, the gallery has '
            f'{", ".join(found.gallery_views) or "none"}; evaluate walks of two views '
            'or more, or use GaitRetrieval, which does not compare views'
        )
    return np.mean(means)


def _places(views: Sequence[str], view: str) -> Tensor:
    return torch.tensor([i for i, own in enumerate(views) if own == view])
