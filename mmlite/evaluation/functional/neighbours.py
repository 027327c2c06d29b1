"""Classification by the nearest neighbours among labelled features."""

from __future__ import annotations

import torch
from torch import Tensor

from ...ops import nearest

__all__ = ['few_labels', 'neighbour_labels', 'others_labels']


def neighbour_labels(
    queries: Tensor,
    gallery: Tensor,
    labels: Tensor,
    k: int = 20,
    temperature: float = 0.07,
) -> Tensor:
    """The class for which the nearest neighbours of each query vote.

    A neighbour's vote weighs ``exp(cosine / temperature)``.

    Paper: Unsupervised Feature Learning via Non-Parametric Instance Discrimination,
    CVPR 2018, https://arxiv.org/abs/1805.01978

    Args:
        queries: ``(N, D)``.
        gallery: ``(M, D)``.
        labels: Of the gallery, ``(M, )``.
        k: Number of neighbours.
        temperature: The less, the more the nearest ones count.

    Returns:
        ``(N, )``.

    Example:
        >>> neighbour_labels(torch.eye(2), torch.eye(2), torch.tensor([3, 5]), k=1)
        tensor([3, 5])
    """
    return _elect(*nearest(queries, gallery, k), labels, temperature)


def others_labels(
    features: Tensor, labels: Tensor, k: int = 20, temperature: float = 0.07
) -> Tensor:
    """The class for which the neighbours of each one vote, without itself.

    One that is alone has no neighbour: its class is -1.

    Args:
        features: ``(N, D)``.
        labels: ``(N, )``.
        k: Number of neighbours.
        temperature: The less, the more the nearest ones count.

    Example:
        >>> x = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])
        >>> others_labels(x, torch.tensor([0, 1, 2]), k=1)
        tensor([1, 0, 1])
    """
    if len(features) == 1:
        return torch.full_like(labels, -1)
    scores, places = nearest(features, features, k + 1)
    itself = places == torch.arange(len(features), device=places.device)[:, None]
    # Among more than k equal ones it may be missing; then the last one goes.
    itself[:, -1] |= ~itself.any(dim=1)
    rest = ~itself
    kept = scores[rest].view(len(features), -1), places[rest].view(len(features), -1)
    return _elect(*kept, labels, temperature)


def few_labels(labels: Tensor, shots: int, generator: torch.Generator) -> Tensor:
    """The places of so many random ones of each class, class by class.

    Args:
        labels: ``(N, )``.
        shots: How many of each class; all of a smaller one.
        generator: What is drawn from.

    Example:
        >>> few_labels(torch.tensor([1, 0, 1]), 2, torch.Generator()).sort().values
        tensor([0, 1, 2])
    """
    order = torch.randperm(len(labels), generator=generator)
    chosen = [order[labels[order] == label][:shots] for label in labels.unique()]
    return torch.cat(chosen)


def _elect(
    scores: Tensor, places: Tensor, labels: Tensor, temperature: float
) -> Tensor:
    # Relative to the nearest, so that nothing overflows.
    weights = ((scores - scores[:, :1]) / temperature).exp()
    candidates = labels.to(places.device)[places]
    votes = weights.new_zeros(len(scores), int(labels.max()) + 1)
    return votes.scatter_add_(1, candidates, weights).argmax(dim=1)
