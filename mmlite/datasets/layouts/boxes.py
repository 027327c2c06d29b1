"""Boxes in the layouts of COCO, YOLO and Pascal VOC."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...structures.class_lists import checked_names, shortened
from ..annotations import read_data, read_text, read_xml
from ..folders import find_images, held_out, subfolders, visible
from .found import Found, as_lines

__all__ = ['find_coco', 'find_voc', 'find_yolo', 'what_is_no_coco']

#: What part of the images is held out, and by which seed.
HELD_OUT, SEED = 0.2, 0
_HELD_OUT_NOTE = f'{HELD_OUT:.0%} of the images are held out to validate'
#: Files beside COCO's boxes that hold something else.
_OTHER = ('captions', 'person_keypoints', 'panoptic', 'stuff', 'image_info')
_MAY_BE_BOXES = re.compile('annot|instances|coco|box|label|train|val|test', re.I)
_SPLIT_OF = (
    ('train', re.compile(r'train', re.I)),
    ('val', re.compile(r'val', re.I)),
    ('test', re.compile(r'test', re.I)),
)


def split_by_rule(names: Sequence[str]) -> dict[str, list[str]]:
    """Names to train with and names to validate with; of one name only the former."""
    chosen = held_out(names, [0] * len(names), HELD_OUT, SEED)
    parts: dict[str, list[str]] = {'train': [], 'val': []}
    for name, out in zip(names, chosen, strict=True):
        parts['val' if out else 'train'].append(name)
    return {split: part for split, part in parts.items() if part}


def find_coco(root: Path, lists: Path) -> Found | None:
    """COCO's JSON in the folder, in ``annotations/``, or beside each split.

    Raises:
        DataError: if images are not found, or classes of the splits differ.
    """
    files: dict[str, tuple[Path, dict]] = {}
    others = []
    for path in _json_files(root):
        content = _coco_content(path)
        if content is None:
            others.append(path.relative_to(root).as_posix())
            continue
        split = _split_of(path, root)
        if split in files:
            raise DataError(
                f'{files[split][0]} and {path} are both data for {split}; give the '
                'folder of one data set, with files named after train, val and test'
            )
        files[split] = path, content
    if 'train' not in files:
        return None
    names = _category_names(files['train'][1])
    if not names:
        raise DataError(f'{files["train"][0]}: there are no categories')
    for path, content in files.values():
        if _category_names(content) != names:
            raise DataError(
                f'{path}: its categories are not those of {files["train"][0].name}; '
                'give all files the same'
            )
    splits: dict[str, dict[str, Any]] = {}
    for split, (path, content) in files.items():
        folder = _image_folder(root, path, content, split)
        prefix = folder.relative_to(root).as_posix()
        splits[split] = dict(
            type='CocoDataset',
            data_root=str(root),
            ann_file=path.relative_to(root).as_posix(),
            data_prefix='' if prefix == '.' else prefix,
        )
    contents = {split: content for split, (_, content) in files.items()}
    written, notes = {}, []
    if others := [name for name in others if _MAY_BE_BOXES.search(name)]:
        notes.append(f"{', '.join(others)}: not in COCO's format; left out")
    if 'val' not in files:
        parts = split_by_rule([row['file_name'] for row in contents['train']['images']])
        for split, chosen in parts.items():
            path = lists / f'{split}.json'
            content = _subset(files['train'][1], set(chosen))
            contents[split], written[path] = content, json.dumps(content)
            splits[split] = dict(splits['train'], ann_file=str(path))
        notes.append(_HELD_OUT_NOTE)
    counts = {split: len(content['images']) for split, content in contents.items()}
    base = root / splits['train']['data_prefix']
    pictures = [str(base / row['file_name']) for row in contents['train']['images']]
    return Found('COCO', splits, counts, pictures, len(names), written, notes)


def what_is_no_coco(root: Path) -> str:
    """Why a JSON file that seems to hold boxes does not; empty if there is none."""
    for path in _json_files(root):
        where = path.relative_to(root).as_posix()
        if _MAY_BE_BOXES.search(where):
            content = read_data(str(path))
            kind = {list: 'a list', dict: 'a dict without these'}.get(type(content))
            return (
                f'{path}: expected a dict with the lists images, annotations and '
                f"categories, as COCO's files are, got {kind or shortened(content)}"
            )
    return ''


def _json_files(root: Path) -> list[Path]:
    folders = [root, *(root / name for name in subfolders(root))]
    return [
        path
        for folder in folders
        for path in visible(folder, '*.json')
        if not path.name.startswith(_OTHER)
    ]


def _coco_content(path: Path) -> dict | None:
    """What a file holds, if it is in COCO's format."""
    content = read_data(str(path))
    keys = ('images', 'annotations', 'categories')
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), list) for key in keys
    ):
        return None
    for row in content['images']:
        if not isinstance(row, dict) or not isinstance(row.get('file_name'), str):
            raise DataError(f'{path}: an image has no file_name')
    if not content['images']:
        raise DataError(f'{path}: there are no images')
    _check_ids(path, content)
    return content


def _check_ids(path: Path, content: dict) -> None:
    """Every box is that of one image: said here, as a split hides what is wrong."""
    owner: dict[Any, str] = {}
    for row in content['images']:
        other = owner.setdefault(row.get('id'), row['file_name'])
        if other != row['file_name']:
            raise DataError(
                f'{path}: the images {other!r} and {row["file_name"]!r} have the same '
                f'id {row.get("id")!r}'
            )
    rows = [row for row in content['annotations'] if isinstance(row, dict)]
    lost = [row for row in rows if row.get('image_id') not in owner]
    if lost:
        raise DataError(
            f'{path}: {len(lost)} of {len(rows)} annotations are of an image that the '
            f'file does not list; the first has image_id {lost[0].get("image_id")!r}, '
            f'the first image has the id {next(iter(owner))!r}'
        )
    if not rows:
        raise DataError(f'{path}: there are no annotations to learn from')


def _split_of(path: Path, root: Path) -> str:
    """What a file is for, by its name or that of its folder."""
    for text in (path.stem, path.parent.name if path.parent != root else ''):
        for split, pattern in _SPLIT_OF:
            if pattern.search(text):
                return split
    return 'train'


def _category_names(content: dict) -> list[Any]:
    rows = [row for row in content['categories'] if isinstance(row, dict)]
    return [row.get('name') for row in sorted(rows, key=lambda r: str(r.get('id')))]


def _image_folder(root: Path, path: Path, content: dict, split: str) -> Path:
    """The folder from which the file names of the images lead to them."""
    first = content['images'][0]['file_name']
    stem = path.stem.removeprefix('instances_')
    inner = ['', 'images', split, stem, f'images/{split}', f'images/{stem}']
    inner += [name for name in subfolders(root) if name not in inner]
    places = [path.parent, *(root / name for name in inner)]
    for place in places:
        if (place / first).is_file():
            return place
    raise DataError(
        f'{path} names {first!r}, which is neither beside it nor in {root} or one of '
        f'its folders {", ".join(subfolders(root)) or "(none)"}'
    )


def _subset(content: dict, names: set[str]) -> dict:
    images = [row for row in content['images'] if row['file_name'] in names]
    ids = {row.get('id') for row in images}
    rows = [row for row in content['annotations'] if row.get('image_id') in ids]
    return dict(images=images, annotations=rows, categories=content['categories'])


def find_yolo(root: Path, lists: Path) -> Found | None:
    """``data.yaml``, or ``images/`` and ``labels/`` with ``classes.txt``.

    Raises:
        DataError: if the images of a split are not found, or classes have no names.
    """
    content = _yolo_content(root)
    if content is None:
        return None
    names = content['names']
    names = list(names.values()) if isinstance(names, dict) else names
    names = checked_names(names, f'{root / content.get("file", "")}: names')
    images: dict[str, list[Path]] = {}
    for split in ('train', 'val', 'test'):
        given = content.get(split)
        if given is not None:
            images[split] = _yolo_images(root, content, given, split)
    if not images.get('train'):
        raise DataError(f'{root}: there is no image to train with')
    notes, written = [], {}
    settings = dict(type='YoloDataset', data_root=str(root))
    if content.get('complete') and 'val' in images:
        splits = {
            split: dict(settings, ann_file=content['file'], split=split)
            for split in images
        }
    else:
        if 'val' not in images:
            by_name = {path.relative_to(root).as_posix(): path for path in _all(images)}
            parts = split_by_rule(sorted(by_name))
            images |= {s: [by_name[n] for n in part] for s, part in parts.items()}
            notes.append(_HELD_OUT_NOTE)
        for split, paths in images.items():
            written[lists / f'{split}.txt'] = as_lines([str(path) for path in paths])
        described = {split: f'{split}.txt' for split in images} | dict(
            names=list(names)
        )
        # JSON is YAML, and quotes names of classes that YAML would read as numbers.
        written[lists / 'data.yaml'] = json.dumps(described, indent=1) + '\n'
        place = str(lists / 'data.yaml')
        splits = {s: dict(settings, ann_file=place, split=s) for s in images}
    return Found(
        'YOLO',
        splits,
        {split: len(paths) for split, paths in images.items()},
        [str(path) for path in images['train']],
        len(names),
        written,
        notes,
    )


def _all(images: dict[str, list[Path]]) -> list[Path]:
    return images['train']


def _yolo_content(root: Path) -> dict[str, Any] | None:
    """What ``data.yaml`` says, or what it would."""
    for path in sorted([*visible(root, '*.yaml'), *visible(root, '*.yml')]):
        content = read_data(str(path))
        if isinstance(content, dict) and content.get('names') and content.get('train'):
            return dict(content, file=path.name, complete=_is_complete(root, content))
    folders = set(subfolders(root))
    if not {'images', 'labels'} <= folders:
        return None
    lists = [root / name for name in ('classes.txt', 'obj.names', 'labels/classes.txt')]
    named = next((path for path in lists if path.is_file()), None)
    if named is None:
        raise DataError(
            f'{root}: images/ and labels/ are those of YOLO, but nothing names the '
            'classes; add classes.txt with one name a line, or data.yaml'
        )
    names = [line.strip() for line in read_text(named).splitlines() if line.strip()]
    inner = {
        split: next((f for f in subfolders(root / 'images') if p.search(f)), None)
        for split, p in _SPLIT_OF
    }
    places = {split: f'images/{name}' for split, name in inner.items() if name}
    return dict(dict(train='images') if 'train' not in places else places, names=names)


def _is_complete(root: Path, content: dict[str, Any]) -> bool:
    """Whether the dataset finds the images as the file says."""
    base = root / str(content.get('path') or '.')
    return all(
        (base / str(place)).exists()
        for split in ('train', 'val', 'test')
        for place in _as_list(content.get(split))
    )


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _yolo_images(
    root: Path, content: dict[str, Any], given: Any, split: str
) -> list[Path]:
    found = []
    for place in map(str, _as_list(given)):
        bare = re.sub(r'^(\.\./|\./)+', '', place.replace('\\', '/'))
        base = root / str(content.get('path') or '.')
        options = [base / place, root / bare, root / split / 'images']
        where = next((option for option in options if option.exists()), None)
        if where is None:
            raise DataError(
                f'{root}: {split} is {place!r} in {content.get("file", "data.yaml")}, '
                f'but {options[0]} does not exist'
            )
        if where.is_file():
            lines = read_text(where).splitlines()
            found += [base / line.strip() for line in lines if line.strip()]
        else:
            found += [where / name for name in find_images(where)]
    return found


def find_voc(root: Path, lists: Path) -> Found | None:
    """Pascal VOC's XML: ``Annotations/*.xml`` and ``JPEGImages``, or side by side.

    Raises:
        DataError: if a file is no valid XML, or an image is missing.
    """
    by_name = {name.lower(): name for name in subfolders(root)}
    marks = by_name.get('annotations', '')
    pictures = next(
        (by_name[name] for name in ('jpegimages', 'images') if name in by_name), ''
    )
    found = visible(root / marks, '*.xml')
    if not found:
        return None
    stems = {Path(name).stem for name in find_images(root / pictures)}
    names = [path.stem for path in found if path.stem in stems]
    if not names:
        raise DataError(
            f'{root}: {len(found)} XML files, but no image of the same name in '
            f'{root / pictures}'
        )
    notes = []
    if len(names) < len(found):
        notes.append(f'{len(found) - len(names)} XML files have no image; left out')
    classes = sorted(set().union(*(_classes_in(path) for path in found)))
    if not classes:
        raise DataError(f'{root}: none of {len(found)} XML files has an object')
    parts, written = _voc_lists(root, names), {}
    if 'val' not in parts:
        parts |= split_by_rule(names if 'train' not in parts else parts['train'])
        notes.append(_HELD_OUT_NOTE)
    written[lists / 'classes.txt'] = as_lines(classes)
    for split, part in parts.items():
        written[lists / f'{split}.txt'] = as_lines(part)
    splits = {
        split: dict(
            type='VOCDetection',
            data_root=str(root),
            image_set_path=str(lists / f'{split}.txt'),
            data_prefix=dict(img_path=pictures, ann_path=marks or '.'),
            classes=str(lists / 'classes.txt'),
        )
        for split in parts
    }
    paths = {
        Path(p).stem: str(root / pictures / p) for p in find_images(root / pictures)
    }
    return Found(
        'Pascal VOC',
        splits,
        {split: len(part) for split, part in parts.items()},
        [paths[name] for name in parts['train']],
        len(classes),
        written,
        notes,
    )


def _classes_in(path: Path) -> set[str]:
    objects = read_xml(path).findall('object')
    names = {one.findtext('name', '').strip() for one in objects}
    return names - {''}


def _voc_lists(root: Path, names: Sequence[str]) -> dict[str, list[str]]:
    """The splits in ``ImageSets/Main``; only those whose images are there."""
    known = set(names)
    found = {}
    for split in ('train', 'val', 'test'):
        path = root / 'ImageSets/Main' / f'{split}.txt'
        if path.is_file():
            lines = [line.strip() for line in read_text(path).splitlines()]
            found[split] = [line for line in lines if line in known]
    found = {split: part for split, part in found.items() if part}
    return found if 'train' in found else {}
