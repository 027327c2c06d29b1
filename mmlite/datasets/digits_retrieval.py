"""Retrieval of handwritten digits that were not seen in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from ..errors import check_choice
from ..registry import DATASETS
from .categories import DIGITS_CLASSES
from .digits import Digits
from .query_places import places_by_label

_SPLITS = ('train', 'query', 'gallery')


@DATASETS.register_module()
class DigitsRetrieval(Digits):
    """:class:`Digits` for retrieval: learn from some classes, look up the others.

    Learns from the digits 0 to 5. The gallery is the training images of 6 to 9, the
    queries are the test images of 6 to 9, each with the places of all images of its
    digit in the gallery as ``gt_label``.

    Args:
        split: ``'train'``, ``'query'`` or ``'gallery'``.
        kwargs: Further arguments of :class:`Digits`.

    Raises:
        ValueError: if there is no such split.

    Example:
        >>> sizes = {s: len(DATASETS.build(dict(type='DigitsRetrieval', split=s)))
        ...          for s in ('train', 'gallery', 'query')}
        >>> sum(sizes.values()) < 1797, sizes['gallery'] > sizes['query']
        (True, True)
    """

    SEEN: ClassVar[tuple[str, ...]] = tuple(DIGITS_CLASSES[:6])

    def __init__(
        self, split: Literal['train', 'query', 'gallery'] = 'train', **kwargs: Any
    ) -> None:
        check_choice(_SPLITS, split=split)
        self.part = split
        super().__init__(split='test' if split == 'query' else 'train', **kwargs)

    def load_data_list(self) -> Sequence[dict]:
        """Read the images of the split."""
        number = len(self.SEEN)
        samples = super().load_data_list()
        seen = self.part == 'train'
        chosen = [s for s in samples if (int(s['gt_label']) < number) == seen]
        if self.part != 'query':
            return [dict(s) for s in chosen]
        self.split = 'train'
        known = [s for s in super().load_data_list() if int(s['gt_label']) >= number]
        self.split = 'test'
        places = places_by_label(int(s['gt_label']) for s in known)
        return [dict(s, gt_label=places[int(s['gt_label'])]) for s in chosen]
