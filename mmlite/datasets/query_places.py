"""The places in a gallery of what a query looks for."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar

__all__ = ['all_but_itself', 'places_by_label']

_Label = TypeVar('_Label', bound=Hashable)


def places_by_label(labels: Iterable[_Label]) -> dict[_Label, list[int]]:
    """The places of each label in a gallery.

    Args:
        labels: One of each image of the gallery, in its order.

    Example:
        >>> places_by_label(['cat', 'dog', 'cat'])
        {'cat': [0, 2], 'dog': [1]}
    """
    places: dict[_Label, list[int]] = {}
    for place, label in enumerate(labels):
        places.setdefault(label, []).append(place)
    return places


def all_but_itself(samples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make each image of a gallery a query for all the others.

    ``gt_label`` becomes the places of the other images of its class;
    ``gallery_index`` its own place, where a retriever does not look.

    Args:
        samples: The gallery, with one ``gt_label`` each.

    Example:
        >>> [(s['gt_label'], s['gallery_index']) for s in all_but_itself(
        ...     [dict(gt_label=7), dict(gt_label=5), dict(gt_label=7)])]
        [([2], 0), ([], 1), ([0], 2)]
    """
    places = places_by_label(sample['gt_label'] for sample in samples)
    found = []
    for own, sample in enumerate(samples):
        others = [place for place in places[sample['gt_label']] if place != own]
        found.append(dict(sample, gt_label=others, gallery_index=own))
    return found
