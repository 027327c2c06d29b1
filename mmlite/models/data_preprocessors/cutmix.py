"""CutMix: paste a box of another image of the batch into each image."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import torch
from torch import Tensor

from ...errors import check_positive
from ...registry import TASK_UTILS


@TASK_UTILS.register_module()
class CutMix:
    """Paste a box of another image into each image, and mix labels by area.

    Paper: CutMix: Regularization Strategy to Train Strong Classifiers with
    Localizable Features, ICCV 2019, https://arxiv.org/abs/1905.04899.

    One box per batch, from Python's :mod:`random`. Without ``cutmix_minmax``
    it has the share ``1 - lam`` of the area, ``lam`` from
    ``Beta(alpha, alpha)``, and its centre anywhere, so that it may be cut off
    at the border.

    Override:
        draw_share, paste: for other mixtures of boxes.

    Args:
        alpha: Both parameters of the beta distribution.
        cutmix_minmax: Least and greatest side of the box, as fractions of the
            image; the box then lies inside.
        correct_lam: Whether labels are mixed by the area of the box that is
            left inside the image, rather than by the ``lam`` that was drawn;
            always so with ``cutmix_minmax``.

    Shape:
        batch_inputs: ``(B, C, H, W)``; batch_scores: ``(B, K)``.
        returns: the same two.

    Raises:
        ValueError: if ``alpha`` is not positive, or ``cutmix_minmax`` is not
            ``0 < min <= max <= 1``.

    Example:
        >>> images, scores = CutMix(alpha=1.0)(torch.rand(4, 3, 8, 8), torch.eye(4))
        >>> scores.sum(dim=1).allclose(torch.ones(4))
        True
    """

    def __init__(
        self,
        alpha: float,
        cutmix_minmax: Sequence[float] | None = None,
        correct_lam: bool = True,
    ) -> None:
        check_positive(alpha=alpha)
        if cutmix_minmax is not None and not (
            len(cutmix_minmax) == 2 and 0 < cutmix_minmax[0] <= cutmix_minmax[1] <= 1
        ):
            raise ValueError(
                f'cutmix_minmax must be (min, max) with 0 < min <= max <= 1, got '
                f'{cutmix_minmax}'
            )
        self.alpha = alpha
        self.cutmix_minmax = cutmix_minmax
        self.correct_lam = correct_lam

    def __call__(
        self, batch_inputs: Tensor, batch_scores: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mix a batch."""
        lam = self.draw_share()
        height, width = batch_inputs.shape[-2:]
        if self.cutmix_minmax is None:
            side = math.sqrt(1 - lam)
            y1, y2 = _around_centre(height, int(height * side))
            x1, x2 = _around_centre(width, int(width * side))
        else:
            y1, y2 = _inside(height, *self.cutmix_minmax)
            x1, x2 = _inside(width, *self.cutmix_minmax)
        if self.correct_lam or self.cutmix_minmax is not None:
            lam = 1 - (y2 - y1) * (x2 - x1) / (height * width)
        other = torch.randperm(len(batch_inputs), device=batch_inputs.device)
        mixed = self.paste(batch_inputs, batch_inputs[other], (y1, y2, x1, x2))
        return mixed, torch.lerp(batch_scores[other], batch_scores, lam)

    def draw_share(self) -> float:
        """The share of an image that is to be left."""
        return random.betavariate(self.alpha, self.alpha)

    def paste(self, images: Tensor, others: Tensor, box: Sequence[int]) -> Tensor:
        """The images with what others have in the box ``(y1, y2, x1, x2)``."""
        y1, y2, x1, x2 = box
        mixed = images.clone()
        mixed[..., y1:y2, x1:x2] = others[..., y1:y2, x1:x2]
        return mixed

    def __repr__(self) -> str:
        return f'{type(self).__name__}(alpha={self.alpha})'


def _around_centre(size: int, side: int) -> tuple[int, int]:
    """A range about a random place, cut off at the borders."""
    centre = random.randrange(size)
    return max(0, centre - side // 2), min(size, centre + side // 2)


def _inside(size: int, low: float, high: float) -> tuple[int, int]:
    """A range whose length is between two fractions of ``size``."""
    side = random.randint(max(1, int(size * low)), max(1, int(size * high)))
    start = random.randint(0, size - side)
    return start, start + side
