"""Resize to a size that is drawn: training at several scales."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from ...registry import TRANSFORMS
from .base import BaseTransform, below, rng_of
from .scales import as_scales, is_size

__all__ = ['RandomChoiceResize', 'RandomResize']


class _DrawnResize(BaseTransform):
    """A step that resizes, whose ``scale`` is drawn for every sample."""

    def __init__(self, scale: Any, resize_type: Any, resize_kwargs: dict) -> None:
        self.resize_cfg = dict(type=resize_type, **resize_kwargs)
        self.resize = TRANSFORMS.build(dict(self.resize_cfg, scale=scale))

    @abstractmethod
    def _draw(self, results: dict) -> tuple[int, int]:
        """``(width, height)``."""

    def transform(self, results: dict) -> dict | None:
        """Resize the sample."""
        step = copy.copy(self.resize)
        step.scale = self._draw(results)
        return step(results)


@TRANSFORMS.register_module()
class RandomChoiceResize(_DrawnResize):
    """Resize to one of several sizes: training at several scales.

    Args:
        scales: A list of sizes, each ``(width, height)`` or the edge of a square; or
            one of them: ``(8, 4)`` is one size, ``[8, 4]`` are two squares, in JSON
            and YAML too, where ``[[8, 4]]`` is one size; the step shows which. With
            ``keep_ratio`` it is the largest long and short side allowed.
        resize_type: The step that resizes; it has a ``scale``, as argument and as
            attribute.
        resize_kwargs: Its other arguments, of :class:`Resize` ``keep_ratio``,
            ``backend`` and ``interpolation``.

    Shape:
        img: ``(H, W, C)`` -> ``(height, width, C)``.

    Raises:
        ValueError: if there is no size, or an entry is none.
        ConfigError: if the step does not take the arguments.

    Example:
        >>> resize = TRANSFORMS.build(
        ...     dict(type='RandomChoiceResize', scales=[(8, 4), (16, 8)]))
        >>> shape = resize(dict(img=np.zeros((5, 5), np.uint8)))['img'].shape
        >>> shape in [(4, 8), (8, 16)]
        True
    """

    def __init__(
        self,
        scales: int | tuple[int, int] | list[int | Sequence[int]],
        resize_type: str = 'Resize',
        **resize_kwargs: Any,
    ) -> None:
        self.scales = as_scales(scales)
        super().__init__(self.scales[0], resize_type, resize_kwargs)

    def _draw(self, results: dict) -> tuple[int, int]:
        return self.scales[below(rng_of(results), len(self.scales))]


@TRANSFORMS.register_module()
class RandomResize(_DrawnResize):
    """Resize to a size that is drawn from a range: training at several scales.

    Args:
        scale: ``(width, height)``, times a factor that is drawn from ``ratio_range``;
            or two such sizes, between which width and height are drawn, each on its
            own. With ``keep_ratio`` these are the largest long and short side allowed.
        ratio_range: The least and the largest factor, where ``scale`` is one size.
        resize_type: See :class:`RandomChoiceResize`.
        resize_kwargs: See :class:`RandomChoiceResize`.

    Shape:
        img: ``(H, W, C)`` -> ``(height, width, C)``.

    Raises:
        ValueError: if scale is neither, or one size has no ``ratio_range``.
        ConfigError: if the step does not take the arguments.

    Example:
        >>> resize = TRANSFORMS.build(
        ...     dict(type='RandomResize', scale=(8, 4), ratio_range=(0.5, 2.0)))
        >>> height, width = resize(dict(img=np.zeros((5, 5), np.uint8)))['img'].shape
        >>> 4 <= width <= 16 and 2 <= height <= 8
        True
    """

    def __init__(
        self,
        scale: Sequence[int] | Sequence[Sequence[int]],
        ratio_range: Sequence[float] | None = None,
        resize_type: str = 'Resize',
        **resize_kwargs: Any,
    ) -> None:
        one = is_size(scale)
        if not one and not (
            isinstance(scale, (list, tuple))
            and len(scale) == 2
            and all(map(is_size, scale))
        ):
            raise ValueError(
                'scale must be (width, height), or the least and the largest one, '
                f'got {scale!r}'
            )
        if one and not _is_range(ratio_range):
            raise ValueError(
                'ratio_range must be the least and the largest factor on scale, e.g. '
                f'(0.5, 2.0), got {ratio_range!r}'
            )
        if not one and ratio_range is not None:
            raise ValueError('ratio_range has no meaning with two sizes in scale')
        self.scale = scale
        self.ratio_range = ratio_range
        super().__init__(tuple(scale if one else scale[0]), resize_type, resize_kwargs)

    def _draw(self, results: dict) -> tuple[int, int]:
        rng = rng_of(results)
        if self.ratio_range is not None:
            least, most = self.ratio_range
            ratio = rng.random() * (most - least) + least
            return tuple(max(1, int(edge * ratio)) for edge in self.scale)
        edges = [sorted(pair) for pair in zip(*self.scale, strict=True)]
        return tuple(low + below(rng, high - low + 1) for low, high in edges)


def _is_range(value: Any) -> bool:
    numbers = isinstance(value, (list, tuple)) and len(value) == 2
    return (
        numbers
        and all(isinstance(edge, (int, float)) for edge in value)
        and 0 < value[0] <= value[1]
    )
