"""What a report shows of an evaluation, by task: kept while it goes, drawn after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..structures import DataSample, has_field, packed_field
from ..visualization import DRAWERS, MOST_BOXES, as_rgb, contact_sheet, resize_image
from ..visualization.drawers import Look
from .blocks import Block, Curves, Line, Matrix, Picture, Pictures

__all__ = [
    'DrawnEvidence',
    'Evidence',
    'Origin',
    'as_picture',
    'sample_name',
    'short_name',
]

_SHOWN = 8
_SURE = 0.3  # score of a box that is drawn
_ROOM = 256  # pixels of the shorter edge of a picture with boxes


class Origin(NamedTuple):
    """Where the samples of an evaluation come from.

    Args:
        dataset: The dataset.
        classes: Names of its classes; None if it has none.
        bgr: Whether its images are in BGR.
        stride: How far apart two samples of this process are in the dataset; 0 if
            their order is not known.
    """

    dataset: Any
    classes: Sequence[str] | None = None
    bgr: bool = False
    stride: int = 1

    def inputs(self, place: int) -> Any:
        """The sample after the pipeline of the dataset."""
        return self.dataset[place * self.stride]['inputs']

    def picture(self, place: int, frames: int = 6) -> np.ndarray:
        """The picture of a sample, RGB, or its first frames side by side."""
        return as_picture(self.inputs(place), self.bgr, frames)

    def class_name(self, label: int) -> str:
        """What a class is called."""
        known = self.classes is not None and 0 <= label < len(self.classes)
        return str(self.classes[label]) if known else str(label)


class Evidence:
    """Base: keeps the first samples of an evaluation.

    While an evaluation goes on nothing is copied, and no device is waited for.

    Override:
        take: keep what is needed of a batch.
        blocks: what the report shows, after the evaluation.

    Args:
        origin: Where the samples come from.

    Attributes:
        count: How many samples there have been.
    """

    shown: ClassVar[int] = _SHOWN

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.count = 0
        self.samples: list[DataSample] = []

    def take(self, outputs: Sequence[DataSample]) -> None:
        """Keep what is needed of a batch of predictions."""
        missing = self.shown - len(self.samples)
        if missing > 0:
            self.samples += [
                outputs[place] for place in range(min(missing, len(outputs)))
            ]
        self.count += len(outputs)

    def blocks(self, metrics: Mapping[str, Any], evaluator: Any) -> list[Block]:
        """What the report shows.

        Args:
            metrics: The results of the evaluation.
            evaluator: What has measured them.
        """
        raise NotImplementedError

    def title_of(self, place: int, sample: DataSample) -> str:
        """What a sample is called: its file, or its number."""
        for name in ('img_path', 'ref_img_path'):
            path = sample.get(name)
            if isinstance(path, str):
                return path.replace('\\', '/').rpartition('/')[2]
        return f'sample {place * max(self.origin.stride, 1)}'


class DrawnEvidence(Evidence):
    """The first samples, with all that is predicted drawn onto them."""

    def blocks(self, metrics: Mapping[str, Any], evaluator: Any) -> list[Block]:
        """The pictures, and precision over recall where a metric has measured it."""
        pictures = [
            self._drawn(place, sample)
            for place, sample in enumerate(self.samples)
            if self.origin.stride
        ]
        found: list[Block] = []
        if any(pictures):
            note = 'Ground truth is green, predictions are red.'
            if any('pred_scores' in sample for sample in self.samples):
                note += (
                    f' Boxes of a score below {_SURE} are left out, and so are all but '
                    f'the {MOST_BOXES} best of a picture.'
                )
            shown = [picture for picture in pictures if picture]
            found.append(Pictures('Predictions', note, shown))
        return [*precision_recall(evaluator), *found]

    def _drawn(self, place: int, sample: DataSample) -> Picture | None:
        drawers = [
            drawer
            for drawer in DRAWERS.values()
            if any(name in sample for name in drawer.fields)
        ]
        if not drawers:
            return None
        image = self.origin.picture(place)
        if 'pred_bboxes' in sample:
            image = _with_room(image)
        look = Look(self.origin.classes)
        sample = _sure(sample)
        for drawer in drawers:
            image = drawer.draw(image, sample, look)
        name = self.title_of(place, sample)
        boxes = sample.get('pred_bboxes')
        if boxes is not None and 'pred_scores' in sample:
            count = len(boxes)
            shown = f'{MOST_BOXES} of ' if count > MOST_BOXES else ''
            name += f': {shown}{count} box{"" if count == 1 else "es"}'
        return Picture.of(image, name, f'{name} with what is predicted of it')


def _with_room(image: np.ndarray) -> np.ndarray:
    """A small picture larger, so that lines on it are thin and text can be read."""
    short = min(image.shape[:2])
    return image if short >= _ROOM else resize_image(image, _ROOM)


def _sure(sample: DataSample) -> DataSample:
    """A sample without the boxes of a low score."""
    scores = sample.get('pred_scores')
    if not isinstance(scores, Tensor) or 'pred_bboxes' not in sample:
        return sample
    kept = scores >= _SURE
    sample = sample.clone()
    for name in ('pred_bboxes', 'pred_scores', 'pred_labels'):
        sample.set_field(sample.get(name)[kept], name)
    return sample


class ClassEvidence(Evidence):
    """Which classes are confused, and the most confident mistakes."""

    shown: ClassVar[int] = 12

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self.rows: list[tuple[Tensor, Tensor, Tensor]] = []

    def take(self, outputs: Sequence[DataSample]) -> None:
        """Keep label, prediction and confidence of each sample, on their device."""
        self.count += len(outputs)
        label, score = (_column(outputs, name) for name in ('gt_label', 'pred_score'))
        if label is None or score is None or score.ndim != 2 or label.ndim != 1:
            return  # several labels a sample, or none
        confidence, prediction = score.max(dim=1)
        self.rows.append((label, prediction, confidence))
        self.num_classes = score.size(1)

    def blocks(self, metrics: Mapping[str, Any], evaluator: Any) -> list[Block]:
        """The confusion matrix and the worst mistakes."""
        if not self.rows or sum(len(row[0]) for row in self.rows) != self.count:
            return []
        columns = zip(*self.rows, strict=True)
        label, prediction, confidence = (
            torch.cat([part.detach().cpu() for part in column]) for column in columns
        )
        names = [self.origin.class_name(i) for i in range(self.num_classes)]
        counts = torch.bincount(
            label * self.num_classes + prediction, minlength=self.num_classes**2
        ).view(self.num_classes, self.num_classes)
        share = 'Rows are the ground truth, columns the prediction.'
        if self.origin.stride > 1:
            share += f' Of the samples of one of {self.origin.stride} processes.'
        matrix = Matrix.of('Confusion matrix', share, names, counts.numpy())
        return [matrix, *self._worst(label, prediction, confidence)]

    def _worst(
        self, label: Tensor, prediction: Tensor, confidence: Tensor
    ) -> list[Block]:
        wrong = (label != prediction).nonzero().flatten()
        order = confidence[wrong].argsort(descending=True, stable=True)
        pictures = []
        for place in wrong[order][: self.shown if self.origin.stride else 0].tolist():
            true, said = (
                self.origin.class_name(int(each[place])) for each in (label, prediction)
            )
            caption = f'{true} taken for {said} ({confidence[place]:.0%})'
            image = self.origin.picture(place)
            pictures.append(Picture.of(image, caption, caption, 'wrong'))
        share = f'{len(wrong):,} of {len(label):,} samples are wrong'
        if not len(wrong):
            return [Pictures('Worst mistakes', f'None: {share}.')]
        note = f'{share}; these are the most confident ones.'
        return [Pictures('Worst mistakes', note, pictures)] if pictures else []


def precision_recall(evaluator: Any) -> list[Block]:
    """Precision over recall, from the metrics that keep such ``curves``."""
    found: list[Block] = []
    for metric in getattr(evaluator, 'metrics', ()):
        curves = getattr(metric, 'curves', None)
        if isinstance(curves, Mapping) and curves:
            lines = [
                Line(
                    f'{name} ({np.mean(precision):.3f})',
                    np.linspace(0, 1, len(precision)).tolist(),
                    np.asarray(precision, float).tolist(),
                )
                for name, precision in list(curves.items())[:10]
            ]
            note = 'At the lowest overlap (IoU) that counts; the mean in brackets.'
            title = 'Precision over recall'
            found.append(Curves(title, note, lines, 'recall', (0.0, 1.02)))
    return found[:1]


def sample_name(dataset: Any, place: int) -> str:
    """What a sample is called: its path, or its place and its class.

    Args:
        dataset: Where it lies; its ``get_data_info(place)`` has ``img_path`` or
            ``gt_label``.
        place: The place of the sample.

    Example:
        >>> from mmlite.datasets import Digits
        >>> sample_name(Digits(split='test'), 2), sample_name([], 2)
        ('#2 (class 3)', '#2')
    """
    known = dataset.get_data_info(place) if hasattr(dataset, 'get_data_info') else {}
    if known.get('img_path'):
        return str(known['img_path'])
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    label = known.get('gt_label')
    if classes is None or label is None or np.size(label) != 1:
        return f'#{place}'
    return f'#{place} (class {classes[int(label)]})'


def short_name(name: str) -> str:
    """A path without all but its last folder, which is often its class.

    Example:
        >>> short_name('/data/birds/crow/1.png'), short_name('#2 (class 3)')
        ('crow/1.png', '#2 (class 3)')
    """
    return '/'.join(name.replace('\\', '/').split('/')[-2:])


def as_picture(inputs: Any, bgr: bool = False, frames: int = 6) -> np.ndarray:
    """What a dataset gives as a picture: of several inputs or views the first.

    Args:
        inputs: ``(C, H, W)``, frames ``(S, H, W)`` or ``(S, C, H, W)``, a list of
            views, or a dict of inputs.
        bgr: Whether its colours are in the order blue, green, red.
        frames: How many frames of a sequence are shown.

    Shape:
        returns: RGB, uint8, ``(H, W, 3)``; frames side by side.

    Example:
        >>> as_picture(torch.zeros(3, 8, 6)).shape
        (8, 6, 3)
    """
    if isinstance(inputs, Mapping):
        return as_picture(next(iter(inputs.values())), bgr, frames)
    if isinstance(inputs, (list, tuple)):
        return as_picture(inputs[0], bgr, frames)
    array = np.asarray(inputs.detach().cpu().float() if _half(inputs) else inputs)
    if array.dtype != np.uint8:
        array = _stretched(array)
    if array.ndim == 3 and array.shape[0] in (1, 3):
        picture = as_rgb(array.transpose(1, 2, 0))
    elif array.ndim == 2:
        picture = as_rgb(array)
    else:
        picture = contact_sheet(array, count=frames)
    return np.ascontiguousarray(picture[..., ::-1]) if bgr else picture


def _half(inputs: Any) -> bool:
    return isinstance(inputs, Tensor) and inputs.dtype in (
        torch.bfloat16,
        torch.float16,
    )


def _stretched(array: np.ndarray) -> np.ndarray:
    """From whatever range to 0 to 255, which is kept where it is that already."""
    array = array.astype(np.float32)
    low, high = (float(array.min()), float(array.max())) if array.size else (0, 1)
    if low < 0 or high > 255 or high <= 1:
        array = (array - low) / max(high - low, 1e-12) * 255
    return array.round().astype(np.uint8)


def _column(outputs: Sequence[DataSample], name: str) -> Tensor | None:
    """A field of a batch as one tensor ``(B, *)``; None if it has no such."""
    column = packed_field(outputs, name)
    if column is not None or not has_field(outputs, name):
        return column
    values = [sample.get(name) for sample in outputs]
    alike = all(
        isinstance(value, Tensor) and value.shape == values[0].shape for value in values
    )
    if not alike:
        return None
    column = torch.stack(values)
    return column.flatten() if column.shape[1:] == (1,) else column
