"""Draw the pictures of the pages: python docs/pictures.py [FOLDER]."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from mmlite.datasets import Digits, DigitsRetrieval, Shapes
from mmlite.datasets.transforms import SampleRandom
from mmlite.ops import nearest
from mmlite.registry import TRANSFORMS

_TILE, _TEXT, _COLUMNS = 128, 18, 6

#: Every step that changes a picture, with arguments that show what it does.
STEPS: dict[str, dict[str, Any]] = {
    'RandomFlip': dict(prob=1.0),
    'AlternatingFlip': dict(),
    'CenterCrop': dict(crop_size=80),
    'RandomCrop': dict(crop_size=80),
    'RandomResizedCrop': dict(scale=128, crop_ratio_range=(0.2, 0.4)),
    'EfficientNetRandomCrop': dict(scale=128),
    'EfficientNetCenterCrop': dict(crop_size=128),
    'Resize': dict(scale=(128, 64)),
    'ResizeEdge': dict(scale=64),
    'RandomChoiceResize': dict(scales=[(64, 64), (96, 96)]),
    'Pad': dict(size=(176, 176)),
    'Rotate': dict(angle=30.0, prob=1.0),
    'Shear': dict(magnitude=0.4, prob=1.0),
    'Translate': dict(magnitude=0.3, prob=1.0),
    'Shift': dict(x=24, y=12),
    'ColorJitter': dict(brightness=0.6, contrast=0.6, saturation=0.9, hue=0.4),
    'Lighting': dict(
        eigval=[55.46, 4.79, 1.15],
        eigvec=[
            [-0.58, 0.72, 0.40],
            [-0.58, -0.00, -0.81],
            [-0.58, -0.69, 0.42],
        ],
        alphastd=1.0,
    ),
    'PhotoMetricDistortion': dict(),
    'RandomGrayscale': dict(prob=1.0, keep_channels=True),
    'GaussianBlur': dict(radius=3.0, prob=1.0),
    'AutoContrast': dict(prob=1.0),
    'Brightness': dict(magnitude=0.5, prob=1.0),
    'ColorTransform': dict(magnitude=0.9, prob=1.0),
    'Contrast': dict(magnitude=0.7, prob=1.0),
    'Equalize': dict(prob=1.0),
    'Invert': dict(prob=1.0),
    'Posterize': dict(bits=2, prob=1.0),
    'Sharpness': dict(magnitude=0.9, prob=1.0),
    'Solarize': dict(thr=128, prob=1.0),
    'SolarizeAdd': dict(magnitude=60, prob=1.0),
    'Cutout': dict(shape=48, prob=1.0),
    'RandomErasing': dict(erase_prob=1.0, min_area_ratio=0.1),
    'AutoAugment': dict(policies='imagenet'),
    'RandAugment': dict(policies='timm_increasing', num_policies=2, magnitude_level=9),
    'Expand': dict(prob=1.0),
    'MinIoURandomCrop': dict(),
}


def titled(image: np.ndarray, title: str) -> np.ndarray:
    """A tile with a title above it; the picture keeps its shape."""
    tile = np.full((_TILE + _TEXT, _TILE, 3), 255, np.uint8)
    scale = min(1.0, _TILE / max(image.shape[:2]))
    height, width = (max(1, round(edge * scale)) for edge in image.shape[:2])
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    small = small if small.ndim == 3 else cv2.cvtColor(small, cv2.COLOR_GRAY2RGB)
    top, left = _TEXT + (_TILE - height) // 2, (_TILE - width) // 2
    tile[top : top + height, left : left + width] = small
    size = min(0.4, 0.4 * 20 / max(1, len(title)))
    cv2.putText(
        tile, title, (2, 13), cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 1, cv2.LINE_AA
    )
    return tile


def in_rows(tiles: list[np.ndarray], columns: int = _COLUMNS) -> np.ndarray:
    """Tiles side by side, the last row filled with white."""
    blank = np.full_like(tiles[0], 255)
    tiles = tiles + [blank] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)


def transforms() -> np.ndarray:
    """Every step on one picture."""
    shapes = Shapes(split='test')
    infos = [shapes.get_data_info(i) for i in range(20)]
    sample = max(infos, key=lambda info: len(info['gt_bboxes']))
    tiles = [titled(sample['img'], 'the picture')]
    for name, settings in STEPS.items():
        step = TRANSFORMS.build(dict(type=name, **settings))
        one = {key: np.copy(value) for key, value in sample.items()}
        shape = one['img'].shape[:2]
        one.update(rng=SampleRandom(3), epoch=1, img_shape=shape, ori_shape=shape)
        tiles.append(titled(np.asarray(step(one)['img'], np.uint8), name))
    return in_rows(tiles)


def digits() -> np.ndarray:
    """Digits with their classes."""
    data = Digits(split='test')
    infos = [data.get_data_info(i) for i in range(0, 120, 10)]
    names = [data.CLASSES[int(info['gt_label'])] for info in infos]
    pairs = zip(infos, names, strict=True)
    return in_rows([titled(_large(info['img']), name) for info, name in pairs])


def found() -> np.ndarray:
    """Queries, each with the images of the gallery whose pixels are the nearest."""
    parts = {name: DigitsRetrieval(split=name) for name in ('query', 'gallery')}
    images = {
        name: np.stack([data.get_data_info(i)['img'] for i in range(len(data))])
        for name, data in parts.items()
    }
    vectors = {
        name: torch.from_numpy(array).flatten(1).float()
        for name, array in images.items()
    }
    queries = [3, len(parts['query']) - 1]
    _, places = nearest(vectors['query'][queries], vectors['gallery'], 5)
    tiles = []
    for query, row in zip(queries, places.tolist(), strict=True):
        tiles.append(titled(_large(images['query'][query]), 'query'))
        tiles += [
            titled(_large(images['gallery'][place]), f'{rank}.')
            for rank, place in enumerate(row, 1)
        ]
    return in_rows(tiles)


def _large(image: np.ndarray) -> np.ndarray:
    size = (_TILE - 8, _TILE - 8)
    return cv2.resize(np.squeeze(image), size, interpolation=cv2.INTER_NEAREST)


PICTURES = {
    'transforms.jpg': transforms,
    'classification.png': digits,
    'retrieval.png': found,
}


def main(folder: str = str(Path(__file__).parent / 'images')) -> None:
    """Write all pictures into a folder."""
    for name, draw in PICTURES.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = np.ascontiguousarray(draw()[..., ::-1])
        quality = [cv2.IMWRITE_JPEG_QUALITY, 80]
        path.write_bytes(cv2.imencode(path.suffix, picture, quality)[1].tobytes())
        print(path)


if __name__ == '__main__':
    main(*sys.argv[1:])
