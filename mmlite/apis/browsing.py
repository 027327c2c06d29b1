"""What a pipeline makes of the data, step by step, as pictures."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from ..config import load_config
from ..datasets.transforms import SampleRandom
from ..errors import ConfigError, UserError
from ..registry import DATASETS
from ..report import as_picture
from ..structures import DataSample
from ..visualization import DRAWERS, labelled_sheet, side_by_side, write_image
from ..visualization.drawers import Look

__all__ = ['browse']

#: The fields that hold pictures, in the order in which they are shown.
_PICTURES = ('img', 'ref_img', 'tgt_img', 'sils')
_MAPS = ('mask', 'gt_seg_map', 'valid')


def browse(
    config: str | Path | Config | dict,
    out: str | Path = 'browsed',
    overrides: Sequence[str] = (),
    *,
    phase: str = 'train',
    number: int = 4,
    start: int = 0,
    seed: int = 0,
) -> Path:
    """Write what each step of a pipeline makes of some samples.

    Boxes, masks and disparities are drawn where a sample has them; of pairs and views
    each picture is shown, of sequences the first frames.

    Args:
        config: A config file, a loaded config, or a dict.
        out: The folder for the pictures; ``contact_sheet.png`` in it has them all, a
            row a sample.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        phase: ``'train'``, ``'val'`` or ``'test'``: whose data.
        number: How many samples.
        start: The first of them.
        seed: Of the random numbers; another one is another augmentation.

    Returns:
        The contact sheet.

    Raises:
        ConfigError: if the config has no such data, or a step cannot be built.
        UserError: if there is no such sample.
        DataError: if a sample cannot be read, or a step does not take it.

    Example:
        >>> browse('configs/resnet18_digits.py', number=1).name
        'contact_sheet.png'
    """
    if phase not in ('train', 'val', 'test'):
        raise UserError(f"phase is 'train', 'val' or 'test', got {phase!r}")
    cfg = load_config(config, overrides)
    dataset = _dataset(cfg, phase)
    if number < 1 or not 0 <= start < len(dataset):
        raise UserError(
            f'there are {len(dataset)} samples, from 0 to {len(dataset) - 1}; '
            f'start={start}, number={number} names none of them'
        )
    folder = Path(out)
    bgr = _is_bgr(cfg)
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    rows = []
    for place in range(start, min(start + number, len(dataset))):
        row = list(_steps_of(dataset, place, seed, bgr, classes))
        for step, (name, image) in enumerate(row):
            word = re.sub(r'\W+', '_', name)
            _write(image, folder / f'{place}_{step}_{word}.png')
        rows.append(row)
    sheet = folder / 'contact_sheet.png'
    _write(labelled_sheet(rows), sheet)
    return sheet


def _write(image: np.ndarray, path: Path) -> None:
    try:
        write_image(image, path)
    except OSError as error:
        raise UserError(f'cannot write {path}: {error}') from error


def _dataset(cfg: Config, phase: str) -> Any:
    section = cfg.get(f'{phase}_dataloader') or {}
    inner = section.get('dataset')
    place = f'{phase}_dataloader.dataset'
    while isinstance(inner, Mapping) and 'pipeline' not in inner:
        wrapped = inner.get('dataset', inner.get('datasets'))
        several = isinstance(wrapped, (list, tuple))
        place += '.datasets.0' if several else '.dataset'
        inner = wrapped[0] if several else wrapped
    if inner is None:
        raise ConfigError(
            f'{place} with a pipeline is missing, so there is nothing to look at',
            cfg.filename,
        )
    try:
        return DATASETS.build(inner) if isinstance(inner, Mapping) else inner
    except ConfigError as error:
        raise ConfigError(error.under(place).problems, cfg.filename) from error


def _is_bgr(cfg: Config) -> bool:
    """Whether the images of the pipeline are in BGR, as those of files are."""
    settings = cfg.get('data_preprocessor') or {}
    own = (cfg.get('model') or {}).get('data_preprocessor') or {}
    settings = {**settings, **own}
    return any(settings.get(name) for name in ('to_rgb', 'bgr_to_rgb'))


def _steps_of(dataset: Any, place: int, seed: int, bgr: bool, classes: Any) -> Any:
    """The name of each step, and the picture after it."""
    data = dataset.get_data_info(place)
    data.update(rng=SampleRandom(seed * 1_000_003 + place), epoch=0)
    if picture := _shown(data, bgr, classes):
        yield 'as stored', side_by_side(picture)
    for number, step in enumerate(dataset.pipeline.transforms):
        name = type(step).__name__
        name = getattr(step, '__name__', 'step') if name == 'function' else name
        try:
            data = step(copy.copy(data))
        except ConfigError:
            raise
        except UserError as error:
            raise type(error)(f'step {number}, {name}: {error}') from error
        if data is None:
            return  # the step asks for another sample
        if picture := _shown(data, bgr, classes):
            yield name, side_by_side(picture)


def _shown(data: dict[str, Any], bgr: bool, classes: Any) -> list[np.ndarray]:
    """The pictures that a sample has at a step."""
    if 'inputs' in data:
        sample = data.get('data_samples') or DataSample()
        inputs = data['inputs']
        several = isinstance(inputs, (list, tuple, Mapping))
        values = list(inputs.values()) if isinstance(inputs, Mapping) else inputs
        pictures = [as_picture(each, bgr) for each in (values if several else [values])]
        sample = sample[0] if isinstance(sample, (list, tuple)) else sample
        return _with_annotations(pictures, sample, classes)
    pictures = []
    for name in _PICTURES:
        value = data.get(name)
        views = value if isinstance(value, (list, tuple)) else [value]
        own = bgr and name != 'sils'
        pictures += [_of_array(view, own) for view in views if view is not None]
    if not pictures:
        return []
    plain = {
        name: value
        for name, value in data.items()
        if name.startswith('gt_') or name in _MAPS
    }
    sample = DataSample()
    for name, value in plain.items():
        if name == 'gt_label':
            sample.set_gt_label(value)
        elif isinstance(value, np.ndarray) or name == 'gt_bboxes':
            sample.set_field(np.asarray(value), name)
    sample.set_metainfo(dict(img_shape=pictures[0].shape[:2]))
    return _with_annotations(pictures, sample, classes)


def _of_array(value: np.ndarray, bgr: bool) -> np.ndarray:
    array = np.asarray(value)
    if array.ndim == 3 and array.shape[2] in (1, 3):
        array = array.transpose(2, 0, 1)
    return as_picture(array, bgr)


def _with_annotations(
    pictures: list[np.ndarray], sample: DataSample, classes: Any
) -> list[np.ndarray]:
    """The first picture with what is annotated, and the maps behind all of them."""
    look = Look(classes, draw_pred=False)
    for drawer in DRAWERS.values():
        here = [name for name in drawer.fields if name.startswith('gt_')]
        if any(name in sample for name in here):
            pictures[0] = drawer.draw(pictures[0], sample, look)
    for name in _MAPS:
        value = sample.get(name)
        if value is not None and getattr(value, 'ndim', 0) >= 2:
            pictures.append(as_picture(np.asarray(value).squeeze()))
    return pictures
