"""Mirror the image."""

from __future__ import annotations

from collections.abc import Sequence

from ...registry import TRANSFORMS
from .base import BaseTransform, rng_of
from .geometry import flip

_DIRECTIONS = ('horizontal', 'vertical', 'diagonal')


@TRANSFORMS.register_module()
class RandomFlip(BaseTransform):
    """Mirror the sample with a probability.

    Adds ``flip`` (bool) and ``flip_direction`` (str, or None).

    Args:
        prob: Probability of a flip; with several directions each has an equal
            share of it. A list gives each direction its own.
        direction: ``'horizontal'`` (left-right), ``'vertical'`` (top-bottom) or
            ``'diagonal'`` (both), or several, one of which is drawn.

    Shape:
        img: ``(H, W, C)``, unchanged.

    Example:
        >>> flip = TRANSFORMS.build(dict(type='RandomFlip', prob=1.0))
        >>> flip(dict(img=np.uint8([[1, 2, 3]])))['img']
        array([[3, 2, 1]], dtype=uint8)
    """

    def __init__(
        self,
        prob: float | Sequence[float],
        direction: str | Sequence[str] = 'horizontal',
    ) -> None:
        directions = [direction] if isinstance(direction, str) else list(direction)
        for name in directions:
            if name not in _DIRECTIONS:
                raise ValueError(f'direction is one of {_DIRECTIONS}, got {name!r}')
        if isinstance(prob, (int, float)):
            shares = [prob / len(directions)] * len(directions)
        else:
            shares = list(prob)
        if len(shares) != len(directions):
            raise ValueError(
                f'prob has {len(shares)} entries for {len(directions)} directions'
            )
        if min(shares) < 0 or sum(shares) > 1 + 1e-9:
            raise ValueError(f'probabilities lie in [0, 1] and sum up to 1, got {prob}')
        self.prob = prob
        self.direction = direction
        self._shares = list(zip(directions, shares, strict=True))

    def transform(self, results: dict) -> dict:
        """Flip the sample, or do not."""
        direction = self._draw(rng_of(results).random())
        results['flip'] = direction is not None
        results['flip_direction'] = direction
        if direction is not None:
            flip(results, direction)
        return results

    def _draw(self, number: float) -> str | None:
        for direction, share in self._shares:
            if number < share:
                return direction
            number -= share
        return None
