"""Write boxes as COCO's JSON, VOC's XML or YOLO's text."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ..errors import DataError
from .boxes import BoxDataset, image_size_of

__all__ = ['WRITERS', 'write_coco', 'write_voc', 'write_yolo']


def write_coco(dataset: BoxDataset, out: str | Path, split: str = 'train') -> Path:
    """Write ``annotations/<split>.json``; images stay where they are.

    Ids count from 1. ``file_name`` is relative to the folder of the images, if the
    dataset has one.

    Args:
        dataset: What is written.
        out: The folder.
        split: Name of the part.

    Returns:
        The file.
    """
    path = Path(out, 'annotations', f'{split}.json')
    images, annotations = [], []
    for place, sample in enumerate(_samples(dataset)):
        width, height = _size(sample)
        name = _name_in(sample['img_path'], dataset.img_prefix)
        number = place + 1
        images.append(dict(id=number, file_name=name, width=width, height=height))
        for box, label, ignore, area in _objects(sample):
            x1, y1, x2, y2 = box
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=number,
                    category_id=label + 1,
                    bbox=[x1, y1, x2 - x1, y2 - y1],
                    area=area,
                    iscrowd=int(ignore),
                )
            )
    names = dataset.CLASSES
    categories = [dict(id=i + 1, name=name) for i, name in enumerate(names)]
    content = dict(images=images, annotations=annotations, categories=categories)
    _write(path, json.dumps(content))
    return path


def write_voc(dataset: BoxDataset, out: str | Path, split: str = 'train') -> Path:
    """Write ``Annotations/*.xml``, ``ImageSets/Main/<split>.txt`` and ``JPEGImages``.

    Pixels count from 1 there: 1 is added to the smaller ends of boxes. Images are
    linked to, or copied where that is not possible.

    Args:
        dataset: What is written.
        out: The folder.
        split: Name of the part.

    Returns:
        The list of the images.
    """
    names = []
    for sample in _samples(dataset):
        source = Path(sample['img_path'])
        names.append(source.stem)
        _place(source, Path(out, 'JPEGImages', source.name))
        root = ElementTree.Element('annotation')
        ElementTree.SubElement(root, 'filename').text = source.name
        size = ElementTree.SubElement(root, 'size')
        for key, value in zip(
            ('width', 'height', 'depth'), (*_size(sample), 3), strict=True
        ):
            ElementTree.SubElement(size, key).text = str(value)
        for (x1, y1, x2, y2), label, ignore, _ in _objects(sample):
            one = ElementTree.SubElement(root, 'object')
            ElementTree.SubElement(one, 'name').text = dataset.CLASSES[label]
            ElementTree.SubElement(one, 'difficult').text = str(int(ignore))
            ends = ElementTree.SubElement(one, 'bndbox')
            for key, value in dict(xmin=x1 + 1, ymin=y1 + 1, xmax=x2, ymax=y2).items():
                ElementTree.SubElement(ends, key).text = f'{value:.10g}'
        text = ElementTree.tostring(root, encoding='unicode')
        _write(Path(out, 'Annotations', f'{source.stem}.xml'), text)
    _refuse_same_names(names)
    path = Path(out, 'ImageSets', 'Main', f'{split}.txt')
    _write(path, '\n'.join(names) + '\n')
    return path


def write_yolo(dataset: BoxDataset, out: str | Path, split: str = 'train') -> Path:
    """Write ``labels/<split>/*.txt``, ``images/<split>`` and ``data.yaml``.

    The format has no place for crowds and difficult objects, so these are left out.
    Images are linked to, or copied where that is not possible. A ``data.yaml`` that is
    there keeps its other splits.

    Args:
        dataset: What is written.
        out: The folder.
        split: Name of the part.

    Returns:
        ``data.yaml``.

    Raises:
        DataError: if ``data.yaml`` has other classes.
    """
    import yaml

    names = []
    for sample in _samples(dataset):
        source = Path(sample['img_path'])
        names.append(source.stem)
        _place(source, Path(out, 'images', split, source.name))
        size = np.array(_size(sample) * 2, float)
        lines = []
        for box, label, ignore, _ in _objects(sample):
            if not ignore:
                x1, y1, x2, y2 = np.array(box) / size
                numbers = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
                lines.append(' '.join([str(label), *(f'{n:.10g}' for n in numbers)]))
        text = ''.join(f'{line}\n' for line in lines)
        _write(Path(out, 'labels', split, f'{source.stem}.txt'), text)
    _refuse_same_names(names)
    path = Path(out, 'data.yaml')
    content = (
        yaml.safe_load(path.read_text('utf-8-sig'))
        if path.is_file()
        else dict(path='.')
    )
    classes = list(dataset.CLASSES)
    if content.setdefault('names', classes) != classes:
        raise DataError(
            f'{path} has the classes {content["names"]}, the dataset {classes}; write '
            'to another folder, or state classes in that order'
        )
    content[split] = f'images/{split}'
    _write(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return path


#: What writes each format.
WRITERS = {'coco': write_coco, 'voc': write_voc, 'yolo': write_yolo}


def _samples(dataset: BoxDataset) -> Sequence[dict]:
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def _objects(sample: dict) -> list[tuple[list[float], int, bool, float]]:
    fields = ('gt_bboxes', 'gt_bboxes_labels', 'gt_ignore_flags', 'gt_area')
    return list(zip(*(sample[field].tolist() for field in fields), strict=True))


def _size(sample: dict) -> tuple[int, int]:
    if 'width' in sample:
        return sample['width'], sample['height']
    return image_size_of(sample['img_path'])


def _name_in(path: str, folder: str) -> str:
    """The path of an image below the folder of images."""
    inside = folder and Path(path).is_relative_to(folder)
    return Path(path).relative_to(folder).as_posix() if inside else path


def _place(source: Path, target: Path) -> None:
    """Link to an image; copy it where that is not possible."""
    if not source.is_file():
        raise DataError(f'there is no image {source}; check where the images are')
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _refuse_same_names(names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f'two images are called {twice[0]!r} but for their folder or '
            'ending; this format knows an image by its name alone, so rename one'
        )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
    except OSError as error:
        raise DataError(f'cannot write {path}: {error}') from error
