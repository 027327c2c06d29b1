"""Predict disparities and depth from pairs of pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np

from ...datasets.layouts.pairs import views_in
from ...datasets.transforms import encode_disparity
from ...errors import DataError, UserError
from ...structures import DataSample
from ...visualization import (
    disparity_colours,
    disparity_scale,
    error_colours,
    write_image,
)
from .base import Inferencer
from .pairing import find_pairs
from .prediction import Prediction
from .sources import Source, find_groups

__all__ = ['StereoInferencer', 'StereoPrediction']

_RAW = ('.npy', '.pfm')


class StereoPrediction(Prediction):
    """The disparity of a pair.

    Args:
        sources: The left and the right view.
        sample: The sample, with ``pred_disparity`` ``(H, W)`` in px.
        classes: Not used.

    Example:
        >>> sample = DataSample(pred_disparity=torch.tensor([[2., 4.]]))
        >>> views = [Source('left', array=np.zeros((1, 2, 3), np.uint8))] * 2
        >>> prediction = StereoPrediction(views, sample)
        >>> prediction['max'], prediction.depth(focal_length=8, baseline=0.5)
        (4.0, array([[2., 1.]], dtype=float32))
    """

    @property
    def disparity(self) -> np.ndarray:
        """The disparity in px, float32, ``(H, W)``."""
        value = self.sample.pred_disparity
        return value.reshape(value.shape[-2:]).float().numpy()

    def to_dict(self) -> dict[str, Any]:
        """Size, and the least, median and largest disparity; the map is written apart.

        See :meth:`save_disparity`.
        """
        values = self.disparity
        height, width = values.shape
        return dict(
            right=self.sources[1].name,
            width=width,
            height=height,
            min=float(values.min()),
            median=float(np.median(values)),
            max=float(values.max()),
        )

    def plot(self) -> np.ndarray:
        """The left view, the disparity beside it, and its scale in px, RGB.

        Shape:
            returns: ``(H, 2 W + S, 3)``, with a scale of ``S`` pixels.
        """
        image = self.image
        if image.ndim == 2:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
        largest = max(float(self.disparity.max()), 1e-6)
        scale = disparity_scale(len(image), largest)
        return np.concatenate([image, self.colours(), scale], axis=1)

    def colours(self, max_disp: float | None = None) -> np.ndarray:
        """The disparity in colours, RGB, ``(H, W, 3)``.

        Args:
            max_disp: Disparity at the end of the scale; by default the largest one.
        """
        return disparity_colours(self.disparity, max_disp)

    def error_colours(self, gt_disparity: np.ndarray) -> np.ndarray:
        """The error in colours of a fixed scale, blue to red, RGB, ``(H, W, 3)``.

        As on KITTI an error counts by the smaller of its size over 3 px and its share
        over 5 %; each colour is twice the one before, white is 1, and what is unknown
        is black.

        Args:
            gt_disparity: Ground truth in px, ``(H, W)``; 0 where it is unknown.

        Raises:
            DataError: if it is of another size.
        """
        gt_disparity = np.asarray(gt_disparity, np.float32)
        if gt_disparity.shape != self.disparity.shape:
            raise DataError(
                f'the ground truth is {gt_disparity.shape}, the prediction '
                f'{self.disparity.shape}; both have the size of the picture'
            )
        return error_colours(self.disparity, gt_disparity)

    def depth(
        self, focal_length: float, baseline: float, offset: float = 0.0
    ) -> np.ndarray:
        """Depth in the unit of the baseline, float32, ``(H, W)``; inf at disparity 0.

        Args:
            focal_length: In px.
            baseline: Distance of the cameras.
            offset: Horizontal distance of their principal points in px (``doffs``).
        """
        if focal_length <= 0 or baseline <= 0:
            raise UserError(
                'focal_length (px) and baseline are above 0, got '
                f'{focal_length} and {baseline}'
            )
        shift = self.disparity + np.float32(offset)
        near = np.float32(focal_length * baseline) / np.where(shift > 0, shift, 1)
        return np.where(shift > 0, near, np.float32(np.inf))

    def save(self, path: str | Path) -> Path:
        """Write :meth:`plot`, and the disparity beside it.

        ``name.png`` is the picture, ``name_disparity`` the disparity in px as
        ``.npy``, ``.pfm`` and 16-bit ``.png`` (of 1/256 px, as on KITTI).
        """
        path = Path(path)
        write_image(self.plot(), path)
        for ending in (*_RAW, '.png'):
            self.save_disparity(path.with_name(f'{path.stem}_disparity{ending}'))
        return path

    def save_disparity(self, path: str | Path) -> Path:
        """Write the disparity in px: ``.npy``, ``.pfm`` or 16-bit ``.png``."""
        return _written(path, encode_disparity(self.disparity, str(path)))

    def save_points(
        self,
        path: str | Path,
        focal_length: float,
        baseline: float,
        offset: float = 0.0,
        max_depth: float | None = None,
    ) -> Path:
        """Write a cloud of coloured points, a binary ``.ply`` file.

        ``x`` goes to the right, ``y`` down and ``z`` away from the left camera, whose
        principal point is taken to be the centre of the picture.

        Args:
            path: The file.
            focal_length: In px.
            baseline: Distance of the cameras, whose unit is that of the points.
            offset: Horizontal distance of their principal points in px.
            max_depth: Points further away are left out.
        """
        depth = self.depth(focal_length, baseline, offset)
        kept = np.isfinite(depth) & (depth <= (max_depth or np.inf))
        rows, columns = np.nonzero(kept)
        height, width = depth.shape
        z = depth[kept]
        points = np.zeros(
            len(z), [(n, '<f4') for n in 'xyz'] + [(n, 'u1') for n in 'rgb']
        )
        points['x'] = (columns - (width - 1) / 2) * z / focal_length
        points['y'] = (rows - (height - 1) / 2) * z / focal_length
        points['z'] = z
        image = self.image
        image = image[..., None].repeat(3, axis=-1) if image.ndim == 2 else image
        for place, name in enumerate('rgb'):
            points[name] = image[..., place][kept]
        header = ['ply', 'format binary_little_endian 1.0']
        header += [f'element vertex {len(z)}']
        header += [f'property float {name}' for name in 'xyz']
        header += [f'property uchar {name}' for name in ('red', 'green', 'blue')]
        text = '\n'.join([*header, 'end_header', ''])
        return _written(path, text.encode() + points.tobytes())


class StereoInferencer(Inferencer):
    """Predicts the disparity of pairs, left and right in turn.

    A folder holds pairs as ``mmlite train --data`` reads them, e.g. ``left/a.png`` with
    ``right/a.png``; two folders without ``left`` and ``right`` hold a view each, and so
    do two patterns. See :class:`Inferencer`.

    Example:
        >>> predict = StereoInferencer('configs/stereo/tinystereo_1xb8-40e_scenes.py')
        >>> left = right = np.zeros((20, 40, 3), np.uint8)
        >>> predict([left, right])[0].disparity.shape
        (20, 40)
    """

    keys: ClassVar[tuple[str, ...]] = ('ref_img', 'tgt_img')

    def groups(self, inputs: Any) -> list[tuple[Source, ...]]:
        """The left and the right view of each pair.

        Raises:
            DataError: if a folder holds no pairs, a view has no counterpart, or two
                patterns stand for different numbers of pictures.
        """
        given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        pairs: list[tuple[Source, ...]] = []
        for are_folders, part in groupby(given, _is_folder):
            part = list(part)
            if not are_folders:
                pairs += find_pairs(part)
            elif len(part) == 2 and not any(map(_views, part)):
                pairs += find_groups(part, len(self.keys))
            else:
                for folder in part:
                    pairs += _pairs_of(folder)
        return pairs or find_groups(inputs, len(self.keys))

    def prediction(
        self, sources: Sequence[Source], sample: DataSample
    ) -> StereoPrediction:
        """The disparity of a pair."""
        return StereoPrediction(sources, sample)


def _is_folder(given: Any) -> bool:
    return isinstance(given, (str, os.PathLike)) and _path(given).is_dir()


def _path(given: str | os.PathLike) -> Path:
    return Path(given).expanduser()


def _views(folder: str | os.PathLike) -> list[tuple[str, str]]:
    return views_in(_path(folder))


def _pairs_of(folder: str | os.PathLike) -> list[tuple[Source, ...]]:
    """The pairs in a folder."""
    found = _views(folder)
    if not found:
        raise DataError(
            f'{folder} holds no pairs: expected the folders left/ and right/ in it, '
            'with files of one name; or name two folders, or the left and the right '
            'view in turn'
        )
    return [tuple(Source(view, view) for view in pair) for pair in found]


def _written(path: str | Path, data: bytes) -> Path:
    path = Path(path)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UserError(f'cannot write {path}: {error}') from error
    return path
