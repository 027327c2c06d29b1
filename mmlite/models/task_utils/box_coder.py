"""From boxes to what a network predicts of them, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ...ops import centered_to_corners, corners_to_centered, numbers_like
from ...registry import TASK_UTILS

__all__ = ['BoxCoder']

#: How much larger than its anchor a box gets at most, as a logarithm.
LARGEST = math.log(1000 / 16)


@TASK_UTILS.register_module()
class BoxCoder:
    """Shift and growth of a box against its anchor.

    Paper: R-CNN, https://arxiv.org/abs/1311.2524. With the centre ``(x, y)`` and the
    size ``(w, h)`` of the box, and ``a`` for the anchor: ``(x - xa) / wa``,
    ``(y - ya) / ha``, ``ln(w / wa)``, ``ln(h / ha)``, times the weights.

    Args:
        weights: Factors of x, y, width and height; ``(10, 10, 5, 5)`` is usual where a
            box is refined, and in SSD.
        max_growth: Cut of the predicted logarithms of width and height, before
            ``exp``; None has no cut, as in TensorFlow.

    Shape:
        anchors, boxes: ``(*, 4)`` in pixels; deltas: ``(*, 4)``.

    Raises:
        ValueError: if there are not four weights.

    Example:
        >>> coder = BoxCoder()
        >>> anchor = torch.tensor([0., 0., 4., 4.])
        >>> deltas = coder.encode(anchor, torch.tensor([1., 0., 5., 4.]))
        >>> deltas
        tensor([0.2500, 0.0000, 0.0000, 0.0000])
        >>> coder.decode(anchor, deltas)
        tensor([1., 0., 5., 4.])
    """

    def __init__(
        self,
        weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
        max_growth: float | None = LARGEST,
    ) -> None:
        if len(weights) != 4 or min(weights) <= 0:
            raise ValueError(f'weights must be four positive numbers, got {weights}')
        self.weights = tuple(weights)
        self.max_growth = max_growth

    def encode(self, anchors: Tensor, boxes: Tensor) -> Tensor:
        """What a network should predict for the boxes."""
        a, b = corners_to_centered(anchors), corners_to_centered(boxes)
        shift = (b[..., :2] - a[..., :2]) / a[..., 2:]
        growth = torch.log(b[..., 2:] / a[..., 2:])
        return torch.cat([shift, growth], dim=-1) * numbers_like(self.weights, b)

    def decode(self, anchors: Tensor, deltas: Tensor) -> Tensor:
        """The boxes that were predicted."""
        a = corners_to_centered(anchors)
        deltas = deltas.to(a.dtype) / numbers_like(self.weights, a)
        growth = deltas[..., 2:]
        if self.max_growth is not None:
            growth = growth.clamp(max=self.max_growth)
        center = deltas[..., :2] * a[..., 2:] + a[..., :2]
        size = growth.exp() * a[..., 2:]
        return centered_to_corners(torch.cat([center, size], dim=-1))
