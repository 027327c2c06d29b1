"""Inputs of several sizes, which cannot be one tensor."""

from __future__ import annotations

__all__ = ['Ragged']


class Ragged(list):
    """The inputs of a batch one by one, as their sizes differ.

    A data preprocessor gives it in evaluation, where padding to the largest image
    would let predictions depend on it, and for sequences of several lengths. A model
    predicts such a batch in groups of one size.

    Example:
        >>> import torch
        >>> images = Ragged([torch.zeros(3, 4, 4), torch.zeros(3, 8, 4)])
        >>> images.groups()
        [[0], [1]]
    """

    def groups(self) -> list[list[int]]:
        """The places of the entries of one shape, group by group."""
        places: dict[tuple, list[int]] = {}
        for place, entry in enumerate(self):
            places.setdefault(tuple(entry.shape), []).append(place)
        return list(places.values())
