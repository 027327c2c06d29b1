"""Transforms of albumentations in a pipeline."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ...errors import DataError, MissingDependencyError, did_you_mean
from ...registry import TRANSFORMS
from .base import BaseTransform, rng_of
from .geometry import fields_of

__all__ = ['Albumentations']


@TRANSFORMS.register_module(name=['Albumentations', 'Albu'])
class Albumentations(BaseTransform):
    """Transforms of `albumentations <https://albumentations.ai>`_, one after the other.

    They draw from generators of their own, which are seeded by the sample.

    Args:
        transforms: Dicts with a ``type``, a class of albumentations or its name; one
            that holds others (``OneOf``) has dicts in its own ``transforms``.
        keymap: What fields of the sample are called there, by default
            ``dict(img='image')``. Maps can go along, e.g. ``gt_seg_map='mask'``.

    Raises:
        MissingDependencyError: if albumentations is not installed.
        ValueError: if there is no transform of a name, or it refuses its arguments.
        DataError: if a field of the sample would have to move with the image, and is
            not in ``keymap``.

    Example:
        >>> albu = dict(type='Albu', transforms=[dict(type='HorizontalFlip', p=1.0)])
        >>> step = TRANSFORMS.build(albu)  # doctest: +SKIP
        >>> step(dict(img=np.uint8([[[1], [2]]])))['img'].tolist()  # doctest: +SKIP
        [[[2], [1]]]
    """

    def __init__(
        self, transforms: Sequence[dict], keymap: Mapping[str, str] | None = None
    ) -> None:
        # It would ask the network for a newer version.
        os.environ.setdefault('NO_ALBUMENTATIONS_UPDATE', '1')
        try:
            import albumentations
        except ImportError as error:
            name = 'albumentations'
            raise MissingDependencyError(name, name, type(self).__name__) from error
        self.transforms = transforms
        self.keymap = dict(keymap or dict(img='image'))
        if 'image' not in self.keymap.values():
            raise ValueError(
                f"keymap names the field that is the 'image', e.g. "
                f"dict(img='image'), got {self.keymap}"
            )
        built = _built(albumentations, transforms, 'transforms')
        only_image = albumentations.ImageOnlyTransform
        self._moves = not all(isinstance(leaf, only_image) for leaf in _leaves(built))
        self._compose = albumentations.Compose(built)

    def transform(self, results: dict) -> dict:
        """Change the fields of the keymap."""
        if missing := [name for name in self.keymap if name not in results]:
            raise DataError(
                f'Albumentations: the sample has no field {missing[0]!r} (keymap), it '
                f'has {sorted(results)}'
            )
        if self._moves:
            self._refuse_left_behind(results)
        given = {there: results[here] for here, there in self.keymap.items()}
        with _seeded(self._compose, rng_of(results).getrandbits(32)):
            changed = self._compose(**given)
        for here, there in self.keymap.items():
            results[here] = changed[there]
        results['img_shape'] = changed['image'].shape[:2]
        return results

    def _refuse_left_behind(self, results: dict) -> None:
        left = [name for name, _ in fields_of(results) if name not in self.keymap]
        if left:
            raise DataError(
                f'Albumentations moves {", ".join(self.keymap)}, but not '
                f'{", ".join(left)}; use the steps of mmlite that move all fields '
                '(RandomFlip, RandomCrop, Rotate), or name a map in keymap, e.g. '
                "gt_seg_map='mask'"
            )

    def __repr__(self) -> str:
        return f'Albumentations(transforms={self.transforms!r}, keymap={self.keymap})'


def _built(package: ModuleType, cfgs: Sequence[dict], place: str) -> list[Any]:
    if isinstance(cfgs, Mapping) or not isinstance(cfgs, Sequence):
        raise ValueError(
            f'{place} must be a list of dicts, got a {type(cfgs).__name__}'
        )
    return [_built_one(package, cfg, f'{place}[{i}]') for i, cfg in enumerate(cfgs)]


def _built_one(package: ModuleType, cfg: Any, place: str) -> Any:
    if not isinstance(cfg, Mapping) or 'type' not in cfg:
        raise ValueError(f"{place} must be a dict with a 'type', got {cfg!r}")
    arguments = dict(cfg)
    kind = arguments.pop('type')
    if isinstance(kind, str):
        name, kind = kind, getattr(package, kind, None)
        if kind is None:
            known = [n for n, value in vars(package).items() if isinstance(value, type)]
            hint = did_you_mean(name, known)
            raise ValueError(f'{place}: albumentations has no {name!r}{hint}')
    if 'transforms' in arguments:
        inner = arguments['transforms']
        arguments['transforms'] = _built(package, inner, f'{place}.transforms')
    try:
        return kind(**arguments)
    except (TypeError, ValueError) as error:
        name = getattr(kind, '__name__', kind)
        raise ValueError(f'{place}: {name}: {error}') from error


def _leaves(transforms: Sequence[Any]) -> Iterator[Any]:
    """The transforms that hold no others."""
    for transform in transforms:
        held = getattr(transform, 'transforms', None)
        if held is None:
            yield transform
        else:
            yield from _leaves(held)


@contextlib.contextmanager
def _seeded(compose: Any, seed: int) -> Iterator[None]:
    """Let it draw from a seed: versions before 2 draw from the global generators."""
    if hasattr(compose, 'set_random_seed'):
        compose.set_random_seed(seed)
        yield
        return
    states = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
