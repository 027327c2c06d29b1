"""Folders of data as users have them, a few made-up files each."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np


def picture(path: Path, height: int = 24, width: int = 32, seed: int = 0) -> None:
    """Write a picture of noise around a grey that the seed chooses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 60, (height, width, 3)) + (37 * seed) % 190
    ending = path.suffix.lower()
    # Not imwrite, which takes no name beyond ASCII on every system.
    path.write_bytes(cv2.imencode(ending, image.astype(np.uint8))[1].tobytes())


def silhouette(path: Path, height: int = 64, width: int = 64) -> None:
    """Write a white bar on black, as somebody who stands there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.zeros((height, width), np.uint8)
    image[:, width // 3 : width // 2] = 255
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())


def class_folders(root: Path, classes: tuple[str, ...] = ('cat', 'dog'), each: int = 6):
    """``<class>/<number>.png``."""
    for place, name in enumerate(classes):
        for number in range(each):
            picture(root / name / f'{number}.png', seed=place + len(classes) * number)
    return root


def coco(root: Path, splits: tuple[str, ...] = ('train', 'val'), each: int = 6) -> Path:
    """``annotations/instances_<split>.json`` and the images in ``<split>/``."""
    for split in splits:
        images, boxes = [], []
        for number in range(each):
            name = f'{split}_{number}.jpg'
            picture(root / split / name, 64, 64, seed=number)
            images.append(dict(id=number, file_name=name, width=64, height=64))
            boxes.append(
                dict(
                    id=number,
                    image_id=number,
                    category_id=3 + number % 2,
                    bbox=[8, 8, 32, 32],
                    area=1024,
                    iscrowd=0,
                )
            )
        names = [dict(id=3, name='cup'), dict(id=4, name='hat')]
        content = dict(images=images, annotations=boxes, categories=names)
        path = root / f'annotations/instances_{split}.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    return root


def yolo(root: Path, each: int = 6, with_yaml: bool = True) -> Path:
    """``images/`` and ``labels/``, and ``data.yaml`` or ``classes.txt``."""
    for number in range(each):
        picture(root / f'images/{number}.png', 64, 64, seed=number)
        path = root / f'labels/{number}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{number % 2} 0.5 0.5 0.5 0.5\n')
    if with_yaml:
        (root / 'data.yaml').write_text('train: images\nnames: [cup, hat]\n')
    else:
        (root / 'classes.txt').write_text('cup\nhat\n')
    return root


def voc(root: Path, each: int = 6, beside: bool = False) -> Path:
    """``JPEGImages`` and ``Annotations``, or both kinds of files side by side."""
    pictures, marks = ('', '') if beside else ('JPEGImages', 'Annotations')
    for number in range(each):
        picture(root / pictures / f'img {number}.jpg', 64, 64, seed=number)
        path = root / marks / f'img {number}.xml'
        path.parent.mkdir(parents=True, exist_ok=True)
        name = ('cup', 'hat')[number % 2]
        box = '<xmin>9</xmin><ymin>9</ymin><xmax>40</xmax><ymax>40</ymax>'
        path.write_text(
            f'<annotation><filename>img {number}.jpg</filename>'
            '<size><width>64</width><height>64</height></size>'
            f'<object><name>{name}</name><bndbox>{box}</bndbox></object></annotation>'
        )
    return root


def walks(root: Path, people: int = 6, size: tuple[int, int] = (64, 44)) -> Path:
    """``identity/type/view/<view>.npy``, two types in two views each."""
    rng = np.random.default_rng(0)
    for person in range(people):
        for kind in ('nm-01', 'nm-02'):
            for view in ('000', '090'):
                folder = root / f'{person:03}' / kind / view
                folder.mkdir(parents=True, exist_ok=True)
                frames = rng.integers(0, 2, (8, *size)) * 255
                np.save(folder / f'{view}.npy', frames.astype(np.uint8))
    return root


def pairs(root: Path, each: int = 5, with_disparity: bool = True) -> Path:
    """``left/``, ``right/`` and ``disparity/``; the right view is the left, shifted."""
    shift = 6
    for number in range(each):
        name = f'{number}.png'
        picture(root / 'left' / name, 64, 96, seed=number)
        left = cv2.imread(str(root / 'left' / name))
        (root / 'right').mkdir(exist_ok=True)
        cv2.imwrite(str(root / 'right' / name), np.roll(left, -shift, axis=1))
        if with_disparity:
            (root / 'disparity').mkdir(exist_ok=True)
            known = np.full((64, 96), shift, np.float32)
            np.save(root / 'disparity' / f'{number}.npy', known)
    return root
