"""C7: from JPEG files to crops of 224 x 224."""

from __future__ import annotations

import importlib.util
import itertools
import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from data import write_jpegs
from protocol import Goal, Line, Rounds
from session import Session, quiet

from mmlite.registry import DATASETS

_SIZE = 224
_TOGETHER = 20  # images in a turn


def decode_and_crop(session: Session) -> list[Line]:
    """C7: decode, crop, resize; against Pillow, and against plain OpenCV."""
    root = session.folder / 'jpegs'
    paths = write_jpegs(root, session.size(100, 4))
    indices = range(len(paths))
    sides = dict(
        mmlite=_costs(indices, _loader(root, 'cv2')),
        opencv=_costs(paths, _opencv),
    )
    if importlib.util.find_spec('simplejpeg'):
        sides['turbojpeg'] = _costs(indices, _loader(root, 'turbojpeg'))
    if importlib.util.find_spec('PIL'):
        sides['pillow'] = _costs(paths, _pillow())
    rounds = session.compare_often(
        session.size(10, 1), of_steps=statistics.mean, **sides
    )
    what = 'JPEG 500x375 to a random crop of 224, img per core, over'
    raw, note = rounds.ratio('opencv', 'mmlite'), rounds.rates()
    turbo = "the same with imdecode_backend='turbojpeg', over Pillow"
    return [
        Line('C7', f'{what} OpenCV', Goal('>=', 0.95), raw, note, rounds.medians),
        _over_pillow(rounds, 'mmlite', f'{what} Pillow'),
        _over_pillow(rounds, 'turbojpeg', turbo),
    ]


def _over_pillow(rounds: Rounds, side: str, what: str) -> Line:
    goal = Goal('>=', 2)
    for name, package in dict(pillow='Pillow', turbojpeg='simplejpeg').items():
        if name in ('pillow', side) and name not in rounds:
            return Line('C7', what, goal, note=f'{package} absent')
    return Line('C7', what, goal, rounds.ratio('pillow', side))


def _loader(root: Path, backend: str) -> Callable[[int], object]:
    """A dataset of files, decoded, cropped and packed."""
    pipeline = [
        dict(type='LoadImageFromFile', imdecode_backend=backend),
        dict(type='RandomResizedCrop', scale=_SIZE),
        dict(type='PackInputs'),
    ]
    cfg = dict(type='CustomDataset', data_root=str(root), data_prefix='train')
    with quiet():
        return DATASETS.build(dict(cfg, pipeline=pipeline)).__getitem__


def _costs(keys: Sequence, load: Callable[..., object]) -> Callable[[], list[float]]:
    """CPU seconds of each of the next images, cropped alike on all sides."""
    endless = itertools.cycle(enumerate(keys))

    def run() -> list[float]:
        costs = []
        for number, key in itertools.islice(endless, _TOGETHER):
            random.seed(number)
            start = time.process_time()
            load(key)
            costs.append(time.process_time() - start)
        return costs

    return run


def _window(width: int, height: int) -> tuple[int, int, int, int]:
    """A random crop by the usual rule, ``(x, y, width, height)``."""
    for _ in range(10):
        area = width * height * random.uniform(0.08, 1.0)
        aspect = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            x = int(random.random() * (width - w + 1))
            y = int(random.random() * (height - h + 1))
            return x, y, w, h
    return 0, 0, width, height


def _opencv(path: str) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), 1)
    x, y, w, h = _window(image.shape[1], image.shape[0])
    crop = cv2.resize(image[y : y + h, x : x + w], (_SIZE, _SIZE))
    return crop.transpose(2, 0, 1)


def _pillow() -> Callable[[str], np.ndarray]:
    from PIL import Image

    def load(path: str) -> np.ndarray:
        image = Image.open(path).convert('RGB')
        x, y, w, h = _window(*image.size)
        crop = image.crop((x, y, x + w, y + h))
        resized = crop.resize((_SIZE, _SIZE), Image.Resampling.BILINEAR)
        return np.asarray(resized).transpose(2, 0, 1)

    return load
