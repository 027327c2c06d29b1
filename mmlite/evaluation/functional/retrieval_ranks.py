"""Where the matches of a probe stand in a gallery that is sorted by distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ['Ranks', 'match_ranks']


class Ranks(NamedTuple):
    """How well each probe that has a match was retrieved.

    Args:
        first: Place of the first match, from 1 on, ``(N, )``.
        average_precision: Fraction, ``(N, )``.
        inverse_penalty: Number of matches over the place of the last, ``(N, )``.
        valid: Which of all probes these are, ``(number of probes, )``.
    """

    first: Tensor
    average_precision: Tensor
    inverse_penalty: Tensor
    valid: Tensor


def match_ranks(
    distances: Tensor,
    same: Tensor,
    allowed: Tensor | Callable | None = None,
) -> Ranks:
    """The places of the matches of each probe.

    Papers: Scalable Person Re-identification: A Benchmark, ICCV 2015 (mAP); Deep
    Learning for Person Re-identification: A Survey and Outlook,
    https://arxiv.org/abs/2001.04193 (mINP).

    Args:
        distances: From each probe to all of the gallery.
        same: Where both are of one identity.
        allowed: Where an item of the gallery counts for a probe; everywhere by default.

    Shape:
        distances, same, allowed: ``(number of probes, M)``.

    Example:
        >>> found = match_ranks(
        ...     torch.tensor([[0.1, 0.2, 0.3]]), torch.tensor([[True, False, True]]))
        >>> found.first, found.average_precision.item(), found.inverse_penalty.item()
        (tensor([1]), 0.8333333333333333, 0.6666666666666666)
    """
    if allowed is not None:
        distances = distances.masked_fill(~allowed, torch.inf)
        same = same & allowed
    valid = same.any(dim=1)
    order = distances[valid].argsort(dim=1, stable=True)
    hits = same[valid].gather(1, order)
    places = torch.arange(1, hits.size(1) + 1, device=hits.device)
    count = hits.sum(dim=1)
    # In float64, as published figures are sums of many of them.
    precision = hits.cumsum(dim=1).double() / places
    average = (precision * hits).sum(dim=1) / count
    first = hits.int().argmax(dim=1) + 1
    last = (places * hits).amax(dim=1) if hits.numel() else count
    return Ranks(first, average, count.double() / last, valid)
