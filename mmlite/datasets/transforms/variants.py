"""Several variants of a sample for one prediction."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from typing import Any

from ...errors import at
from ...registry import TRANSFORMS
from .base import BaseTransform
from .compose import Compose, Step, build_steps
from .scales import as_factors, as_scales

__all__ = ['MultiScaleFlipAug', 'TestTimeAug']

RESIZE = dict(type='Resize', keep_ratio=True)
FLIP = dict(type='RandomFlip')


@TRANSFORMS.register_module()
class TestTimeAug(BaseTransform):
    """Make several variants of a sample, e.g. mirrored, for one prediction.

    Args:
        transforms: For each step, the alternatives; every combination of them
            gives a variant.

    Shape:
        Each field becomes a list with one entry per variant.

    Example:
        >>> tta = TRANSFORMS.build(dict(type='TestTimeAug', transforms=[
        ...     [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
        ...     [dict(type='PackInputs')]]))
        >>> [x.tolist() for x in tta(dict(img=np.uint8([[1, 2]])))['inputs']]
        [[[[1, 2]]], [[[2, 1]]]]
    """

    def __init__(self, transforms: Sequence[Sequence]) -> None:
        if not transforms or not all(transforms):
            raise ValueError('transforms has one or more alternatives for each step')
        rows = [build_steps(row) for row in transforms]
        self.subroutines = [list(steps) for steps in itertools.product(*rows)]

    def transform(self, results: dict) -> dict | None:
        """Make the variants."""
        variants: list[dict] = []
        for steps in self.subroutines:
            variant: dict | None = copy.copy(results)
            for step in steps:
                variant = step(variant)
                if variant is None:
                    return None
            variants.append(variant)
        return {key: [variant[key] for variant in variants] for key in variants[0]}


@TRANSFORMS.register_module()
class MultiScaleFlipAug(TestTimeAug):
    """Make variants of a sample at several sizes, and mirrored ones of each.

    Args:
        transforms: The steps after both, e.g. ``PackInputs``.
        scales: A list of sizes, each ``(width, height)`` or the edge of a square; or
            one of them: ``(8, 4)`` is one size, ``[8, 4]`` are two squares, in JSON
            and YAML too, where ``[[8, 4]]`` is one size.
            ``resize_cfg`` says what a size means.
        scale_factor: One factor or several on the size of the image, where there are
            no ``scales``; ``None`` keeps the size.
        allow_flip: Whether mirrored variants are added.
        flip_direction: ``'horizontal'``, ``'vertical'`` or ``'diagonal'``, or several.
        resize_cfg: The step that resizes, without its ``scale``; ``None`` is
            ``dict(type='Resize', keep_ratio=True)``.
        flip_cfg: The step that mirrors, without ``prob`` and ``direction``; ``None``
            is ``dict(type='RandomFlip')``.

    Shape:
        Each field becomes a list with one entry per variant.

    Raises:
        ValueError: if both ``scales`` and ``scale_factor`` are given, or one has no
            entry, or one that is no size or factor.
        ConfigError: if a step cannot be built.

    Example:
        >>> tta = TRANSFORMS.build(dict(
        ...     type='MultiScaleFlipAug', scales=[(8, 8), (4, 4)], allow_flip=True,
        ...     transforms=[dict(type='PackInputs')]))
        >>> [tuple(x.shape) for x in tta(dict(img=np.zeros((6, 6))))['inputs']]
        [(1, 8, 8), (1, 8, 8), (1, 4, 4), (1, 4, 4)]
    """

    def __init__(
        self,
        transforms: Sequence[dict | Step],
        scales: int | tuple[int, int] | list[int | Sequence[int]] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        allow_flip: bool = False,
        flip_direction: str | Sequence[str] = 'horizontal',
        resize_cfg: dict | None = None,
        flip_cfg: dict | None = None,
    ) -> None:
        if scales is not None and scale_factor is not None:
            raise ValueError('give one of scales and scale_factor, got both')
        if isinstance(flip_direction, str):
            flip_direction = [flip_direction]
        sizes = _sizes(scales, scale_factor)
        resizes = _built('resize_cfg', resize_cfg or RESIZE, sizes)
        mirrored = [dict(prob=1.0, direction=name) for name in flip_direction]
        flips = _built('flip_cfg', flip_cfg or FLIP, mirrored if allow_flip else [])
        steps = Compose(transforms)
        super().__init__([resizes, [_not_mirrored, *flips], [steps]])


def _sizes(scales: Any, scale_factor: Any) -> list[dict[str, Any]]:
    """What each size adds to the step that resizes."""
    if scales is not None:
        return [dict(scale=scale) for scale in as_scales(scales)]
    if scale_factor is None:
        return [dict(scale_factor=1.0)]
    several = isinstance(scale_factor, (list, tuple))
    factors = scale_factor if several else [scale_factor]
    if not factors:
        raise ValueError('scale_factor must have at least one factor, got none')
    return [dict(scale_factor=as_factors(factor)) for factor in factors]


def _built(key: str, cfg: dict, variants: list[dict[str, Any]]) -> list[Step]:
    """The step of an argument, once for each variant of its own arguments."""
    with at(key):
        return [TRANSFORMS.build({**cfg, **variant}) for variant in variants]


def _not_mirrored(results: dict) -> dict:
    return {**results, 'flip': False, 'flip_direction': None}
