"""The objects of an image, as a detector learns from them."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Objects(NamedTuple):
    """The ground truth of one image.

    Args:
        boxes: ``(N, 4)``, ``(x1, y1, x2, y2)`` in pixels of what the network sees.
        labels: Classes from 0, ``(N, )``.
        weights: How much each counts, ``(N, )``; None is 1 each.
        ignored: Regions whose content is not known, e.g. crowds, ``(M, 4)`` in pixels.

    Example:
        >>> nothing = Objects(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
        >>> nothing.ignored is None
        True
    """

    boxes: Tensor
    labels: Tensor
    weights: Tensor | None = None
    ignored: Tensor | None = None
