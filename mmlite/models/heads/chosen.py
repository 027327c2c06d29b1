"""Which anchors or proposals the loss of a head looks at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = ['mined', 'sampled']


def sampled(sampler: Any, labels: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """Draw the positives and negatives of each image of a batch.

    Args:
        sampler: Takes the labels of an image; or those of all, as ``of_images``, which
            has to wait for a GPU less often.
        labels: Of each image, ``(A, )``.
    """
    if hasattr(sampler, 'of_images'):
        return sampler.of_images(labels)
    return [sampler(own) for own in labels]


def mined(miner: Any, *given: Tensor) -> Tensor:
    """1 for the anchors of an image that its loss looks at, else 0, ``(A, )``.

    Args:
        miner: Gives their indices; or this, as ``mask``, without a wait for a GPU.
        given: What it takes, the losses of the anchors first.
    """
    keep = torch.zeros_like(given[0])
    if hasattr(miner, 'mask'):
        return miner.mask(*given).to(keep.dtype)
    keep[miner(*given)] = 1.0
    return keep
