"""Let ``init_cfg=dict(type='Pretrained')`` mean mmlite's reader, always.

mmengine looks initializers up in its own registry unless a runner is there, and its
reader takes the checkpoint of another model without a word.
"""

from __future__ import annotations

from typing import Any

from mmengine import model  # noqa: F401  which enters its own reader first
from mmengine import registry as root

from ..registry import WEIGHT_INITIALIZERS


@root.WEIGHT_INITIALIZERS.register_module(name='Pretrained', force=True)
def pretrained(**settings: Any) -> Any:
    """What initialises a module with the weights of a checkpoint.

    Args:
        settings: Arguments of :class:`~mmlite.engine.checkpoints.PretrainedInit`.

    Raises:
        ConfigError: if one is wrong.
    """
    return WEIGHT_INITIALIZERS.build(dict(settings, type='Pretrained'))
