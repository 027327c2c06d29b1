"""What each step of a pipeline does to the data, as pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from ..datasets import SeededIndex
from ..errors import ConfigError, UserError, wrong_choice
from ..registry import DATASETS
from ..report import as_picture
from ..structures import DataSample
from ..visualization import DRAWERS, labelled_sheet, side_by_side, write_image
from ..visualization.drawers import Look
from .zoo.configs import config_at

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
        config: A config file, a loaded config, or a dict, or the checkpoint or work_dir
            of a training.
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
    phases = ('train', 'val', 'test')
    if phase not in phases:
        raise UserError(wrong_choice('phase', phase, phases))
    cfg = config_at(config, overrides)
    dataset = _dataset(cfg, phase)
    if number < 1 or not 0 <= start < len(dataset):
        raise UserError(
            f'there are {len(dataset)} samples, from 0 to {len(dataset) - 1}; '
            f'start={start}, number={number} names none of them'
        )
    folder = Path(out)
    bgr = _is_bgr(cfg)
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    album = _Album(dataset, bgr, classes)
    rows = []
    for place in range(start, min(start + number, len(dataset))):
        row = album.row(place, seed)
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
    place = f'{phase}_dataloader.dataset'
    found = (cfg.get(f'{phase}_dataloader') or {}).get('dataset')
    if found is None:
        raise ConfigError(
            f'{place} is missing, so there is nothing to look at', cfg.filename
        )
    try:
        return DATASETS.build(found) if isinstance(found, Mapping) else found
    except ConfigError as error:
        raise ConfigError(error.under(place).problems, cfg.filename) from error


def _is_bgr(cfg: Config) -> bool:
    """Whether the images of the pipeline are in BGR, as those of files are."""
    settings = cfg.get('data_preprocessor') or {}
    own = (cfg.get('model') or {}).get('data_preprocessor') or {}
    settings = {**settings, **own}
    return any(settings.get(name) for name in ('to_rgb', 'bgr_to_rgb'))


class _Watched:
    """A step of a pipeline that shows what it gives, the first time for a sample.

    Args:
        step: The step.
        show: Called with a name and the sample.
    """

    def __init__(self, step: Any, show: Callable[[str, Any, dict], None]) -> None:
        self.step = step
        self.show = show

    def __getattr__(self, name: str) -> Any:
        return getattr(self.step, name)

    def __call__(self, data: dict) -> dict | None:
        self.show('as stored', None, data)
        name = type(self.step).__name__
        name = self.step.__name__ if name == 'function' else name
        try:
            data = self.step(data)
        except ConfigError:
            raise
        except UserError as error:
            raise type(error)(f'{name}: {error}') from error
        if data is not None:
            self.show(name, self, data)
        return data


class _Album:
    """The pictures of the steps that a sample goes through.

    Args:
        dataset: The dataset, whose steps are watched from now on.
        bgr: Whether its images are in BGR.
        classes: Names of its classes.
    """

    def __init__(self, dataset: Any, bgr: bool, classes: Sequence[str] | None) -> None:
        self.dataset = dataset
        self.bgr = bgr
        self.classes = classes
        self._seen: list[Any] = []
        self._row: list[tuple[str, np.ndarray]] = []
        for pipeline in _pipelines(dataset):
            steps = [_Watched(step, self._show) for step in pipeline.transforms]
            pipeline.transforms = steps

    def row(self, place: int, seed: int) -> list[tuple[str, np.ndarray]]:
        """Name and picture of each step, for one sample."""
        self._seen, self._row = [], []
        self.dataset[SeededIndex(place, seed * 1_000_003 + place)]
        return self._row

    def _show(self, name: str, step: Any, data: dict) -> None:
        # Further samples that are mixed in go through the same steps.
        if any(step is seen for seen in self._seen):
            return
        self._seen.append(step)
        if pictures := _shown(data, self.bgr, self.classes):
            self._row.append((name, side_by_side(pictures)))


def _pipelines(dataset: Any) -> Iterator[Any]:
    """The pipelines of a dataset, and of those that it is made of."""
    if hasattr(getattr(dataset, 'pipeline', None), 'transforms'):
        yield dataset.pipeline
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    for each in inner:
        if each is not None and each is not dataset:
            yield from _pipelines(each)


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
