"""Pascal VOC, for classification with several labels an image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from ..errors import DataNotFoundError, check_choice
from ..registry import DATASETS
from .annotations import file_exists, is_difficult, read_text, read_xml
from .multi_label import MultiLabelDataset
from .published import absent, published_classes

_SPLITS = ('train', 'val', 'trainval', 'test')


@DATASETS.register_module()
class VOC(MultiLabelDataset):
    """Pascal VOC: photographs of things of 20 classes.

    Paper: The Pascal Visual Object Classes (VOC) Challenge, IJCV 2010.

    Layout: ``JPEGImages/*.jpg``, ``Annotations/*.xml`` and
    ``ImageSets/Main/<split>.txt``. A class all of whose things in an image are marked
    as difficult is in ``gt_label_difficult`` instead of ``gt_label``; one that is in
    ``gt_label`` may be in both.

    Args:
        data_root: The folder of the dataset, e.g. ``data/VOC2007``.
        split: ``'train'``, ``'val'``, ``'trainval'`` or ``'test'``.
        image_set_path: The list of the images, relative to ``data_root``;
            ``ImageSets/Main/<split>.txt`` if not stated.
        data_prefix: Folders of images and annotations, ``img_path`` and ``ann_path``;
            without the second there are no labels.
        test_mode: Whether a sample must never be replaced by another.
        metainfo: What the dataset is about.
        kwargs: Arguments of :class:`BaseDataset`.

    Raises:
        DataNotFoundError: if a file is absent.
        DataError: if a file makes no sense.
    """

    METAINFO: ClassVar[dict] = dict(classes=published_classes('VOC'))

    def __init__(
        self,
        data_root: str,
        split: Literal['train', 'val', 'trainval', 'test'] = 'trainval',
        image_set_path: str = '',
        data_prefix: str | dict | None = None,
        test_mode: bool = False,
        metainfo: dict | None = None,
        **kwargs: Any,
    ) -> None:
        if split:
            check_choice(_SPLITS, split=split)
        if not split and not image_set_path:
            raise ValueError('set split, or image_set_path')
        if isinstance(data_prefix, str) and data_prefix:
            data_prefix = dict(img_path=data_prefix)
        data_prefix = data_prefix or dict(img_path='JPEGImages', ann_path='Annotations')
        self.split = split
        self.image_set_path = str(
            Path(data_root, image_set_path or f'ImageSets/Main/{split}.txt')
        )
        if not data_prefix.get('ann_path') and not test_mode:
            raise ValueError("data_prefix has no 'ann_path', where the labels are")
        super().__init__(
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=data_prefix,
            test_mode=test_mode,
            **kwargs,
        )

    @property
    def ann_prefix(self) -> str | None:
        """Folder of the annotations."""
        return self.data_prefix.get('ann_path')

    def prepare(self) -> None:
        """Check that the list of images is there."""
        if not file_exists(self.image_set_path):
            raise DataNotFoundError(absent('VOC', self.image_set_path, self.data_root))

    def load_data_list(self) -> Sequence[dict]:
        """Read which images there are, and the classes of each."""
        samples = []
        for line in read_text(self.image_set_path).split('\n'):
            if not line.strip():
                continue
            name = line.split()[0]
            sample: dict[str, Any] = dict(img_path=f'{self.img_prefix}/{name}.jpg')
            if self.ann_prefix:
                labels, difficult = self._labels(Path(self.ann_prefix, f'{name}.xml'))
                sample |= dict(gt_label=labels, gt_label_difficult=difficult)
            samples.append(sample)
        return samples

    def _labels(self, path: Path) -> tuple[list[int], list[int]]:
        """The classes of the things in an image, and of the difficult ones."""
        objects = read_xml(path).findall('object')
        places = self.class_to_idx
        known = [
            (places[name], is_difficult(one))
            for one in objects
            if (name := one.findtext('name', '').strip()) in places
        ]
        return (
            sorted({label for label, hard in known if not hard}),
            sorted({label for label, hard in known if hard}),
        )
