"""Layers that are added to others, by name."""

from __future__ import annotations

import re
from typing import Any

from torch import nn

from .build import build_layer, layer_class

__all__ = ['build_plugin_layer']

#: Between the words of the name of a class.
_WORDS = re.compile(r'(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])')


def build_plugin_layer(
    cfg: dict, postfix: int | str = '', **kwargs: Any
) -> tuple[str, nn.Module]:
    """Build a layer that is added to a block, and the name it has there.

    A layer of your own is named after its attribute ``_abbr_``, else after its class,
    in lower case with underscores.

    Args:
        cfg: A dict with a ``type``, e.g. ``'ContextBlock'`` or ``'NonLocal2d'``, and
            arguments of that type.
        postfix: What the name ends in.
        kwargs: Arguments that the surrounding module knows, e.g. ``in_channels``.

    Returns:
        The name, e.g. ``'context_block1'``, and the layer.

    Raises:
        ConfigError: if ``cfg`` does not fit the type it names.

    Example:
        >>> cfg = dict(type='ContextBlock', ratio=0.25)
        >>> name, layer = build_plugin_layer(cfg, postfix=1, in_channels=8)
        >>> name, type(layer).__name__
        ('context_block1', 'ContextBlock')
    """
    layer = build_layer(cfg, **kwargs)
    target = layer_class(cfg)
    name = _WORDS.sub('_', target.__name__).lower()
    return f'{getattr(target, "_abbr_", name)}{postfix}', layer
