"""Made-up data in the form of the real: random, but the same every time."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np

MEAN = (125.307, 122.961, 113.8575)
STD = (51.5865, 50.847, 51.255)


def write_cifar10(root: Path, images_per_file: int) -> str:
    """Random images in the files of CIFAR-10, python version.

    Args:
        root: The ``data_root`` that datasets are given.
        images_per_file: There are five files to train with and one to test.

    Returns:
        ``root``.
    """
    folder = root / 'cifar-10-batches-py'
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name in (*(f'data_batch_{i}' for i in range(1, 6)), 'test_batch'):
        content = dict(
            data=rng.integers(0, 256, (images_per_file, 3072), dtype=np.uint8),
            labels=rng.integers(0, 10, images_per_file).tolist(),
        )
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
    names = dict(label_names=[f'class {i}' for i in range(10)])
    (folder / 'batches.meta').write_bytes(pickle.dumps(names, protocol=2))
    return str(root)


def write_jpegs(root: Path, count: int, classes: int = 2) -> list[str]:
    """Photograph-like JPEG files of 500 x 375 pixels in folders of classes.

    Blurred noise at several scales has about the detail, and so the size (42 KB)
    and the cost of decoding, of a photograph at quality 90.

    Args:
        root: ``root/train/class_0`` and so on are filled.
        count: Number of files.
        classes: Number of folders.

    Returns:
        The paths.
    """
    rng = np.random.default_rng(0)
    paths = []
    for number in range(count):
        folder = root / 'train' / f'class_{number % classes}'
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f'{number:05}.jpg'
        cv2.imwrite(str(path), _photograph(rng), [cv2.IMWRITE_JPEG_QUALITY, 90])
        paths.append(str(path))
    return paths


def _photograph(rng: np.random.Generator) -> np.ndarray:
    picture = np.full((375, 500, 3), 128, np.float32)
    for cell, strength in ((128, 60), (32, 30), (8, 15), (2, 4.5)):
        shape = (375 // cell + 2, 500 // cell + 2, 3)
        noise = rng.normal(0, strength, shape).astype(np.float32)
        picture += cv2.resize(noise, (500, 375), interpolation=cv2.INTER_CUBIC)
    return picture.clip(0, 255).astype(np.uint8)
