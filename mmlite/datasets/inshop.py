"""In-shop Clothes Retrieval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ..errors import DataError, DataNotFoundError, check_choice
from ..registry import DATASETS
from .annotations import file_exists
from .base_dataset import BaseDataset
from .published import absent, lines_of
from .query_places import places_by_label

_SPLITS = ('train', 'query', 'gallery')


@DATASETS.register_module()
class InShop(BaseDataset):
    """In-shop Clothes Retrieval: photographs of the same clothes.

    Paper: DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich
    Annotations, CVPR 2016.

    Layout: ``Img/img/...`` and ``Eval/list_eval_partition.txt``. In the training split
    ``gt_label`` is the number of the piece of clothing; a query has the indices of all
    images of its piece in the gallery, whose images have no label.

    Args:
        data_root: The folder of the dataset.
        split: ``'train'``, ``'query'`` or ``'gallery'``.
        data_prefix: Folder of the images, relative to ``data_root``.
        ann_file: The list of the images, relative to ``data_root``.
        kwargs: Arguments of :class:`BaseDataset`.

    Raises:
        DataNotFoundError: if the list is absent.
        DataError: if it makes no sense.
    """

    def __init__(
        self,
        data_root: str,
        split: Literal['train', 'query', 'gallery'] = 'train',
        data_prefix: str = 'Img',
        ann_file: str = 'Eval/list_eval_partition.txt',
        **kwargs: Any,
    ) -> None:
        check_choice(_SPLITS, split=split)
        self.split = split
        super().__init__(
            data_root=data_root, data_prefix=data_prefix, ann_file=ann_file, **kwargs
        )

    def prepare(self) -> None:
        """Check that the list of images is there."""
        if not file_exists(self.ann_file):
            raise DataNotFoundError(absent('InShop', self.ann_file, self.data_root))

    def load_data_list(self) -> Sequence[dict]:
        """Read the list of images."""
        lines = list(lines_of(self.ann_file))[2:]  # their number, names of the columns
        gallery: list[str] = []  # the piece of clothing of each image
        mine: list[tuple[str, str, str]] = []
        for place, words in lines:
            if len(words) != 3 or words[2] not in _SPLITS:
                raise DataError(
                    f'{place}: expected "image item split", the split one of '
                    f'{list(_SPLITS)}'
                )
            name, item, split = words
            if split == 'gallery':
                gallery.append(item)
            if split == self.split:
                mine.append((place, name, item))
        places = places_by_label(gallery)
        numbers = {item: i for i, item in enumerate(dict.fromkeys(m[2] for m in mine))}
        samples = []
        for place, name, item in mine:
            sample: dict[str, Any] = dict(img_path=f'{self.img_prefix}/{name}')
            if self.split == 'train':
                sample['gt_label'] = numbers[item]
            elif self.split == 'query':
                if item not in places:
                    raise DataError(f'{place}: the gallery has no image of {item}')
                sample['gt_label'] = places[item]
            samples.append(sample)
        return samples
