"""Your own images: in class folders, or listed in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from logging import WARNING
from pathlib import Path
from typing import Any, Literal

from mmengine.fileio import join_path
from mmengine.logging import print_log

from ..errors import DataError, DataNotFoundError, did_you_mean
from ..registry import DATASETS
from .base_dataset import BaseDataset
from .folders import IMAGE_EXTENSIONS, find_images, held_out, subfolders, tree

_SPLITS = ('train', 'val', 'test')
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
    one.

    File: a path and a label on each line, with a blank or a tab between them; the
    label is a class index or the name of a class (with a tab it may contain
    blanks). Paths are relative to ``data_root`` and ``data_prefix``.

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
        if split is not None and split not in _SPLITS:
            raise ValueError(f'split is one of {_SPLITS}, got {split!r}')
        if not 0 < val_fraction < 1:
            raise ValueError(f'val_fraction lies between 0 and 1, got {val_fraction}')
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
        if not place.exists():
            raise DataNotFoundError(
                f'{type(self).__name__}: {place} does not exist; set '
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
            for path in paths:
                keys.append(f'{name}/{path}')
                place = join_path(str(folder), keys[-1])
                samples.append(dict(img_path=place, gt_label=names[name]))
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
            train = Path(self.img_prefix, 'train')
            by_train = self.split is not None and train.is_dir()
            classes = subfolders(train if by_train else folder)
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
        path = Path(self.ann_file)
        if path.suffix == '.json':
            return list(super().load_data_list())
        lines = path.read_text(encoding='utf-8-sig').splitlines()
        rows = [(n, line.strip()) for n, line in enumerate(lines, 1) if line.strip()]
        if not self.with_label:
            samples = [dict(img_path=self._place(text)) for _, text in rows]
        else:
            split = [self._split_line(n, text) for n, text in rows]
            labels = self._label_indices(
                [label for _, label in split], [n for n, _ in rows]
            )
            samples = [
                dict(img_path=self._place(name), gt_label=label)
                for (name, _), label in zip(split, labels, strict=True)
            ]
        if samples and '://' not in samples[0]['img_path']:
            first = Path(samples[0]['img_path'])
            if not first.exists():
                raise DataNotFoundError(
                    f'{path} lists {rows[0][1].split()[0]!r}, but {first} does not '
                    'exist; check data_root and data_prefix\n'
                    f'  found    {tree(self.img_prefix or ".")}'
                )
        return samples

    def _place(self, name: str) -> str:
        return join_path(self.img_prefix, name) if self.img_prefix else name

    def _split_line(self, number: int, text: str) -> tuple[str, str]:
        name, _, label = text.rpartition('\t' if '\t' in text else ' ')
        if not name:
            raise DataError(
                f'{self.ann_file}:{number}: expected "path label", got {text!r}; '
                'set with_label=False if there are no labels'
            )
        return name.strip(), label.strip()

    def _label_indices(self, labels: list[str], numbers: list[int]) -> list[int]:
        """Class indices of labels that are indices, or names."""
        names = self.class_to_idx
        by_index = all(map(_is_index, labels))
        if by_index and not set(labels) <= set(names):
            indices = [int(label) for label in labels]
            limit = len(names) or max(indices, default=0) + 1
            for index, number in zip(indices, numbers, strict=True):
                if not 0 <= index < limit:
                    raise DataError(
                        f'{self.ann_file}:{number}: label {index} is not a class; '
                        f'they go from 0 to {limit - 1}; correct it, or state more '
                        'classes'
                    )
            return indices
        if not names:
            self._metainfo['classes'] = tuple(sorted(set(labels)))
            names = self.class_to_idx
        unknown = [
            (label, number)
            for label, number in zip(labels, numbers, strict=True)
            if label not in names
        ]
        if unknown:
            # A word, if there is one, is why indices are none either.
            label, number = min(unknown, key=lambda entry: _is_index(entry[0]))
            raise DataError(
                f'{self.ann_file}:{number}: {label!r} is none of the {len(names)} '
                f'classes{did_you_mean(label, names)}; correct it, or state more '
                'classes'
            )
        return [names[label] for label in labels]

    def _wrong_layout(self, what: str) -> DataNotFoundError:
        place = self.ann_file or self.img_prefix or '.'
        found = place if self.ann_file else tree(place)
        return DataNotFoundError(
            f'{type(self).__name__}: {what} in {place}\n'
            f'  expected {_EXPECTED}; endings {" ".join(self.extensions)}\n'
            f'  found    {found}'
        )


def _is_index(label: str) -> bool:
    return label.lstrip('-').isdecimal()
