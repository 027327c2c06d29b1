"""Draw one of several batch augmentations."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from ...registry import TASK_UTILS


@TASK_UTILS.register_module()
class RandomBatchAugment:
    """Apply one of several batch augmentations, drawn for each batch.

    An augmentation holds no weights and is not a module, so one of your own is
    registered with ``@TASK_UTILS.register_module()``.

    Args:
        augments: Config of an augmentation, or of several; a callable
            ``(inputs, scores) -> (inputs, scores)`` stands for itself.
        probs: Probability of each; what is missing to 1 leaves the batch as
            it is. None gives all the same probability.

    Shape:
        batch_input: ``(B, C, H, W)``; batch_score: ``(B, K)``.
        returns: the same two.

    Raises:
        ConfigError: if an augmentation is neither a dict with a type nor a function.
        ValueError: if there is not one probability per augmentation, or they
            are negative or exceed 1 in sum.

    Example:
        >>> augment = RandomBatchAugment(
        ...     [dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)],
        ...     probs=[0.5, 0.3])
        >>> augment
        RandomBatchAugment(0.5 Mixup(alpha=0.8), 0.3 CutMix(alpha=1.0))
    """

    def __init__(
        self,
        augments: dict | Callable | list,
        probs: float | Sequence[float] | None = None,
    ) -> None:
        if not isinstance(augments, (list, tuple)):
            augments = [augments]
        if probs is None:
            probs = [1 / len(augments)] * len(augments)
        elif isinstance(probs, (int, float)):
            probs = [probs]
        if len(probs) != len(augments):
            raise ValueError(
                f'probs has one value per augmentation, got {len(probs)} for '
                f'{len(augments)}'
            )
        if min(probs, default=0) < 0 or sum(probs) > 1 + 1e-6:
            raise ValueError(
                f'probs are probabilities that add up to at most 1, got {list(probs)}'
            )
        self.augments = [
            augment if _is_built(augment) else TASK_UTILS.build(augment)
            for augment in augments
        ]
        self.probs = list(probs)

    def __call__(
        self, batch_input: Tensor, batch_score: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Augment a batch, or leave it."""
        drawn = random.random()
        for augment, prob in zip(self.augments, self.probs, strict=True):
            if drawn < prob:
                return augment(batch_input, batch_score)
            drawn -= prob
        return batch_input, batch_score

    def __repr__(self) -> str:
        shown = (f'{p:.3g} {a}' for a, p in zip(self.augments, self.probs, strict=True))
        return f'{type(self).__name__}({", ".join(shown)})'


def _is_built(augment: Any) -> bool:
    return callable(augment) and not inspect.isclass(augment)
