"""Random operations: RandAugment, AutoAugment, RandomChoice, RandomApply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import check_at_least, check_choice, check_fraction, check_positive
from ...registry import TRANSFORMS
from ...signature import arguments_of
from .base import BaseTransform, below, rng_of
from .compose import Compose

__all__ = ['AutoAugment', 'RandAugment', 'RandomApply', 'RandomChoice']

_BOTH = ('horizontal', 'vertical')
_INCREASING = [
    dict(type='Rotate', magnitude_range=(0, 30)),
    *(dict(type='Shear', magnitude_range=(0, 0.3), direction=way) for way in _BOTH),
]
#: Policies of :class:`RandAugment` by name.
RANDAUGMENT_POLICIES = {
    'timm_increasing': [
        dict(type='AutoContrast'),
        dict(type='Equalize'),
        dict(type='Invert'),
        _INCREASING[0],
        dict(type='Posterize', magnitude_range=(4, 0)),
        dict(type='Solarize', magnitude_range=(256, 0)),
        dict(type='SolarizeAdd', magnitude_range=(0, 110)),
        dict(type='ColorTransform', magnitude_range=(0, 0.9)),
        dict(type='Contrast', magnitude_range=(0, 0.9)),
        dict(type='Brightness', magnitude_range=(0, 0.9)),
        dict(type='Sharpness', magnitude_range=(0, 0.9)),
        *_INCREASING[1:],
        *(
            dict(type='Translate', magnitude_range=(0, 0.45), direction=way)
            for way in _BOTH
        ),
    ],
    'simple_increasing': [
        dict(type='AutoContrast'),
        dict(type='Equalize'),
        *_INCREASING,
    ],
}


def _rotate(level: float, prob: float) -> dict:
    return dict(type='Rotate', angle=30 * level / 9, prob=prob)


def _solarize(level: float, prob: float) -> dict:
    return dict(type='Solarize', thr=256 / 9 * level, prob=prob)


def _posterize(bits: int, prob: float) -> dict:
    return dict(type='Posterize', bits=bits, prob=prob)


def _equalize(prob: float) -> dict:
    return dict(type='Equalize', prob=prob)


def _colour(magnitude: float, prob: float) -> dict:
    return dict(type='ColorTransform', magnitude=magnitude, prob=prob)


def _plain(kind: str, prob: float, **args: Any) -> dict:
    return dict(type=kind, **args, prob=prob)


#: Policies of :class:`AutoAugment` by name.
AUTOAUGMENT_POLICIES = {
    'imagenet': [
        [_posterize(4, 0.4), _rotate(9, 0.6)],
        [_solarize(4, 0.6), _plain('AutoContrast', 0.6)],
        [_equalize(0.8), _equalize(0.6)],
        [_posterize(5, 0.6), _posterize(5, 0.6)],
        [_equalize(0.4), _solarize(5, 0.2)],
        [_equalize(0.4), _rotate(8, 0.8)],
        [_solarize(6, 0.6), _equalize(0.6)],
        [_posterize(6, 0.8), _equalize(1.0)],
        [_rotate(3, 0.2), _solarize(1, 0.6)],
        [_equalize(0.6), _posterize(5, 0.4)],
        [_rotate(8, 0.8), _colour(0.0, 0.4)],
        [_rotate(9, 0.4), _equalize(0.6)],
        [_equalize(0.0), _equalize(0.8)],
        [_plain('Invert', 0.6), _equalize(1.0)],
        [_colour(0.4, 0.6), _plain('Contrast', 1.0, magnitude=0.8)],
        [_rotate(8, 0.8), _colour(0.2, 1.0)],
        [_colour(0.8, 0.8), _solarize(2, 0.8)],
        [_plain('Sharpness', 0.4, magnitude=0.7), _plain('Invert', 0.6)],
        [
            _plain('Shear', 0.6, magnitude=0.3 / 9 * 5, direction='horizontal'),
            _equalize(1.0),
        ],
        [_colour(0.0, 0.4), _equalize(0.6)],
        [_equalize(0.4), _solarize(5, 0.2)],
        [_solarize(4, 0.6), _plain('AutoContrast', 0.6)],
        [_plain('Invert', 0.6), _equalize(1.0)],
        [_colour(0.4, 0.6), _plain('Contrast', 1.0, magnitude=0.8)],
        [_equalize(0.8), _equalize(0.6)],
    ],
}


def _with_defaults(policy: Any, defaults: Mapping[str, Any]) -> Any:
    """The dict of an operation, with those defaults that it takes and lacks."""
    if not isinstance(policy, Mapping):
        return policy
    target = policy.get('type')
    target = TRANSFORMS.get(target) if isinstance(target, str) else target
    known = arguments_of(target.__init__).kinds if isinstance(target, type) else {}
    # mmpretrain's older policies name what the magnitude is; each operation knows.
    stated = {k: v for k, v in policy.items() if k != 'magnitude_key'}
    return {**{k: v for k, v in defaults.items() if k in known}, **stated}


def _named(policies: Any, known: Mapping[str, Any]) -> Any:
    if not isinstance(policies, str):
        return policies
    check_choice(known, policies=policies)
    return known[policies]


@TRANSFORMS.register_module()
class RandAugment(BaseTransform):
    """Apply a few operations, drawn anew for each sample.

    Paper: RandAugment: Practical Automated Data Augmentation with a Reduced Search
    Space, https://arxiv.org/abs/1909.13719.

    Args:
        policies: Operations with a ``magnitude_range``, or ``'timm_increasing'`` or
            ``'simple_increasing'``.
        num_policies: How many are drawn, with replacement.
        magnitude_level: The level of all magnitudes.
        magnitude_std: Its standard deviation; 0 or less: it is fixed; ``'inf'``: it is
            drawn evenly from 0 up to the level.
        total_level: The highest level.
        hparams: Arguments for the operations that take them, e.g.
            ``dict(pad_val=128, interpolation='bicubic')``.

    Shape:
        img: ``(H, W, 3)`` or ``(H, W)``, uint8, unchanged.

    Raises:
        ValueError: if an argument makes no sense.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='RandAugment', policies='timm_increasing', num_policies=2,
        ...     magnitude_level=9, magnitude_std=0.5))
        >>> step(dict(img=np.zeros((8, 8, 3), np.uint8)))['img'].shape
        (8, 8, 3)
    """

    def __init__(
        self,
        policies: str | Sequence[dict],
        num_policies: int,
        magnitude_level: float,
        magnitude_std: float | str = 0.0,
        total_level: float = 10,
        hparams: dict | None = None,
    ) -> None:
        policies = _named(policies, RANDAUGMENT_POLICIES)
        if not policies:
            raise ValueError('policies must name at least one operation, got none')
        check_at_least(1, num_policies=num_policies)
        check_positive(total_level=total_level)
        self.num_policies = num_policies
        self.magnitude_level = magnitude_level
        self.magnitude_std = magnitude_std
        self.total_level = total_level
        self.hparams = dict(pad_val=128) if hparams is None else hparams
        level = dict(
            magnitude_level=magnitude_level,
            magnitude_std=magnitude_std,
            total_level=total_level,
        )
        self.policies = [
            _with_defaults(one, self.hparams)
            | (level if 'magnitude_range' in one else {})
            for one in policies
        ]
        self._steps = Compose(self.policies).transforms

    def transform(self, results: dict) -> dict | None:
        """Draw operations, and do them."""
        rng = rng_of(results)
        count = len(self._steps)
        chosen = [below(rng, count) for _ in range(self.num_policies)]
        for place in chosen:
            results = self._steps[place](results)
            if results is None:
                return None
        return results


@TRANSFORMS.register_module()
class RandomChoice(BaseTransform):
    """Apply one of several pipelines, drawn at random.

    Args:
        transforms: The pipelines, each a step or a list of steps.
        prob: Probability of each; all alike if ``None``.

    Shape:
        img: As the chosen one gives it.

    Raises:
        ValueError: if there is not one probability for each.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='RandomChoice', prob=[0.0, 1.0],
        ...     transforms=[[dict(type='Resize', scale=n)] for n in (4, 2)]))
        >>> step(dict(img=np.zeros((8, 8))))['img'].shape
        (2, 2)
    """

    def __init__(
        self, transforms: Sequence, prob: Sequence[float] | None = None
    ) -> None:
        if not transforms:
            raise ValueError('transforms must have at least one pipeline, got none')
        if prob is not None and (
            len(prob) != len(transforms) or min(prob) < 0 or abs(sum(prob) - 1) > 1e-6
        ):
            raise ValueError(
                f'prob must have one value for each of {len(transforms)} pipelines, '
                f'which sum up to 1, got {list(prob)}'
            )
        rows = [row if isinstance(row, (list, tuple)) else [row] for row in transforms]
        self.prob = prob
        self.transforms = [Compose(row) for row in rows]

    def transform(self, results: dict) -> dict | None:
        """Draw a pipeline, and do it."""
        rng = rng_of(results)
        if self.prob is None:
            return self.transforms[below(rng, len(self.transforms))](results)
        number = rng.random()
        for share, steps in zip(self.prob, self.transforms, strict=True):
            if number < share:
                return steps(results)
            number -= share
        return self.transforms[-1](results)


@TRANSFORMS.register_module()
class AutoAugment(RandomChoice):
    """Apply one of several learned policies, each a sequence of operations.

    Paper: AutoAugment: Learning Augmentation Policies from Data, CVPR 2019,
    https://arxiv.org/abs/1805.09501. Differs from mmpretrain in that ``hparams``
    reach the operations.

    Args:
        policies: Lists of operations, or ``'imagenet'``.
        hparams: Arguments for the operations that take them, e.g.
            ``dict(pad_val=128)``.

    Shape:
        img: ``(H, W, 3)`` or ``(H, W)``, uint8, unchanged.

    Example:
        >>> step = TRANSFORMS.build(dict(type='AutoAugment', policies='imagenet'))
        >>> step(dict(img=np.zeros((8, 8, 3), np.uint8)))['img'].shape
        (8, 8, 3)
    """

    def __init__(
        self, policies: str | Sequence[Sequence[dict]], hparams: dict | None = None
    ) -> None:
        policies = _named(policies, AUTOAUGMENT_POLICIES)
        self.hparams = dict(pad_val=128) if hparams is None else hparams
        self.policies = [
            [_with_defaults(step, self.hparams) for step in row] for row in policies
        ]
        super().__init__(self.policies)


@TRANSFORMS.register_module()
class RandomApply(BaseTransform):
    """Apply steps with a probability, all or none.

    Args:
        transforms: The steps, or one.
        prob: Probability.

    Shape:
        img: As the steps give it.

    Raises:
        ValueError: if ``prob`` is no probability.

    Example:
        >>> resize = dict(type='Resize', scale=4)
        >>> step = TRANSFORMS.build(
        ...     dict(type='RandomApply', prob=1.0, transforms=[resize]))
        >>> step(dict(img=np.zeros((8, 8))))['img'].shape
        (4, 4)
    """

    def __init__(self, transforms: Any, prob: float = 0.5) -> None:
        check_fraction(prob=prob)
        several = isinstance(transforms, (list, tuple))
        self.prob = prob
        self.transforms = Compose(transforms if several else [transforms])

    def transform(self, results: dict) -> dict | None:
        """Do the steps, or do not."""
        if rng_of(results).random() < self.prob:
            return self.transforms(results)
        return results
