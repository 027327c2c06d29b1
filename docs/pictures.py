"""Draw the pictures of the pages: python docs/pictures.py [FOLDER]."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from mmlite.datasets import Digits, DigitsRetrieval, Shapes, StereoScenes, Walkers
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
    'RandomResize': dict(scale=(128, 128), ratio_range=(0.5, 1.0)),
    'Pad': dict(size=(176, 176)),
    'Rotate': dict(angle=30.0, prob=1.0),
    'Shear': dict(magnitude=0.4, prob=1.0),
    'Translate': dict(magnitude=0.3, prob=1.0),
    'Shift': dict(x=24, y=12),
    'RandomAffine': dict(max_rotate_degree=30),
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
    'GaussianNoise': dict(sigma=0.1),
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
    'Mosaic': dict(img_scale=(64, 64)),
    'MAERandomResizedCrop': dict(size=128, scale=(0.2, 0.4)),
    'RandomResizedCropAndInterpolationWithTwoPic': dict(size=128, second_size=64),
    'BEiTMaskGenerator': dict(input_size=(16, 16), num_masking_patches=75),
    'SimMIMMaskGenerator': dict(input_size=128, mask_patch_size=16),
}
#: Those for pairs: the left view stands above the right one.
PAIR_STEPS: dict[str, dict[str, Any]] = {
    'SwapFlip': dict(prob=1.0),
    'RandomStereoScale': dict(scale_range=(-1.0, -0.8)),
    'ShiftView': dict(max_shift=12, prob=1.0),
    'ViewErasing': dict(prob=1.0, bounds=(20, 40)),
}
#: Those for walks: some of the frames.
WALK_STEPS: dict[str, dict[str, Any]] = {
    'RandomRotate': dict(prob=1.0, degree=25),
    'RandomPerspective': dict(prob=1.0, shift=15),
    'ElasticDistortion': dict(std=0.04),
    'SilhouetteCut': dict(cutting=8),
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
    infos.sort(key=lambda info: -len(info['gt_bboxes']))
    sample, *others = (
        dict(info, img_shape=(_TILE, _TILE), ori_shape=(_TILE, _TILE)) for info in infos
    )
    pair = StereoScenes(split='test').get_data_info(0)
    walk = Walkers(split='test', num_test=1).get_data_info(3)
    tiles = []
    for start, title, steps in (
        (dict(sample, mix_results=others[:3]), 'the picture', STEPS),
        (pair, 'a pair', PAIR_STEPS),
        (walk, 'a walk', WALK_STEPS),
    ):
        tiles.append(titled(seen(start), title))
        for name, settings in steps.items():
            step = TRANSFORMS.build(dict(type=name, **settings))
            one = dict(copy.deepcopy(start), rng=SampleRandom(3), epoch=1)
            tiles.append(titled(seen(step(one)), name))
    return in_rows(tiles)


def seen(sample: dict[str, Any]) -> np.ndarray:
    """What there is to see of a sample: picture, pair, or some frames of a walk."""
    if 'ref_img' in sample:
        return np.vstack([sample['ref_img'], sample['tgt_img']]).astype(np.uint8)
    if 'sils' in sample:
        return np.hstack(sample['sils'][:18:6]).astype(np.uint8)
    images = sample['img'] if isinstance(sample['img'], list) else [sample['img']]
    image = np.asarray(images[0], np.uint8)
    if 'mask' in sample:  # hidden patches are grey
        hidden = _large(sample['mask'].astype(np.uint8), image.shape[:2]).astype(bool)
        image = np.where(hidden[..., None], np.uint8(128), image)
    return image


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


def _large(
    image: np.ndarray, size: tuple[int, int] = (_TILE - 8, _TILE - 8)
) -> np.ndarray:
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
        quality = [cv2.IMWRITE_JPEG_QUALITY, 55] if path.suffix == '.jpg' else []
        path.write_bytes(cv2.imencode(path.suffix, picture, quality)[1].tobytes())
        print(path)


if __name__ == '__main__':
    main(*sys.argv[1:])
