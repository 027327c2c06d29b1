"""Datasets that are built without reading their samples in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch.utils.data import Dataset

from ..registry import DATASETS
from ..signature import arguments_of

__all__ = ['can_wait', 'unread']


def can_wait(kind: str | type) -> bool:
    """Whether a dataset takes ``lazy_init``; one of a project's own need not."""
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    if kind is None:
        return False
    arguments = arguments_of(kind)
    return arguments.open or 'lazy_init' in arguments.kinds


def unread(cfg: Mapping[str, Any]) -> Dataset:
    """Build a dataset that reads its samples in later, where it can wait.

    Args:
        cfg: The dict that describes it.

    Example:
        >>> unread(dict(type='Digits')).data_list
        []
    """
    late = dict(lazy_init=True) if can_wait(cfg['type']) else {}
    return DATASETS.build({**cfg, **late})
