"""Retrieval of handwritten digits that were not seen in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from ..errors import check_choice
from ..registry import DATASETS
from .categories import DIGITS_CLASSES
from .digits import Digits
from .published import in_order_of
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
        seen = self.part == 'train'
        samples = [dict(s) for s in self.images_of(self.split)]
        chosen = [s for s in samples if (s['gt_label'] < number) == seen]
        if self.part == 'query':
            known = (int(s['gt_label']) for s in self.images_of('train'))
            places = places_by_label(label for label in known if label >= number)
            return [dict(s, gt_label=places[int(s['gt_label'])]) for s in chosen]
        return in_order_of(self.CLASSES, self.METAINFO['classes'], chosen)


@DATASETS.register_module()
class TurnedDigits(DigitsRetrieval):
    """The digits 0 to 5 in eight orientations, each of them a class: 48 in all.

    Turned images as classes of their own are how few classes of drawings are made more,
    as in https://arxiv.org/abs/1703.05175 (section 3.1); mirrored ones are added here.

    Args:
        kwargs: Arguments of :class:`Digits`, without ``split``.

    Example:
        >>> digits = DATASETS.build(dict(type='TurnedDigits', size=8))
        >>> len(digits), len(digits.CLASSES), digits.CLASSES[8]
        (6936, 48, '2 turned by 90')
    """

    METAINFO: ClassVar[dict] = dict(
        classes=tuple(
            f'{digit}{mirrored}{turned}'
            for mirrored in ('', ' mirrored')
            for turned in ('', ' turned by 90', ' turned by 180', ' turned by 270')
            for digit in DigitsRetrieval.SEEN
        )
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(split='train', **kwargs)

    def load_data_list(self) -> Sequence[dict]:
        """Read the images, and turn them."""
        number = len(self.SEEN)
        upright = [s for s in self.images_of('train') if s['gt_label'] < number]
        samples = []
        for orientation in range(len(self.METAINFO['classes']) // number):
            mirrored, turns = divmod(orientation, 4)
            for sample in upright:
                img = sample['img'][:, ::-1] if mirrored else sample['img']
                samples.append(
                    dict(
                        img=np.ascontiguousarray(np.rot90(img, turns)),
                        gt_label=int(sample['gt_label']) + number * orientation,
                    )
                )
        return in_order_of(self.CLASSES, self.METAINFO['classes'], samples)
