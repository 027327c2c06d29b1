"""How each kind of field is drawn: one function a kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from ..structures import DataSample
from .image import as_rgb
from .legends import BoxLabel, disparity_scale, with_legend, write_labels

__all__ = [
    'DRAWERS',
    'MOST_BOXES',
    'Drawer',
    'Look',
    'contact_sheet',
    'disparity_colours',
    'error_colours',
    'label_texts',
]

_GT, _PRED = (0, 200, 0), (230, 60, 40)
_FRAMES = 8  # of a sequence, at most
#: Predicted boxes that are drawn on one picture: more would hide what is in it.
MOST_BOXES = 20


class Look(NamedTuple):
    """What of a sample is drawn, and how.

    Args:
        classes: Names of the classes.
        draw_gt: Whether ground truth is drawn.
        draw_pred: Whether predictions are drawn.
        draw_score: Whether scores are written.
        pred_score_thr: Predicted boxes with a lower score are not drawn.
        most_boxes: Of the predicted boxes only so many are drawn, the best.
    """

    classes: Sequence[str] | None = None
    draw_gt: bool = True
    draw_pred: bool = True
    draw_score: bool = True
    pred_score_thr: float = 0.0
    most_boxes: int = MOST_BOXES

    def sides(self) -> list[tuple[str, str, tuple]]:
        """Prefix, name and colour of what is drawn."""
        sides = [('gt', 'Ground truth', _GT)] * self.draw_gt
        return sides + [('pred', 'Prediction', _PRED)] * self.draw_pred


class Drawer(NamedTuple):
    """One kind of field, and how it is drawn.

    Args:
        fields: Names of the fields; any of them in a sample calls for the drawer.
        draw: ``draw(image, sample, look)`` gives the image with what it draws;
            images are RGB, uint8, ``(H, W, 3)``.
    """

    fields: tuple[str, ...]
    draw: Callable[[np.ndarray, DataSample, Look], np.ndarray]


def draw_boxes(image: np.ndarray, sample: DataSample, look: Look) -> np.ndarray:
    """Boxes, with the names of their classes and their scores.

    Ground truth is in pixels of ``img_shape``, predictions in those of ``ori_shape``;
    both are drawn at the size of the picture. The better a prediction, the later it is
    drawn; ground truth comes on top. A label that has no room is left to a legend below
    the picture; where only the best are drawn, that is written there.
    """
    image = image.copy()
    thickness = max(1, round(min(image.shape[:2]) / 300))
    labels: list[BoxLabel] = []
    notes = []
    for side, _, colour in reversed(look.sides()):
        boxes = sample.get(f'{side}_bboxes')
        if boxes is None:
            continue
        scores = sample.get(f'{side}_bboxes_scores', sample.get(f'{side}_scores'))
        scaled = _numpy(boxes).reshape(-1, 4) * _ratio(image, sample, side)
        places, among = list(range(len(scaled))), len(scaled)
        if side == 'pred' and scores is not None:
            places, among = _best(_numpy(scores), look)
        found = []
        for place in places:
            x1, y1, x2, y2 = (round(float(edge)) for edge in scaled[place])
            cv2.rectangle(image, (x1, y1), (x2, y2), colour, thickness)
            if texts := _box_texts(place, side, sample, scores, look):
                found.append(BoxLabel((x1, y1, x2, y2), texts, colour))
        labels = found[::-1] + labels if side == 'pred' else found + labels
        if len(places) < among:
            notes.append((colour, f'{len(places)} best of {among} boxes'))
    unread = write_labels(image, labels, thickness)
    return with_legend(image, [*unread, *notes])


def _ratio(image: np.ndarray, sample: DataSample, side: str) -> np.ndarray:
    """Pixels of the picture in one of those that boxes are stated in."""
    shapes = ('ori_shape', 'img_shape')[:: 1 if side == 'pred' else -1]
    known = [sample.get(name) for name in shapes if sample.get(name)]
    height, width = known[0] if known else image.shape[:2]
    return np.array([image.shape[1] / width, image.shape[0] / height] * 2)


def _best(scores: np.ndarray, look: Look) -> tuple[list[int], int]:
    """The boxes that are drawn, the best last, and among how many they are."""
    order = np.argsort(scores, kind='stable')
    order = order[scores[order] >= look.pred_score_thr]
    return order[-look.most_boxes :].tolist(), len(order)


def _box_texts(
    place: int, side: str, sample: DataSample, scores: Any, look: Look
) -> tuple[str, ...]:
    """What could be written to a box: all of it, and the class alone."""
    labels = sample.get(f'{side}_bboxes_labels', sample.get(f'{side}_labels'))
    parts = []
    if labels is not None:
        label = int(labels[place])
        known = look.classes is not None and label < len(look.classes)
        parts.append(str(look.classes[label]) if known else str(label))
    if scores is not None and look.draw_score:
        parts.append(f'{float(scores[place]):.2f}')
    return tuple(dict.fromkeys((' '.join(parts), parts[0]))) if parts else ()


def draw_disparity(image: np.ndarray, sample: DataSample, look: Look) -> np.ndarray:
    """Disparities beside the picture, in colours of one scale; unknown ones black.

    Ground truth goes before the prediction; the scale, in px, stands behind them.
    """
    maps = {}
    for side, _, _ in look.sides():
        value = sample.get(f'{side}_disparity')
        if value is not None:
            maps[side] = _numpy(value).reshape(value.shape[-2:]).astype(np.float32)
    known = [m[np.isfinite(m) & (m > 0)] for m in maps.values()]
    largest = max((float(m.max()) for m in known[:1] if m.size), default=1.0)
    coloured = [disparity_colours(value, largest) for value in maps.values()]
    panels = [image, *(_resized(c, image) for c in coloured)]
    scale = disparity_scale(image.shape[0], largest)
    return np.concatenate([*panels, scale], axis=1)


def disparity_colours(
    disparity: np.ndarray, max_disp: float | None = None
) -> np.ndarray:
    """Disparities in colours, blue is far; what is unknown (0 or less) is black.

    Args:
        disparity: In px.
        max_disp: Disparity at the end of the scale; by default the largest one.

    Shape:
        disparity: ``(H, W)``; returns: RGB, uint8, ``(H, W, 3)``.

    Example:
        >>> disparity_colours(np.float32([[0, 2]])).tolist()[0][0]
        [0, 0, 0]
    """
    shown = np.nan_to_num(disparity, nan=0, posinf=0, neginf=0)
    top = max_disp or max(float(shown.max()), 1e-6)
    scaled = (shown / top * 255).clip(0, 255).astype(np.uint8)
    coloured = cv2.applyColorMap(scaled, cv2.COLORMAP_TURBO)[..., ::-1].copy()
    coloured[shown <= 0] = 0
    return coloured


def error_colours(disparity: np.ndarray, gt_disparity: np.ndarray) -> np.ndarray:
    """Errors of disparities in colours of a fixed scale, blue to red.

    As on KITTI an error counts by the smaller of its size over 3 px and its share over
    5 %; each colour is twice the one before, white is 1, and what is unknown is black.

    Args:
        disparity: In px.
        gt_disparity: Ground truth in px; 0 where it is unknown.

    Shape:
        disparity, gt_disparity: ``(H, W)``; returns: RGB, uint8, ``(H, W, 3)``.

    Example:
        >>> error_colours(np.float32([[13]]), np.float32([[10]])).tolist()
        [[[255, 255, 255]]]
    """
    known = np.isfinite(gt_disparity) & (gt_disparity > 0)
    error = np.abs(disparity - np.where(known, gt_disparity, 0))
    share = error / (0.05 * np.where(known, gt_disparity, 1))
    level = np.log2(np.minimum(error / 3, share).clip(2**-4, 2**4)) / 4  # -1 .. 1
    colours = np.stack(
        [1 + np.minimum(level, 0), 1 - np.abs(level), 1 - np.maximum(level, 0)],
        axis=-1,
    )
    return (colours * known[..., None] * 255).round().astype(np.uint8)


def draw_silhouettes(image: np.ndarray, sample: DataSample, look: Look) -> np.ndarray:
    """The first frames of a sequence below the picture."""
    if not len(sample.get('sils')):
        return image
    sheet = contact_sheet(sample.get('sils'))
    width = image.shape[1]
    height = max(1, round(sheet.shape[0] * width / sheet.shape[1]))
    below = cv2.resize(sheet, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.concatenate([image, below])


def draw_reconstruction(
    image: np.ndarray, sample: DataSample, look: Look
) -> np.ndarray:
    """What was seen of a picture, what was made of it, and the picture.

    ``pred_masked`` and ``pred_reconstruction`` are ``(C, H, W)`` from 0 to 255.
    """
    panels = []
    for name in ('pred_masked', 'pred_reconstruction'):
        value = sample.get(name) if look.draw_pred else None
        if value is not None:
            picture = _numpy(value).clip(0, 255).transpose(1, 2, 0)
            panels.append(_resized(as_rgb(picture), image))
    return np.concatenate([*panels, image], axis=1)


#: Every kind of field that is drawn; those of labels are written last, as text.
DRAWERS: dict[str, Drawer] = {
    'boxes': Drawer(('gt_bboxes', 'pred_bboxes'), draw_boxes),
    'disparity': Drawer(('gt_disparity', 'pred_disparity'), draw_disparity),
    'silhouettes': Drawer(('sils',), draw_silhouettes),
    'reconstruction': Drawer(('pred_reconstruction',), draw_reconstruction),
}


def contact_sheet(frames: Tensor | np.ndarray, count: int = _FRAMES) -> np.ndarray:
    """The first frames of a sequence side by side.

    Shape:
        frames: ``(S, H, W)`` or ``(S, C, H, W)``, whose channels are joined by their
        maximum unless they are grey or RGB; returns: uint8, ``(H, W of all, 3)``.

    Example:
        >>> contact_sheet(np.zeros((20, 6, 4), np.uint8), count=3).shape
        (6, 12, 3)
    """
    shown = _numpy(frames)[:count]
    if shown.dtype != np.uint8 and shown.size and shown.max() <= 1:
        shown = shown * 255
    if shown.ndim == 4:
        shown = shown.transpose(0, 2, 3, 1)
        if shown.shape[3] not in (1, 3):  # maps, e.g. of joints and limbs
            shown = shown.max(axis=3)
    return np.concatenate([as_rgb(frame) for frame in shown], axis=1)


def label_texts(sample: DataSample, look: Look) -> list[str]:
    """Lines such as ``'Prediction: 3, 0.87 (cat)'``."""
    lines = []
    are_places = _is_ranking(sample)
    for side, title, _ in look.sides():
        labels = sample.get(f'{side}_label')
        if labels is None:
            continue
        scores = sample.get('pred_score') if side == 'pred' else None
        texts = []
        for place, label in enumerate(labels.tolist()):
            text = str(label)
            if scores is not None and look.draw_score:
                own = place if are_places else label
                text += f', {scores[own].item():.2f}'
            known = look.classes is not None and label < len(look.classes)
            if known and not are_places:
                text += f' ({look.classes[label]})'
            texts.append(text)
        lines.append(f'{title}: {", ".join(texts)}')
    return lines


def _is_ranking(sample: DataSample) -> bool:
    """Whether labels are places in a gallery, each with its score, the best first."""
    labels, scores = sample.get('pred_label'), sample.get('pred_score')
    if labels is None or scores is None or not len(labels) == len(scores) > 1:
        return False
    return bool((scores[:-1] >= scores[1:]).all())


def _resized(picture: np.ndarray, like: np.ndarray) -> np.ndarray:
    size = like.shape[1], like.shape[0]
    return cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST)


def _numpy(value: Any) -> np.ndarray:
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return value.float().numpy() if value.dtype == torch.bfloat16 else value.numpy()
    return np.asarray(value)
