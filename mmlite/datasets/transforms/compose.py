"""Put transforms together."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence

from mmengine.dataset import Compose as BaseCompose

from ...errors import ConfigError
from ...registry import TRANSFORMS
from .base import BaseTransform

Step = Callable[[dict], dict | None]


def build_steps(cfgs: Sequence[dict | Step]) -> list[Step]:
    """Build the transforms of a pipeline; callables are taken as they are.

    Raises:
        ConfigError: with the place in the pipeline, if one cannot be built.
    """
    steps = []
    for i, cfg in enumerate(cfgs):
        if callable(cfg):
            steps.append(cfg)
            continue
        try:
            steps.append(TRANSFORMS.build(cfg))
        except ConfigError as error:
            problems = error.under(str(i)).problems
            raise ConfigError(problems, cfg=cfgs) from error.__cause__
    return steps


@TRANSFORMS.register_module()
class Compose(BaseCompose):
    """Apply transforms one after the other.

    Args:
        transforms: Dicts with a ``type``, or callables. One that gives ``None``
            ends the row, and the result is ``None``.

    Example:
        >>> run = Compose([dict(type='Resize', scale=8), dict(type='PackInputs')])
        >>> run(dict(img=np.zeros((16, 16, 3), np.uint8)))['inputs'].shape
        torch.Size([3, 8, 8])
    """

    def __init__(self, transforms: Sequence | None = None) -> None:
        super().__init__(None)
        self.transforms = build_steps(transforms or ())
        self._known: tuple[list[Step], list[Step]] = ([], [])

    def __call__(self, data: dict) -> dict | None:
        """Apply all transforms to a sample."""
        steps, calls = self._known
        if steps != self.transforms:
            steps = list(self.transforms)
            calls = [_method(step) for step in steps]
            self._known = steps, calls
        for call in calls:
            data = call(data)
            if data is None:
                return None
        return data


def _method(step: Step) -> Step:
    """What a step does when it is called, without a call in between."""
    plain = type(step).__call__ is BaseTransform.__call__
    return step.transform if plain else step


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
