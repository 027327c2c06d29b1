"""Dropout of elements, and of whole residual branches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from ...errors import check_fraction
from ...registry import MODELS
from .build import build_layer

__all__ = ['DropPath', 'Dropout', 'build_dropout', 'drop_path', 'drop_path_rates']


def drop_path(x: Tensor, drop_prob: float = 0.0, training: bool = False) -> Tensor:
    """Set whole samples of a batch to zero, and scale the others up.

    Args:
        x: ``(B, *)``.
        drop_prob: Chance of a sample to be dropped, a fraction.
        training: Nothing is dropped if false.
    """
    if drop_prob == 0.0 or not training:
        return x
    keep_prob = 1 - drop_prob
    mask = x.new_empty(x.shape[0], *(1 for _ in x.shape[1:])).bernoulli_(keep_prob)
    if keep_prob > 0:
        mask.div_(keep_prob)
    return x * mask


def drop_path_rates(rate: float, depths: Sequence[int]) -> list[list[float]]:
    """Rates of stochastic depth that grow from 0 to ``rate``, block by block.

    Args:
        rate: That of the last block, a fraction.
        depths: How many blocks each stage has.

    Returns:
        One list for each stage.

    Example:
        >>> drop_path_rates(0.5, (2, 1))
        [[0.0, 0.25], [0.5]]
    """
    rates = np.linspace(0, rate, sum(depths)).tolist()
    ends = np.cumsum(depths).tolist()
    return [rates[end - depth : end] for end, depth in zip(ends, depths, strict=True)]


@MODELS.register_module()
class DropPath(nn.Module):
    """Stochastic depth: drop a residual branch, sample by sample.

    Paper: Deep Networks with Stochastic Depth, ECCV 2016,
    https://arxiv.org/abs/1603.09382

    Args:
        drop_prob: Chance of a sample to be dropped, a fraction.

    Shape:
        x: ``(B, *)``; returns the same shape.

    Raises:
        ValueError: if drop_prob is not within [0, 1].

    Example:
        >>> DropPath(0.5).eval()(torch.ones(2, 3)).sum()
        tensor(6.)
    """

    def __init__(self, drop_prob: float = 0.1) -> None:
        super().__init__()
        check_fraction(drop_prob=drop_prob)
        self.drop_prob = float(drop_prob)

    def forward(self, x: Tensor) -> Tensor:
        """Drop in training, pass x through in evaluation."""
        return drop_path(x, self.drop_prob, self.training)

    def extra_repr(self) -> str:
        """The rate, for ``print``."""
        return f'drop_prob={self.drop_prob:g}'


@MODELS.register_module()
class Dropout(nn.Dropout):
    """``torch.nn.Dropout`` whose rate has the name of :class:`DropPath`'s.

    Args:
        drop_prob: Chance of an element to be dropped, a fraction.
        inplace: Whether to overwrite the input.

    Example:
        >>> Dropout(0.3)
        Dropout(p=0.3, inplace=False)
    """

    def __init__(self, drop_prob: float = 0.5, inplace: bool = False) -> None:
        super().__init__(p=drop_prob, inplace=inplace)


def build_dropout(cfg: dict | None) -> nn.Module:
    """Build a dropout layer; ``None`` is the identity.

    Raises:
        ConfigError: if ``cfg`` does not fit the type it names.

    Example:
        >>> build_dropout(dict(type='DropPath', drop_prob=0.2))
        DropPath(drop_prob=0.2)
    """
    return nn.Identity() if cfg is None else build_layer(cfg)
