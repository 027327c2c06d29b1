"""Channel shuffle: mix the channels of several groups."""

from __future__ import annotations

from torch import Tensor

__all__ = ['channel_shuffle']


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Reorder channels so that those of different groups stand side by side.

    Paper: ShuffleNet, CVPR 2018, https://arxiv.org/abs/1707.01083

    Args:
        x: ``(B, C, H, W)``; ``groups`` divides C.
        groups: How many groups the channels are in.

    Example:
        >>> channel_shuffle(torch.arange(6.0).view(1, 6, 1, 1), 2).flatten()
        tensor([0., 3., 1., 4., 2., 5.])
    """
    return x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)
