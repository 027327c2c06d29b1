"""The feature that a part with one input reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

__all__ = ['last_feature']


def last_feature(feats: Tensor | Sequence[Any]) -> Any:
    """The last of several features, or the only one.

    Our backbones give a tuple; one of another library may give a tensor, whose last
    entry would be the last sample.

    Args:
        feats: The features, as a sequence or a tensor.

    Example:
        >>> import torch
        >>> maps = torch.zeros(2, 8, 4, 4)
        >>> last_feature(maps) is maps, last_feature((None, maps)) is maps
        (True, True)
    """
    return feats if isinstance(feats, Tensor) else feats[-1]
