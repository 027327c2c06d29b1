"""ImageNet-1k."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ..registry import DATASETS
from .custom import CustomDataset
from .folders import subfolders


@DATASETS.register_module()
class ImageNet(CustomDataset):
    """ImageNet-1k, or a dataset laid out like it.

    Paper: ImageNet Large Scale Visual Recognition Challenge, IJCV 2015,
    https://arxiv.org/abs/1409.0575.

    Layout::

        data_root/
            train/n01440764/*.JPEG ...
            val/n01440764/*.JPEG ...    or val/*.JPEG with meta/val.txt
            meta/train.txt              optional: lines "n01440764/x.JPEG 0"

    The classes are the names of the folders in ``train`` (WordNet ids), whose
    sorted order is that of the usual labels; state ``classes`` for others.

    Args:
        data_root: Folder of everything.
        split: ``'train'``, ``'val'`` or ``'test'``; the test images have no
            labels.
        data_prefix: Folder of the images, relative to ``data_root``; named like
            the split if not stated.
        ann_file: Annotation file, relative to ``data_root``;
            ``meta/<split>.txt``, if there is one and none is stated.
        with_label: Whether there are labels.
        kwargs: Arguments of :class:`CustomDataset`.

    Raises:
        DataNotFoundError: if there are no images where they were expected.
        DataError: if the file or the folders make no sense.
    """

    def __init__(
        self,
        data_root: str = 'data/imagenet',
        split: Literal['train', 'val', 'test'] | None = None,
        data_prefix: str | dict = '',
        ann_file: str = '',
        with_label: bool = True,
        **kwargs: Any,
    ) -> None:
        if split is not None:
            if not ann_file and Path(data_root, 'meta', f'{split}.txt').is_file():
                ann_file = f'meta/{split}.txt'
            data_prefix = data_prefix or split
        super().__init__(
            data_root=data_root,
            data_prefix=data_prefix,
            ann_file=ann_file,
            with_label=with_label and split != 'test',
            **kwargs,
        )

    def load_data_list(self) -> Sequence[dict]:
        """Find the images, and their labels."""
        train = Path(self.data_root, 'train')
        if self.CLASSES is None and train.is_dir():
            self._metainfo['classes'] = tuple(subfolders(train)) or None
        return super().load_data_list()


@DATASETS.register_module()
class ImageNet21k(CustomDataset):
    """ImageNet-21k, or a part of it, in class folders.

    Paper: ImageNet Large Scale Visual Recognition Challenge, IJCV 2015,
    https://arxiv.org/abs/1409.0575.

    Layout::

        data_root/
            train/n00004475/*.JPEG ...
            meta/train.txt              optional: lines "n00004475/x.JPEG 0"

    Args:
        data_root: Folder of everything.
        split: ``'train'``; not stated for images of your own division.
        data_prefix: Folder of the images, relative to ``data_root``; named like
            the split if not stated.
        ann_file: Annotation file, relative to ``data_root``; ``meta/train.txt``, if
            there is one and none is stated.
        metainfo: What the dataset is about, e.g. ``dict(classes=[...])``.
        multi_label: Not supported, as in mmpretrain.
        kwargs: Arguments of :class:`CustomDataset`.

    Raises:
        DataNotFoundError: if there are no images where they were expected.
        DataError: if the file or the folders make no sense.
    """

    def __init__(
        self,
        data_root: str = '',
        split: Literal['train', ''] | None = '',
        data_prefix: str | dict = '',
        ann_file: str = '',
        metainfo: dict | None = None,
        multi_label: bool = False,
        **kwargs: Any,
    ) -> None:
        if multi_label:
            raise ValueError('multi_label is not supported; set multi_label=False')
        if split not in ('train', '', None):
            raise ValueError(f"split is 'train', or not stated; got {split!r}")
        self.multi_label = multi_label
        if split:
            if not ann_file and Path(data_root, 'meta', f'{split}.txt').is_file():
                ann_file = f'meta/{split}.txt'
            data_prefix = data_prefix or split
        super().__init__(
            data_root=data_root,
            data_prefix=data_prefix,
            ann_file=ann_file,
            metainfo=metainfo,
            **kwargs,
        )
