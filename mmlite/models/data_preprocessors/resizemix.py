"""ResizeMix: paste another image of the batch, made small, into each image."""

from __future__ import annotations

import random
from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional as F

from ...registry import TASK_UTILS
from .cutmix import CutMix


@TASK_UTILS.register_module()
class ResizeMix(CutMix):
    """Paste another whole image, made small, into each image; mix labels by area.

    Paper: ResizeMix: Mixing Data with Preserved Object Information and True Labels,
    https://arxiv.org/abs/2012.11101.

    Args:
        alpha: Both parameters of the beta distribution from which the share that is
            left of an image is drawn.
        lam_min: The least share.
        lam_max: The greatest share.
        interpolation: How images are made small, as torch's ``interpolate`` has it.
        cutmix_minmax: Least and greatest side of the box, as fractions of the image.
        correct_lam: Whether labels are mixed by the area inside the image.

    Shape:
        batch_inputs: ``(B, C, H, W)``; batch_scores: ``(B, K)``.
        returns: the same two.

    Raises:
        ValueError: if not ``0 <= lam_min <= lam_max <= 1``.

    Example:
        >>> import torch
        >>> mix = ResizeMix(alpha=1.0)
        >>> images, scores = mix(torch.rand(4, 3, 8, 8), torch.eye(4))
        >>> scores.sum(dim=1).allclose(torch.ones(4))
        True
    """

    def __init__(
        self,
        alpha: float,
        lam_min: float = 0.1,
        lam_max: float = 0.8,
        interpolation: str = 'bilinear',
        cutmix_minmax: Sequence[float] | None = None,
        correct_lam: bool = True,
    ) -> None:
        super().__init__(alpha, cutmix_minmax, correct_lam)
        if not 0 <= lam_min <= lam_max <= 1:
            raise ValueError(
                'lam_min and lam_max are shares with 0 <= lam_min <= lam_max <= 1, got '
                f'{lam_min} and {lam_max}'
            )
        self.lam_min = lam_min
        self.lam_max = lam_max
        self.interpolation = interpolation

    def draw_share(self) -> float:
        """The share of an image that is to be left."""
        drawn = random.betavariate(self.alpha, self.alpha)
        return self.lam_min + drawn * (self.lam_max - self.lam_min)

    def paste(self, images: Tensor, others: Tensor, box: Sequence[int]) -> Tensor:
        """The images with others, made small, in the box."""
        y1, y2, x1, x2 = box
        mixed = images.clone()
        if y2 > y1 and x2 > x1:
            corners = None if self.interpolation in ('nearest', 'area') else False
            mixed[..., y1:y2, x1:x2] = F.interpolate(
                others,
                (y2 - y1, x2 - x1),
                mode=self.interpolation,
                align_corners=corners,
            )
        return mixed
