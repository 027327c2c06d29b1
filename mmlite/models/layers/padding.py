"""Padding layers by name."""

from __future__ import annotations

from typing import Any

from torch import nn

from ...registry import MODELS
from .build import build_layer

__all__ = ['build_padding_layer']

for _name, _layer in {
    'zero': nn.ZeroPad2d,
    'reflect': nn.ReflectionPad2d,
    'replicate': nn.ReplicationPad2d,
}.items():
    MODELS.register_module(_name, module=_layer)


def build_padding_layer(cfg: dict, *args: Any, **kwargs: Any) -> nn.Module:
    """Build a layer that pads a feature map.

    Args:
        cfg: A dict with a ``type``: ``'zero'``, ``'reflect'``, ``'replicate'``, or one
            of your own.
        args: How many pixels to add: on every side, or left, right, top and bottom.
        kwargs: The same, by name.

    Raises:
        ConfigError: if ``cfg`` does not fit the type it names.

    Example:
        >>> build_padding_layer(dict(type='reflect'), 2)
        ReflectionPad2d((2, 2, 2, 2))
    """
    return build_layer(cfg, *args, **kwargs)
