"""Steps of a pipeline for walks: read, choose frames, cut."""

from __future__ import annotations

import random
from collections.abc import Sequence
from logging import WARNING

import numpy as np
from mmengine.logging import print_log

from ...errors import DataError, check_at_least, check_choice
from ...registry import TRANSFORMS
from .base import BaseTransform, below, rng_of
from .fields import (
    FIELDS,
    CompanionField,
    FixedField,
    SequenceField,
    register_field,
)
from .geometry import fields_of
from .sequence_files import read_sequence

__all__ = [
    'LoadSequence',
    'SampleFrames',
    'SilhouetteCut',
    'choose_frames',
    'shows_anybody',
]

register_field('heatmaps', SequenceField())
for _name in ('poses', 'ratios'):
    register_field(_name, FixedField())

_SAMPLE_TYPES = (
    'fixed_unordered',
    'fixed_ordered',
    'unfixed_unordered',
    'unfixed_ordered',
    'all_ordered',
    'all_unordered',
)


@TRANSFORMS.register_module()
class LoadSequence(BaseTransform):
    """Read the frames of a walk from the files of ``results['seq_paths']``.

    Files are ``.pkl``, ``.npy`` or ``.npz`` with one array each, or a folder of
    pictures. A pickle is read without executing anything in it. Silhouettes are bytes,
    0 to 255: masks of 0 and 1, or of booleans, are brought to that. A walk that is
    black throughout is named in a warning, once.

    Args:
        keys: Names of the modalities, in the order of the files.
        data_in_use: Which files are read: a boolean for each file in the order of
            their names, or their places in the order wanted; all by default.

    Shape:
        sils: ``(S, H, W)``; heatmaps: ``(S, H, W, C)``, of files with ``(S, C, H, W)``.

    Raises:
        DataError: if a file is damaged, has no frame, or another number of them.

    Example:
        >>> np.save('walk.npy', np.ones((5, 64, 44), bool))
        >>> load = TRANSFORMS.build(dict(type='LoadSequence'))
        >>> frames = load(dict(seq_paths=['walk.npy']))['sils']
        >>> frames.shape, frames.max()
        ((5, 64, 44), np.uint8(255))
    """

    is_random = False
    reads_files = True

    def __init__(
        self,
        keys: Sequence[str] = ('sils',),
        data_in_use: Sequence[bool] | Sequence[int] | None = None,
    ) -> None:
        self.keys = (keys,) if isinstance(keys, str) else tuple(keys)
        self.data_in_use = data_in_use
        self._reported: set[str] = set()

    def transform(self, results: dict) -> dict:
        """Read the files, unless their arrays are there."""
        if all(key in results for key in self.keys):
            return results
        paths = results.get('seq_paths')
        if not paths:
            raise DataError(
                'LoadSequence: the sample has no seq_paths to read, it has '
                f'{sorted(results)}; use a dataset of walks'
            )
        arrays = read_sequence(paths, self.data_in_use)
        if len(arrays) != len(self.keys):
            raise DataError(
                f'LoadSequence: keys names {len(self.keys)} modalities '
                f'({", ".join(self.keys)}), but there are {len(arrays)} files beside '
                f'{paths[0]}; set keys, or choose with data_in_use'
            )
        for key, array in zip(self.keys, arrays, strict=True):
            results[key] = _as_field(key, array, paths[0])
            if _is_sequence(key) and not shows_anybody(results[key]):
                self._report(paths[0])
        return results

    def _report(self, path: str) -> None:
        if path not in self._reported:
            self._reported.add(path)
            message = f'{path} shows nobody: all of its frames are black; remove it'
            print_log(message, 'current', WARNING)


def shows_anybody(frames: np.ndarray) -> bool:
    """Whether a frame of a walk has a pixel that is not black; mostly the first has."""
    return bool(frames[0].any() or frames.any())


def _as_field(key: str, array: np.ndarray, path: str) -> np.ndarray:
    if not _is_sequence(key):
        return array
    if array.ndim == 4:  # (S, C, H, W) in the files
        return np.ascontiguousarray(array.transpose(0, 2, 3, 1))
    if array.ndim != 3:
        raise DataError(
            f'{path}: frames are (S, H, W) or (S, C, H, W), got {array.shape}'
        )
    if array.dtype == bool or (array.dtype.kind in 'ui' and _is_mask(array)):
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == 'f':
        largest = array.max()
        if not (array.min() >= 0 and largest <= 255):
            raise DataError(
                f'{path}: silhouettes must lie in [0, 255] or [0, 1], got '
                f'{array.min()} to {largest}'
            )
        scale = 255 if largest <= 1 else 1
        return (array * scale).round().astype(np.uint8)
    if array.dtype == np.uint8:
        return array
    low, high = int(array.min()), int(array.max())
    if array.dtype == np.uint16 and high > 255:
        return (array >> 8).astype(np.uint8)
    if low < 0 or high > 255:
        raise DataError(
            f'{path}: silhouettes must lie in [0, 255], got {low} to {high}'
        )
    return array.astype(np.uint8)


def _is_mask(array: np.ndarray) -> bool:
    """Whether there are only 0 and 1; mostly the first frame says that it is not so."""
    few = array[0].max(initial=0) <= 1 and array.max(initial=0) <= 1
    return few and (array.dtype.kind == 'u' or array.min(initial=0) >= 0)


def choose_frames(
    length: int,
    how: str,
    order: str,
    count: int,
    skip: int,
    rng: random.Random,
) -> np.ndarray:
    """The places of the frames that are taken of a walk.

    Args:
        length: Frames that there are.
        how: ``'fixed'`` or ``'unfixed'``: ``count`` frames; ``'all'``: all of them,
            or the first ``count``.
        order: ``'unordered'`` draws frames, with replacement only where there are too
            few. ``'ordered'`` draws a window of ``count + skip`` frames, and leaves
            ``skip`` of them out; a shorter walk is stretched to the window.
        count: Frames that are wanted; 0 of all is no limit.
        skip: See above.
        rng: Draws.

    Example:
        >>> choose_frames(9, 'fixed', 'ordered', 10, 0, random.Random(0)).tolist()
        [0, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    """
    if how == 'all':
        places = list(range(length))[: count or None]
        if order == 'unordered':
            rng.shuffle(places)
        return np.asarray(places)
    if order == 'unordered':
        if length < count:
            return np.asarray([below(rng, length) for _ in range(count)])
        if length > 8 * count:
            return np.asarray(rng.sample(range(length), count))
        # Every frame draws a number, and the smallest ones are taken: a quarter of the
        # time that it takes to draw frame by frame.
        return np.frombuffer(rng.randbytes(8 * length), '<u8').argsort()[:count]
    window = count + skip
    chosen = np.arange(count)
    if skip:
        chosen = np.sort(rng.sample(range(window), count))
    if length < window:
        return chosen * length // window
    return below(rng, length - window + 1) + chosen


@TRANSFORMS.register_module()
class SampleFrames(BaseTransform):
    """Choose some frames of a walk, the same ones of each modality.

    Its arguments are those of OpenGait's ``sampler``.

    Args:
        sample_type: ``'fixed_...'``: ``frames_num_fixed`` frames; ``'unfixed_...'``:
            as many as are drawn between ``frames_num_min`` and ``frames_num_max``;
            ``'all_...'``: all. Of these ``'..._unordered'`` are any, and
            ``'..._ordered'`` follow each other. A walk that is too short gives some
            frames several times.
        frames_num_fixed: See above.
        frames_num_min: See above.
        frames_num_max: See above.
        frames_skip_num: How many frames are left out in between, for ``'ordered'``.
        frames_all_limit: How many frames ``'all_...'`` takes at most, the first
            ones; 0 is no limit.
        keys: The modalities; by default all sequences, poses and ratios.

    Raises:
        DataError: if there is no frame to choose from.
        ValueError: if the sample type is unknown, or a number that it needs is absent.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='SampleFrames', sample_type='fixed_ordered', frames_num_fixed=2))
        >>> step(dict(sils=np.zeros((2, 64, 44), np.uint8)))['sils'].shape
        (2, 64, 44)
    """

    def __init__(
        self,
        sample_type: str,
        frames_num_fixed: int | None = None,
        frames_num_min: int | None = None,
        frames_num_max: int | None = None,
        frames_skip_num: int = 0,
        frames_all_limit: int = 0,
        keys: Sequence[str] | None = None,
    ) -> None:
        check_choice(_SAMPLE_TYPES, sample_type=sample_type)
        self.sample_type = sample_type
        self._how, self._order = sample_type.split('_')
        self.frames_num_fixed = frames_num_fixed
        self.frames_num_min = frames_num_min
        self.frames_num_max = frames_num_max
        self.frames_skip_num = frames_skip_num
        self.frames_all_limit = frames_all_limit
        self.keys = None if keys is None else tuple(keys)
        needed = dict(
            fixed=('frames_num_fixed',), unfixed=('frames_num_min', 'frames_num_max')
        )
        for name in needed.get(self._how, ()):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    f'{sample_type} needs {name} of 1 or more, got {value}'
                )
        check_at_least(
            0, frames_skip_num=frames_skip_num, frames_all_limit=frames_all_limit
        )
        if self._how == 'unfixed' and frames_num_min > frames_num_max:
            raise ValueError(
                f'frames_num_min={frames_num_min} is above '
                f'frames_num_max={frames_num_max}'
            )

    @property
    def is_random(self) -> bool:  # type: ignore[override]
        """Whether frames are drawn."""
        return self.sample_type != 'all_ordered'

    def transform(self, results: dict) -> dict:
        """Keep the chosen frames."""
        keys = [key for key in self.keys or _modalities(results) if key in results]
        lengths = {len(results[key]) for key in keys}
        if len(lengths) != 1 or 0 in lengths:
            where = results.get('seq_paths') or results.get('seq_path') or 'a sequence'
            found = {key: len(results[key]) for key in keys}
            raise DataError(
                f'SampleFrames: {where}: expected one number of frames above 0, got '
                f'{found or "no sequence"}'
            )
        rng = rng_of(results)
        places = choose_frames(
            lengths.pop(),
            self._how,
            self._order,
            self._count(rng),
            self.frames_skip_num,
            rng,
        )
        for key in keys:
            results[key] = results[key][places]
        return results

    def _count(self, rng: random.Random) -> int:
        if self._how == 'fixed':
            return self.frames_num_fixed
        if self._how == 'all':
            return self.frames_all_limit
        return rng.randint(self.frames_num_min, self.frames_num_max)


def _modalities(results: dict) -> list[str]:
    return [
        key
        for key in results
        if key in ('poses', 'ratios')
        or (_is_sequence(key) and FIELDS[key].belongs_to is None)
    ]


def _is_sequence(key: str) -> bool:
    return isinstance(FIELDS.get(key), SequenceField)


@TRANSFORMS.register_module()
class SilhouetteCut(BaseTransform):
    """Cut the sides off, which are empty: 64 columns become 44, 128 become 88.

    Frames that are 44 or 88 columns wide, two thirds of their height, have been cut
    already and stay as they are.

    Args:
        cutting: Columns that are cut from each side, whatever the width; by default
            10 of 64.
        keys: The modalities; those that a sample lacks are left out.

    Raises:
        DataError: if the frames are of another width, or the sample has further fields
            that would have to be cut.

    Example:
        >>> cut = TRANSFORMS.build(dict(type='SilhouetteCut'))
        >>> [cut(dict(sils=np.zeros((3, 64, w), np.uint8)))['sils'].shape[2]
        ...  for w in (64, 44)]
        [44, 44]
    """

    is_random = False

    def __init__(
        self, cutting: int | None = None, keys: Sequence[str] = ('sils', 'heatmaps')
    ) -> None:
        self.cutting = cutting
        self.keys = tuple(keys)

    def transform(self, results: dict) -> dict:
        """Cut each modality."""
        cut = {key: self._cut(results, key) for key in self.keys if key in results}
        if any(frames is not results[key] for key, frames in cut.items()):
            self._refuse_left_behind(results)
        results.update(cut)
        return results

    def _refuse_left_behind(self, results: dict) -> None:
        for name, field in fields_of(results):
            if name not in self.keys and type(field) is not CompanionField:
                raise DataError(
                    f'SilhouetteCut cuts {", ".join(self.keys)}, but not the field '
                    f'{name}; add it to keys if it is a sequence of the same frames, '
                    'or leave it out of the sample'
                )

    def _cut(self, results: dict, key: str) -> np.ndarray:
        frames = results[key]
        height, width = frames.shape[1:3]
        if self.cutting is not None:
            side = self.cutting
        elif width % 64 == 0:
            side = width // 64 * 10
        elif width * 64 == height * 44:
            return frames
        else:
            where = results.get('seq_paths') or key
            raise DataError(
                f'SilhouetteCut: {where}: frames are {height}x64 or {height}x44 for 64 '
                f'rows (or larger in proportion), got {height}x{width}; make them with '
                'tools/prepare_gait.py, or set cutting'
            )
        if 2 * side >= width:
            raise DataError(
                f'SilhouetteCut: {side} columns cannot be cut from each side of frames '
                f'that are {width} wide; set a smaller cutting'
            )
        return frames[:, :, side : width - side]
