"""Images in one folder a class, and images without labels."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import DataError
from ..folders import find_images, held_out, is_hidden, subfolders
from .found import Found, as_lines, splits_in

__all__ = ['find_class_folders', 'find_retrieval', 'find_unlabelled']

#: What part of each class is held out where there is no split, and by which seed.
HELD_OUT, SEED = 0.2, 0
#: What there has to be for each task.
_NEEDS = dict(
    classification='a classification needs two folders of images, one a class',
    retrieval='a retrieval learns to tell things apart, and needs two folders of '
    'images, one a thing, with two images or more in each',
)


class _Labelled(NamedTuple):
    """Images with their classes, of one split."""

    paths: list[str]
    labels: list[str]


def find_class_folders(root: Path, lists: Path) -> Found | None:
    """``<class>/*.jpg``, or ``train/<class>/*.jpg`` and ``val/<class>/*.jpg``.

    Args:
        root: The folder.
        lists: Where lists are to be written.

    Raises:
        DataError: if there is one class alone, or a class in ``val`` that ``train``
            lacks.
    """
    parts, notes = _parts_of(root)
    if parts is None:
        return None
    classes = sorted(set(parts['train'].labels))
    counts = {split: len(part.paths) for split, part in parts.items()}
    pictures = [str(root / path) for path in parts['train'].paths]
    if not notes and {'train', 'val'} <= set(subfolders(root)):
        splits = {name: dict(data_root=str(root), split=name) for name in parts}
        if all((root / name).is_dir() for name in parts):
            return Found(
                'class folders', splits, counts, pictures, len(classes), {}, notes
            )
    splits, files = _listed(root, lists, parts, classes)
    return Found('class folders', splits, counts, pictures, len(classes), files, notes)


def find_retrieval(root: Path, lists: Path) -> Found | None:
    """The same folders for retrieval: what is held out is looked for in the rest."""
    parts, notes = _parts_of(root, 'retrieval')
    if parts is None:
        return None
    classes = sorted(set(parts['train'].labels))
    pictures = [str(root / path) for path in parts['train'].paths]
    splits, files = _listed(root, lists, parts, classes)
    gallery = splits['train']['ann_file']
    for name in ('val', 'test'):
        if name in splits:
            splits[name] |= dict(type='RetrievalQueries', gallery=gallery)
    counts = {split: len(part.paths) for split, part in parts.items()}
    return Found('class folders', splits, counts, pictures, len(classes), files, notes)


def find_unlabelled(root: Path, lists: Path) -> Found | None:
    """Images anywhere in a folder; labels are only used to validate, if there are."""
    try:
        labelled = find_class_folders(root, lists)
    except DataError:
        labelled = None
    if labelled is not None:
        return labelled
    paths = find_images(root)
    if not paths:
        return None
    splits = dict(train=dict(data_root=str(root), with_label=False))
    pictures = [str(root / path) for path in paths]
    return Found('images', splits, dict(train=len(paths)), pictures)


def _parts_of(
    root: Path, task: str = 'classification'
) -> tuple[dict[str, _Labelled] | None, list[str]]:
    """The images of each split, and what is to be said about them."""
    folders = splits_in(root)
    train, notes = _labelled(root, folders.get('train', ''))
    if not train.paths:
        return None, []
    classes = sorted(set(train.labels))
    if len(classes) < 2:
        raise DataError(
            f'{root}: there is one class alone, {classes[0]!r}, with '
            f'{len(train.paths)} images; {_NEEDS[task]}, and --task selfsup learns '
            'from images without labels'
        )
    parts = dict(train=train)
    for split in ('val', 'test'):
        if split not in folders:
            continue
        part, more = _labelled(root, folders[split])
        unknown = sorted(set(part.labels) - set(classes))
        if unknown and part.paths:
            raise DataError(
                f'{root / folders[split] / unknown[0]}: the training has no class '
                f'{unknown[0]!r}, but {", ".join(classes[:5])}; rename or remove it'
            )
        if part.paths:
            parts[split] = part
            notes += more
    if 'val' not in parts:
        notes += _hold_out(parts, classes)
    return parts, notes


def _labelled(root: Path, folder: str) -> tuple[_Labelled, list[str]]:
    base, begin = root / folder, f'{folder}/' if folder else ''
    paths: list[str] = []
    labels: list[str] = []
    empty: list[str] = []
    for name in subfolders(base):
        found = find_images(base / name)
        if not found:
            empty.append(name)
        paths += [f'{begin}{name}/{path}' for path in found]
        labels += [name] * len(found)
    notes = []
    if empty and paths:
        notes.append(f'no image in {", ".join(empty)}, which is no class then')
    loose = [entry for entry in _files_in(base) if entry.lower().endswith(_ENDINGS)]
    if loose and paths:
        notes.append(
            f'{len(loose)} images in {base} are in no class folder, and left out'
        )
    return _Labelled(paths, labels), notes


def _files_in(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return [e.name for e in entries if e.is_file() and not is_hidden(e.name)]


_ENDINGS = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff')


def _hold_out(parts: dict[str, _Labelled], classes: Sequence[str]) -> list[str]:
    """Hold a part of the training out as ``val``; return what is to be said of it."""
    train = parts['train']
    places = {name: i for i, name in enumerate(classes)}
    labels = [places[label] for label in train.labels]
    keys = train.paths
    chosen = held_out(keys, labels, HELD_OUT, SEED)
    if not any(chosen):
        return ['each class has one image, so that none is held out to validate']
    for split, wanted in (('train', False), ('val', True)):
        rows = [
            (path, label)
            for path, label, out in zip(keys, train.labels, chosen, strict=True)
            if out == wanted
        ]
        parts[split] = _Labelled(*map(list, zip(*rows, strict=True)))
    return [f'{HELD_OUT:.0%} of each class are held out to validate']


def _listed(
    root: Path,
    lists: Path,
    parts: Mapping[str, _Labelled],
    classes: Sequence[str],
) -> tuple[dict[str, dict[str, Any]], dict[Path, str]]:
    """Settings that name lists, and these lists."""
    for name in classes:
        if '\t' in name or name != name.strip():
            raise DataError(
                f'the folder {name!r} begins or ends with a blank, or has a tab; '
                'rename it'
            )
    files = {lists / 'classes.txt': as_lines(classes)}
    splits = {}
    for split, part in parts.items():
        path = lists / f'{split}.txt'
        rows = zip(part.paths, part.labels, strict=True)
        files[path] = as_lines([f'{name}\t{label}' for name, label in rows])
        splits[split] = dict(
            data_root=str(root),
            ann_file=str(path),
            classes=str(lists / 'classes.txt'),
        )
    return splits, files
