"""Walking figures that are drawn, not filmed: gait recognition without a download."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from ..errors import check_at_least, check_choice
from ..registry import DATASETS
from .base_dataset import BaseDataset

__all__ = ['Walkers', 'draw_walk']

_TYPES = ('nm-01', 'nm-02', 'nm-03', 'nm-04', 'bg-01', 'cl-01')
_VIEWS = ('000', '030', '060', '090')
_SIDES = (-1, 1)


class _Body(NamedTuple):
    """Lengths in units of the height of the hips, and angles of a walk in radians."""

    shin: float
    torso: float
    neck: float
    head: float
    shoulders: float
    hips: float
    arm: float
    foot: float
    limb_width: float
    torso_width: float
    belly: float
    stride: float
    knee: float
    knee_phase: float
    swing: float
    elbow: float
    lean: float
    bounce: float
    sway: float
    cadence: float


#: The range of each, from which an identity is drawn.
_LOW = _Body(
    *(0.40, 0.48, 0.06, 0.085, 0.15, 0.09, 0.52, 0.10, 0.045, 0.11, 0.8),
    *(0.25, 0.4, 0.3, 0.15, 0.1, -0.08, 0.005, 0.00, 0.8),
)
_HIGH = _Body(
    *(0.54, 0.70, 0.12, 0.135, 0.26, 0.16, 0.72, 0.20, 0.085, 0.20, 1.4),
    *(0.55, 1.0, 1.0, 0.70, 1.0, 0.20, 0.05, 0.08, 1.3),
)


def _identity(number: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, number])
    return rng.uniform(_LOW, _HIGH)


def draw_walk(
    identity: int,
    kind: str = 'nm-01',
    view: float = 90.0,
    num_frames: int = 24,
    size: tuple[int, int] = (64, 44),
    seed: int = 0,
) -> np.ndarray:
    """Silhouettes of a walk.

    A body of capsules walks by sines; it is turned to the view, projected in parallel,
    and brought to the height of the frame, as silhouettes of data sets are.

    Args:
        identity: Who walks: proportions and habits.
        kind: ``'nm-01'`` a walk, ``'bg-01'`` one with a bag, ``'cl-01'`` one in a
            coat; each number is another recording.
        view: From where, in degrees: 0 from the front, 90 from the side.
        num_frames: Number of frames ``S``.
        size: ``(H, W)`` in pixels.
        seed: Draws the population.

    Shape:
        returns: ``(S, H, W)``, uint8, 0 or 255.

    Example:
        >>> walk = draw_walk(3, 'bg-01', view=30)
        >>> walk.shape, walk.max()
        ((24, 64, 44), np.uint8(255))
    """
    condition, number = kind.split('-')
    key = [seed, identity, sum(map(ord, condition)), int(number), int(view), 1]
    rng = np.random.default_rng(key)
    own = _identity(identity, seed)
    spread = np.subtract(_HIGH, _LOW)
    body = _Body(*(own + 0.03 * spread * rng.standard_normal(len(own))))
    steps = np.arange(num_frames) * 0.35 * body.cadence + rng.uniform(0, 2 * np.pi)
    starts, ends, widths = _capsules(body, steps, condition)
    angle = np.deg2rad(view + rng.uniform(-4, 4))
    across = np.array([np.sin(angle), np.cos(angle)])
    flat = [
        np.stack([points[..., :2] @ across, points[..., 2]], axis=-1)
        for points in (starts, ends)
    ]
    return _render(*flat, widths, size)


def _capsules(
    body: _Body, steps: np.ndarray, condition: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both ends ``(S, N, 3)`` and half widths ``(N, )``: ahead, to the side, up."""
    zero = np.zeros_like(steps)
    up = body.bounce * np.cos(2 * steps)
    sway = body.sway * np.sin(steps)
    hip = np.stack([zero, sway, 1 + up], -1)
    lean = np.array([np.sin(body.lean), 0, np.cos(body.lean)])
    chest = hip + body.torso * lean
    head = chest + (body.neck + body.head) * lean
    pieces = [(hip, chest, body.torso_width), (head, head, body.head)]
    pieces.append((hip + 0.2 * body.torso * lean, hip, body.torso_width * body.belly))
    for side in _SIDES:
        phase = steps + (np.pi if side > 0 else 0)
        pieces += _leg(body, hip, phase, side)
        pieces += _arm(body, chest, phase, side)
    if condition == 'bg':
        bag = chest - 0.6 * body.torso * lean + np.array([-0.16, 0.12, 0])
        pieces.append((bag, bag + np.array([0, 0, 0.12]), 0.13))
    if condition == 'cl':
        hem = hip - np.array([0, 0, 0.3])
        pieces.append((hem, chest, body.torso_width * 1.35))
    starts, ends, widths = zip(*pieces, strict=True)
    return np.stack(starts, 1), np.stack(ends, 1), np.array(widths)


def _limb(start: np.ndarray, angle: np.ndarray, length: float) -> np.ndarray:
    turned = np.stack([np.sin(angle), 0 * angle, -np.cos(angle)], -1)
    return start + length * turned


def _leg(body: _Body, hip: np.ndarray, phase: np.ndarray, side: int) -> list:
    top = hip + np.array([0, side * body.hips, 0])
    thigh = body.stride * np.sin(phase)
    bend = body.knee * np.clip(np.sin(phase - body.knee_phase - 0.6), 0, None)
    knee = _limb(top, thigh, 1 - body.shin)
    ankle = _limb(knee, thigh - bend, body.shin)
    toe = ankle + np.array([body.foot, 0, 0])
    wide = body.limb_width
    return [
        (top, knee, 1.25 * wide),
        (knee, ankle, wide),
        (ankle, toe, 0.7 * wide),
    ]


def _arm(body: _Body, chest: np.ndarray, phase: np.ndarray, side: int) -> list:
    top = chest + np.array([0, side * body.shoulders, 0])
    upper = -body.swing * np.sin(phase)
    elbow = _limb(top, upper, body.arm / 2)
    hand = _limb(elbow, upper + body.elbow, body.arm / 2)
    wide = 0.7 * body.limb_width
    return [(top, elbow, wide), (elbow, hand, wide), (chest, top, wide)]


def _render(
    starts: np.ndarray, ends: np.ndarray, widths: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """The pixels within the width of a line, in frames as high as the body."""
    height, width = size
    starts, ends, widths = (x.astype(np.float32) for x in (starts, ends, widths))
    rims = np.concatenate([starts[..., 1] + widths, ends[..., 1] + widths], axis=1)
    feet = np.concatenate([starts[..., 1] - widths, ends[..., 1] - widths], axis=1)
    top, bottom = rims.max(axis=1), feet.min(axis=1)
    scale = ((top - bottom) / height)[:, None, None]
    middle = (starts[:, 0, 0] + ends[:, 0, 0])[:, None, None] / 2
    y_places = np.arange(0.5, height, dtype=np.float32)[:, None]
    rows = top[:, None, None] - y_places * scale
    columns = middle + np.arange(0.5 - width / 2, width / 2, dtype=np.float32) * scale
    seen = np.zeros((len(starts), height, width), bool)
    for place, half in enumerate(widths):
        a, line = starts[:, place], ends[:, place] - starts[:, place]
        x = columns - a[:, 0, None, None]
        y = rows - a[:, 1, None, None]
        line_x, line_y = line[:, 0, None, None], line[:, 1, None, None]
        length = np.maximum(line_x**2 + line_y**2, 1e-12)
        along = np.clip((x * line_x + y * line_y) / length, 0, 1)
        seen |= (x - along * line_x) ** 2 + (y - along * line_y) ** 2 < half**2
    return seen.astype(np.uint8) * np.uint8(255)


@DATASETS.register_module()
class Walkers(BaseDataset):
    """Identities that walk in several views and conditions, drawn when asked for.

    They differ in proportions of the body and in habits of walking. Recordings of one
    identity differ a little in both, and in where the walk begins. Those of the test
    are never seen in training. Types and views are written as those of CASIA-B:
    ``nm-01`` to ``nm-04``, ``bg-01`` with a bag and ``cl-01`` in a coat, from 4 views.

    Args:
        split: ``'train'`` or ``'test'``; taken from ``test_mode`` if not stated.
        num_train: Identities of the training.
        num_test: Identities of the test.
        types: Types of the walks.
        num_frames: Frames of a walk ``S``.
        seed: Draws the identities.
        test_mode: Whether a sample must never be replaced by another.
        kwargs: Arguments of :class:`BaseDataset`.

    Shape:
        sils: ``(S, 64, 44)``, uint8.

    Example:
        >>> walks = DATASETS.build(dict(type='Walkers', split='test', num_test=2))
        >>> len(walks), walks.get_data_info(0)['view']
        (48, '000')
    """

    class_unit: ClassVar[str] = 'identities'

    def __init__(
        self,
        split: Literal['train', 'test'] | None = None,
        num_train: int = 60,
        num_test: int = 20,
        types: tuple[str, ...] = _TYPES,
        num_frames: int = 24,
        seed: int = 0,
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        split = split or ('test' if test_mode else 'train')
        check_choice(('train', 'test'), split=split)
        check_at_least(1, num_train=num_train, num_test=num_test)
        check_at_least(1, num_frames=num_frames)
        if not types or not all(re.fullmatch(r'[a-z]+-\d+', kind) for kind in types):
            raise ValueError(f"types are walks such as 'nm-01' or 'bg-02', got {types}")
        check_at_least(0, seed=seed)
        self.split = split
        first, count = (0, num_train) if split == 'train' else (num_train, num_test)
        self.subjects = range(first, first + count)
        self.types = tuple(types)
        self.num_frames = num_frames
        self.seed = seed
        self._drawn: dict[int, np.ndarray] = {}
        super().__init__(test_mode=test_mode or split == 'test', **kwargs)

    def load_data_list(self) -> list[dict]:
        """What walks there are."""
        self._metainfo['classes'] = tuple(f'{i:03d}' for i in self.subjects)
        walks = [
            dict(gt_label=label, subject=f'{number:03d}', type=kind, view=view)
            for label, number in enumerate(self.subjects)
            for kind in self.types
            for view in _VIEWS
        ]
        return [dict(walk, place=place) for place, walk in enumerate(walks)]

    def get_data_info(self, idx: int) -> dict:
        """A walk, drawn the first time that it is asked for."""
        info = super().get_data_info(idx)
        place = info['place']
        if place not in self._drawn:
            self._drawn[place] = draw_walk(
                int(info['subject']),
                info['type'],
                float(info['view']),
                self.num_frames,
                seed=self.seed,
            )
        info['sils'] = self._drawn[place]
        return info
