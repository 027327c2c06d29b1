"""Your own images: in class folders, or listed in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from logging import WARNING
from pathlib import Path
from typing import Any, Literal

from mmengine.fileio import join_path
from mmengine.logging import print_log

from ..errors import DataError, DataNotFoundError, check_choice, did_you_mean
from ..given import absence
from ..registry import DATASETS
from .annotations import file_exists
from .base_dataset import BaseDataset
from .folders import IMAGE_EXTENSIONS, find_images, held_out, subfolders, tree
from .list_file import ListFile

_SPLITS = ('train', 'val', 'test')
_EVALUATED = ('val', 'valid', 'validation', 'test')
_EXPECTED = (
    'train/<class>/*.jpg and val/<class>/*.jpg, or <class>/*.jpg with a split held '
    'out by rule, or an ann_file with lines "path label"'
)


@DATASETS.register_module()
class CustomDataset(BaseDataset):
    """Images in one folder per class, or listed in an annotation file.

    Folders::

        data_root/                      data_root/
            train/                          cat/
                cat/ x.jpg y.jpg                x.jpg y.jpg
                dog/ a.png                  dog/
            val/                                more/a.png
                cat/ z.jpg

    To the right no split has been made: ``split='val'`` holds out ``val_fraction``
    of each class by the rule of :func:`~mmlite.datasets.folders.held_out`, and
    ``split='train'`` takes the rest; so too if there is a ``train`` and no
    ``val``. Without a ``split`` all class folders in the folder are taken. The
    classes are the names of the folders, sorted, those of ``train`` if there is
    one, also beside a folder ``val`` or ``test`` that ``data_prefix`` names.

    File: a path and a label on each line, with a blank or a tab between them; the
    label is a class index or the name of a class. Both may contain blanks: a path ends
    with its extension. Without ``classes``, those of a file are its labels, sorted, if
    they are names. Paths are relative to ``data_root`` and ``data_prefix``. A ``.json``
    or ``.yaml`` file is that of :class:`BaseDataset`.

    Args:
        data_root: Folder of everything.
        data_prefix: Folder of the images, relative to ``data_root``.
        ann_file: Annotation file, relative to ``data_root``.
        with_label: Whether there are labels. Without, a folder is searched for
            images, and each line of a file is a path.
        extensions: Endings of image files, in any case.
        split: ``'train'``, ``'val'`` or ``'test'``.
        val_fraction: What part of each class is held out.
        seed: Chooses what is held out.
        metainfo: What the dataset is about, e.g. ``dict(classes=[...])``.
        kwargs: Arguments of :class:`BaseDataset`.

    Raises:
        DataNotFoundError: if there are no images where they were expected.
        DataError: if the file or the folders make no sense.

    Example:
        >>> import cv2, pathlib
        >>> for name in ('cat', 'dog'):
        ...     pathlib.Path('pets', name).mkdir(parents=True, exist_ok=True)
        ...     _ = cv2.imwrite(f'pets/{name}/1.png', np.zeros((4, 4), np.uint8))
        >>> pets = DATASETS.build(dict(type='CustomDataset', data_root='pets'))
        >>> pets.CLASSES, len(pets)
        (('cat', 'dog'), 2)
    """

    def __init__(
        self,
        data_root: str = '',
        data_prefix: str | dict = '',
        ann_file: str = '',
        with_label: bool = True,
        extensions: Sequence[str] = IMAGE_EXTENSIONS,
        split: Literal['train', 'val', 'test'] | None = None,
        val_fraction: float = 0.2,
        seed: int = 0,
        metainfo: dict | None = None,
        **kwargs: Any,
    ) -> None:
        if split is not None:
            check_choice(_SPLITS, split=split)
        if not 0 < val_fraction < 1:
            raise ValueError(
                f'val_fraction must lie between 0 and 1, got {val_fraction}'
            )
        if not (data_root or data_prefix or ann_file):
            raise ValueError('set data_root to the folder of the images')
        self.with_label = with_label
        self.extensions = tuple(extensions)
        self.split = split
        self.val_fraction = val_fraction
        self.seed = seed
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=data_prefix,
            **kwargs,
        )

    @classmethod
    def peek_classes(cls, settings: Mapping[str, Any]) -> Sequence[str] | None:
        """The classes that a dataset with such arguments has, if folders show them.

        Args:
            settings: The arguments; no sample is read.
        """
        dataset = cls(**{**settings, 'pipeline': (), 'lazy_init': True})
        by_folders = dataset.with_label and not dataset.ann_file
        if by_folders and dataset.CLASSES is None and Path(dataset.img_prefix).is_dir():
            folder, _ = dataset._folder_and_part()
            dataset._classes_of(folder)
        return dataset.CLASSES

    def prepare(self) -> None:
        """Check that the folder, or the annotation file, is there."""
        place = Path(self.ann_file or self.img_prefix)
        if not (file_exists(place) or place.is_dir()):
            raise DataNotFoundError(
                f'{type(self).__name__}: {place} {absence(place)}; set '
                f'{"ann_file" if self.ann_file else "data_root"} to where the data are'
                f'\n  expected {_EXPECTED}\n  found    {tree(place.parent)}'
            )

    def load_data_list(self) -> Sequence[dict]:
        """Find the images, and their labels."""
        if self.ann_file:
            samples = self._from_file()
        elif self.with_label:
            samples = self._from_class_folders()
        else:
            folder = Path(self.img_prefix, self.split or '')
            paths = find_images(folder, self.extensions)
            samples = [dict(img_path=join_path(str(folder), path)) for path in paths]
        if not samples:
            raise self._wrong_layout('no image was found')
        return samples

    def _from_class_folders(self) -> list[dict]:
        folder, part = self._folder_and_part()
        names = self._classes_of(folder)
        samples, keys, empty = [], [], []
        for name in subfolders(folder):
            paths = find_images(folder / name, self.extensions)
            if not paths:
                empty.append(name)
            begin = join_path(str(folder), name, '')
            for path in paths:
                keys.append(f'{name}/{path}')
                samples.append(dict(img_path=begin + path, gt_label=names[name]))
        if samples and empty:
            print_log(f'{folder}: no image in the folders {empty}', 'current', WARNING)
        if not samples and find_images(folder, self.extensions):
            raise self._wrong_layout(
                'there are images, but no class folders; sort them into folders, name '
                'an ann_file, or set with_label=False,'
            )
        if part is None:
            return samples
        labels = [sample['gt_label'] for sample in samples]
        chosen = held_out(keys, labels, self.val_fraction, self.seed)
        wanted = part == 'held out'
        return [s for s, out in zip(samples, chosen, strict=True) if out == wanted]

    def _folder_and_part(self) -> tuple[Path, str | None]:
        """Where the class folders are, and which part of their images to take."""
        root = Path(self.img_prefix)
        present = [name for name in _SPLITS if (root / name).is_dir()]
        if self.split is None:
            if present and set(subfolders(root)) <= set(_SPLITS):
                raise self._wrong_layout(
                    f'{present} are splits, not classes; set split={present[0]!r}'
                )
            return root, None
        parts = {'train': 'the rest', 'val': 'held out'}
        if self.split in present:
            untouched = self.split != 'train' or 'val' in present
            return root / self.split, None if untouched else 'the rest'
        if self.split == 'val' and 'train' in present:
            return root / 'train', 'held out'
        if self.split in parts and not present:
            return root, parts[self.split]
        raise self._wrong_layout(f'there is no folder {self.split}')

    def _classes_of(self, folder: Path) -> dict[str, int]:
        """The index of each class; the names are fixed here if nobody gave them."""
        found = subfolders(folder)
        if self.CLASSES is None:
            place = Path(self.img_prefix)
            train = place / 'train'
            if self.split is None and place.name in _EVALUATED:
                train = place.with_name('train')
            known = train.is_dir() and (self.split or train.parent != place)
            classes = (subfolders(train) if known else None) or found
            self._metainfo['classes'] = tuple(classes)
        names = self.class_to_idx
        for name in found:
            if name not in names:
                raise DataError(
                    f'{type(self).__name__}: the folder {folder / name} is none of the '
                    f'{len(names)} classes{did_you_mean(name, names)}; rename it, or '
                    'state classes'
                )
        return names

    def _from_file(self) -> list[dict]:
        path = self.ann_file
        if Path(path).suffix.lower() in ('.json', '.yaml', '.yml'):
            return list(super().load_data_list())
        lines = ListFile(path, self.extensions)
        if self.with_label:
            names, labels = lines.labelled(self.CLASSES)
            if self.CLASSES is None:
                self._metainfo['classes'] = lines.classes
            samples = [
                dict(img_path=self._place(name), gt_label=label)
                for name, label in zip(names, labels, strict=True)
            ]
        else:
            names = lines.paths()
            samples = [dict(img_path=self._place(name)) for name in names]
        if samples and '://' not in samples[0]['img_path']:
            first = samples[0]['img_path']
            if not os.path.exists(first):
                raise DataNotFoundError(
                    f'{path} lists {names[0]!r}, but {first} does not '
                    'exist; check data_root and data_prefix\n'
                    f'  found    {tree(self.img_prefix or ".")}'
                )
        return samples

    def _place(self, name: str) -> str:
        return join_path(self.img_prefix, name) if self.img_prefix else name

    def _wrong_layout(self, what: str) -> DataNotFoundError:
        place = self.ann_file or self.img_prefix or '.'
        found = place if self.ann_file else tree(place)
        return DataNotFoundError(
            f'{type(self).__name__}: {what} in {place}\n'
            f'  expected {_EXPECTED}; endings {" ".join(self.extensions)}\n'
            f'  found    {found}'
        )
