"""Which initialisers an ``init_cfg`` names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mmengine.registry import DefaultScope
from torch import nn

__all__ = ['loads_weights', 'own_initializers']

_SCOPE = 'mmlite'


def loads_weights(init_cfg: Any) -> bool:
    """Whether an ``init_cfg``, one or several, reads a checkpoint.

    Example:
        >>> loads_weights([dict(type='Kaiming'), dict(type='Pretrained')])
        True
    """
    cfgs = [init_cfg] if isinstance(init_cfg, Mapping) else init_cfg
    return any(cfg['type'] == 'Pretrained' for cfg in cfgs or ())


@contextmanager
def own_initializers(module: nn.Module) -> Iterator[None]:
    """Let ``init_cfg`` read checkpoints as in a run, outside of one too.

    ``dict(type='Pretrained')`` compares a checkpoint with what it is for, where
    mmengine's leaves everything as it is if no name fits. In a run that is so anyway.

    Args:
        module: What is about to be initialised, with all inside it.
    """
    reads = any(loads_weights(getattr(m, 'init_cfg', None)) for m in module.modules())
    scope = _SCOPE if reads and DefaultScope.get_current_instance() is None else None
    with DefaultScope.overwrite_default_scope(scope):
        yield
