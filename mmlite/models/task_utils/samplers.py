"""Which anchors or proposals a loss looks at."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ...registry import TASK_UTILS
from .matchers import BACKGROUND, IGNORED

__all__ = ['BalancedSampler']


@TASK_UTILS.register_module()
class BalancedSampler:
    """Draw positives up to a share, and fill up with negatives.

    Override:
        of_images: what is drawn of each image; the heads ask for it.

    Args:
        batch_size: How many are drawn at most; None takes all positives.
        positive_fraction: Share of positives at most.

    Shape:
        labels: ``(A, )``: 0 and more for positives, -1 for negatives, -2 for ignored.
        returns: indices ``(P, )`` of positives and ``(N, )`` of negatives, rising.

    Raises:
        ValueError: if positive_fraction is not above 0 and at most 1.

    Example:
        >>> labels = torch.tensor([3, -1, -2, -1, 5])
        >>> [len(part) for part in BalancedSampler(3, 0.5)(labels)]
        [1, 2]
    """

    def __init__(
        self, batch_size: int | None = 256, positive_fraction: float = 0.5
    ) -> None:
        if not 0 < positive_fraction <= 1:
            raise ValueError(
                'positive_fraction must be above 0 and at most 1, got '
                f'{positive_fraction}'
            )
        self.batch_size = batch_size
        self.positive_fraction = positive_fraction

    def __call__(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The positives and the negatives that count."""
        ((positive, negative),) = self.of_images([labels])
        return positive, negative

    def of_images(self, labels: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
        """The positives and the negatives of each image of a batch.

        A GPU is waited for three times, however many images there are.

        Args:
            labels: Of each image, ``(A, )``; see the class.
        """
        rows = pad_sequence(list(labels), batch_first=True, padding_value=IGNORED)
        kinds = torch.stack([rows >= 0, rows == BACKGROUND])
        counts = kinds.sum(dim=2).tolist()
        parts = (
            kind.nonzero()[:, 1].split(own)
            for kind, own in zip(kinds, counts, strict=True)
        )
        return [self._sampled(*both) for both in zip(*parts, strict=True)]

    def _sampled(self, positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
        if self.batch_size is None:
            share = self.positive_fraction
            most = int(len(positive) * (1 - share) / share)
            return positive, _drawn(negative, max(most, 1))
        positive = _drawn(positive, int(self.batch_size * self.positive_fraction))
        return positive, _drawn(negative, self.batch_size - len(positive))


def _drawn(places: Tensor, most: int) -> Tensor:
    if len(places) <= most:
        return places
    chosen = torch.randperm(len(places), device=places.device)[:most]
    return places[chosen.sort().values]
