"""Pairs of made-up scenes with their exact disparities, for runs without a download."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from ..errors import check_at_least, check_choice
from ..registry import DATASETS
from .base_dataset import BaseDataset

__all__ = ['StereoScenes', 'render_scene']

Array = np.ndarray
_PERIOD = 256  # edge of a texture, in px
_STEPS = 8  # of the fixed-point iteration
_SEEDS = dict(train=0, test=1_000_000)


class _Layer(NamedTuple):
    """A surface in coordinates of the left view."""

    base: float
    slope: tuple[float, float]
    wave: tuple[float, float, float]  # height, frequency, phase
    centre: tuple[float, float]
    axes: tuple[float, float]
    angle: float
    power: float  # of the superellipse; 0 for what fills everything
    texture: int
    offset: tuple[float, float]
    mixing: Array  # (3, 3)


@DATASETS.register_module()
class StereoScenes(BaseDataset):
    """Textured layers, slanted and curved, seen by two cameras.

    Every layer is a surface over the left view, whose disparity is known at every
    point; the right view is found by solving for the point that a pixel shows. So the
    disparity of both views is exact between pixels, without holes, and so is what is
    occluded. A scene follows from its index alone: those of the test are others.

    Args:
        split: ``'train'`` or ``'test'``; taken from ``test_mode`` if not stated.
        num_scenes: Number of scenes.
        size: ``(height, width)`` in px.
        max_disp: Disparities are below it, in px.
        max_layers: Largest number of layers in front of the background.
        noise: Standard deviation of the noise of each view, in grey levels.
        fresh: Whether each epoch shows new scenes.
        test_mode: Whether a sample must never be replaced by another.
        kwargs: See :class:`~mmlite.datasets.BaseDataset`.

    Shape:
        ref_img, tgt_img: uint8, ``(H, W, 3)``, BGR.
        gt_disparity, gt_disparity_tgt: float32, ``(H, W)``, px.
        gt_occlusion, gt_occlusion_tgt: uint8, ``(H, W)``; 1 where the other view does
        not show a point.

    Example:
        >>> scenes = StereoScenes(num_scenes=2, size=(16, 32), max_disp=8)
        >>> scene = scenes.get_data_info(1)
        >>> scene['ref_img'].shape, bool((scene['gt_disparity'] < 8).all())
        ((16, 32, 3), True)
    """

    METAINFO: ClassVar[dict] = dict(task='stereo')
    states_size: ClassVar[dict] = {'size': 'hw'}

    def __init__(
        self,
        split: Literal['train', 'test'] | None = None,
        num_scenes: int = 96,
        size: Sequence[int] = (64, 160),
        max_disp: int = 32,
        max_layers: int = 4,
        noise: float = 2.0,
        fresh: bool = False,
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        split = split or ('test' if test_mode else 'train')
        check_choice(_SEEDS, split=split)
        if max_disp < 4 or len(size) != 2 or min(size) < 8:
            raise ValueError(
                'size must be (H, W) of at least 8 px, and max_disp at least 4, got '
                f'{size} and {max_disp}'
            )
        check_at_least(1, num_scenes=num_scenes, max_layers=max_layers)
        check_at_least(0, noise=noise)
        self.split = split
        self.num_scenes = num_scenes
        self.size = tuple(size)
        self.max_disp = max_disp
        self.max_layers = max_layers
        self.noise = noise
        self.fresh = fresh
        super().__init__(test_mode=test_mode or split == 'test', **kwargs)

    def load_data_list(self) -> list[dict]:
        """The numbers of the scenes."""
        start = _SEEDS[self.split]
        return [dict(scene=start + i) for i in range(self.num_scenes)]

    def get_data_info(self, idx: int) -> dict:
        """A scene, rendered."""
        info = super().get_data_info(idx)
        number = info['scene']
        if self.fresh:
            number += self.num_scenes * getattr(idx, 'epoch', 0)
        key = (number, self.size, self.max_disp, self.max_layers, self.noise)
        scene = render_scene(*key) if self.fresh else dict(_cached_scene(*key))
        height, width = self.size
        return {
            **info,
            **scene,
            'img_shape': (height, width),
            'ori_shape': (height, width),
        }


def render_scene(
    number: int,
    size: tuple[int, int],
    max_disp: int,
    max_layers: int = 4,
    noise: float = 0.0,
) -> dict[str, Array]:
    """Both views of a scene, their disparities and what is occluded.

    Args:
        number: Which scene.
        size: Height and width.
        max_disp: Disparities are below it.
        max_layers: Largest number of layers in front of the background.
        noise: Standard deviation of the noise of each view, in grey levels.
    """
    rng = np.random.Generator(np.random.PCG64(number))
    layers = _layers(rng, size, max_disp, max_layers)
    height, width = size
    ys, xs = np.mgrid[:height, :width].astype(np.float64)
    left = [(xs, _disparity(layer, xs, ys, size, max_disp)) for layer in layers]
    right = []
    for layer in layers:
        points = xs
        for _ in range(_STEPS):
            points = xs + _disparity(layer, points, ys, size, max_disp)
        right.append((points, points - xs))
    views = [_seen(layers, points, ys) for points in (left, right)]
    (ref, disparity, winner), (tgt, of_right, other) = views
    occlusion = _occluded(
        layers, winner, disparity, xs, ys, size, max_disp, forward=False
    )
    occlusion_tgt = _occluded(
        layers, other, of_right, xs, ys, size, max_disp, forward=True
    )
    pictures = [_captured(rng, view, noise) for view in (ref, tgt)]
    return dict(
        ref_img=pictures[0],
        tgt_img=pictures[1],
        gt_disparity=disparity.astype(np.float32),
        gt_disparity_tgt=of_right.astype(np.float32),
        gt_occlusion=occlusion.astype(np.uint8),
        gt_occlusion_tgt=occlusion_tgt.astype(np.uint8),
    )


@lru_cache(maxsize=512)
def _cached_scene(*key: Any) -> dict[str, Array]:
    scene = render_scene(*key)
    for value in scene.values():
        value.flags.writeable = False
    return scene


def _layers(
    rng: np.random.Generator, size: tuple[int, int], max_disp: int, count: int
) -> list[_Layer]:
    height, width = size
    layers = []
    for i in range(1 + int(rng.integers(1, count + 1))):
        back = i == 0
        base = rng.uniform(0.05, 0.35) if back else rng.uniform(0.2, 0.85)
        layers.append(
            _Layer(
                base=base * max_disp,
                slope=tuple(rng.uniform(-0.06, 0.06, 2)),
                wave=(rng.uniform(0, 0.8), rng.uniform(0.03, 0.1), rng.uniform(0, 6)),
                centre=(rng.uniform(0, width), rng.uniform(0, height)),
                axes=tuple(rng.uniform(0.12, 0.4, 2) * (width, height)),
                angle=rng.uniform(0, np.pi),
                power=0 if back else float(rng.choice([1, 2, 8])),
                texture=int(rng.integers(24)),
                offset=tuple(rng.uniform(0, _PERIOD, 2)),
                mixing=rng.normal(0, 1, (3, 3)),
            )
        )
    return layers


def _disparity(
    layer: _Layer, x: Array, y: Array, size: tuple[int, int], max_disp: int
) -> Array:
    """The disparity of a layer at points of the left view."""
    height, width = size
    slope_x, slope_y = layer.slope
    tall, frequency, phase = layer.wave
    plane = layer.base + slope_x * (x - width / 2) + slope_y * (y - height / 2)
    wave = tall * np.sin(frequency * (x + 0.7 * y) + phase)
    return (plane + wave).clip(0.5, max_disp - 1)


def _inside(layer: _Layer, x: Array, y: Array) -> Array:
    if not layer.power:
        return np.ones(x.shape, bool)
    cos, sin = np.cos(layer.angle), np.sin(layer.angle)
    right, down = x - layer.centre[0], y - layer.centre[1]
    u = np.abs(cos * right + sin * down) / layer.axes[0]
    v = np.abs(cos * down - sin * right) / layer.axes[1]
    return u**layer.power + v**layer.power < 1


def _seen(
    layers: Sequence[_Layer], points: Sequence[tuple[Array, Array]], y: Array
) -> tuple[Array, Array, Array]:
    """What a view shows: colours, disparity, and which layer is in front."""
    best = np.full(y.shape, -np.inf)
    winner = np.zeros(y.shape, int)
    colours = np.zeros((*y.shape, 3))
    for i, (layer, (x, disparity)) in enumerate(zip(layers, points, strict=True)):
        front = _inside(layer, x, y) & (disparity > best)
        best[front] = disparity[front]
        winner[front] = i
        colours[front] = _texture(layer, x[front], y[front])
    return colours, best, winner


def _occluded(
    layers: Sequence[_Layer],
    winner: Array,
    disparity: Array,
    x: Array,
    y: Array,
    size: tuple[int, int],
    max_disp: int,
    forward: bool,
) -> Array:
    """Where the other view does not show what this one does.

    Args:
        layers: The layers.
        winner: Which of them this view shows.
        disparity: Its disparity.
        x: Columns of the view.
        y: Rows of the view.
        size: Height and width.
        max_disp: Disparities are below it.
        forward: Whether the view is the right one, and the other one the left.
    """
    there = x + disparity if forward else x - disparity
    occlusion = (there < 0) | (there > size[1] - 1)
    for i, layer in enumerate(layers):
        point = there
        if not forward:
            for _ in range(_STEPS):
                point = there + _disparity(layer, point, y, size, max_disp)
        own = _disparity(layer, point, y, size, max_disp)
        nearer = _inside(layer, point, y) & (own > disparity) & (winner != i)
        occlusion |= nearer
    return occlusion


@lru_cache(maxsize=1)
def _textures() -> Array:
    """24 textures of three channels, from nearly white noise to smooth."""
    rng = np.random.Generator(np.random.PCG64(7))
    frequency = np.hypot(
        np.fft.fftfreq(_PERIOD)[:, None], np.fft.rfftfreq(_PERIOD)[None]
    )
    frequency[0, 0] = 1
    textures = []
    for beta in np.linspace(0.15, 1.3, 24):
        noise = np.fft.rfft2(rng.normal(size=(3, _PERIOD, _PERIOD)))
        texture = np.fft.irfft2(noise / frequency**beta, (_PERIOD, _PERIOD))
        textures.append(texture / texture.std(axis=(1, 2), keepdims=True))
    return np.moveaxis(np.stack(textures), 1, -1)


def _texture(layer: _Layer, x: Array, y: Array) -> Array:
    """Colours of a layer at points, between the pixels of its texture."""
    texture = _textures()[layer.texture]
    x, y = x + layer.offset[0], y + layer.offset[1]
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right_share, low_share = (x - left)[:, None], (y - top)[:, None]
    left, top = left % _PERIOD, top % _PERIOD
    right, low = (left + 1) % _PERIOD, (top + 1) % _PERIOD
    upper = texture[top, left] * (1 - right_share) + texture[top, right] * right_share
    lower = texture[low, left] * (1 - right_share) + texture[low, right] * right_share
    mixed = (upper * (1 - low_share) + lower * low_share) @ layer.mixing
    level = 110 + 60 * np.tanh(layer.mixing.sum(axis=0) / 3)
    return level + 22 * mixed


def _captured(rng: np.random.Generator, view: Array, noise: float) -> Array:
    """A picture of what a camera sees, with its own gain, offset and noise."""
    gain, offset = rng.uniform(0.9, 1.1), rng.uniform(-8, 8)
    picture = view * gain + offset if noise else view
    picture = picture + rng.normal(0, 1, view.shape) * noise
    return picture.round().clip(0, 255).astype(np.uint8)
