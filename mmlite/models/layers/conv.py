"""Convolutions by name."""

from __future__ import annotations

from typing import Any

from torch import nn

from ...registry import MODELS
from .build import build_layer

__all__ = ['build_conv_layer']

for _name, _layer in {
    'Conv1d': nn.Conv1d,
    'Conv2d': nn.Conv2d,
    'Conv3d': nn.Conv3d,
    'Conv': nn.Conv2d,
    'ConvTranspose2d': nn.ConvTranspose2d,
    'ConvTranspose3d': nn.ConvTranspose3d,
    'deconv': nn.ConvTranspose2d,
    'deconv3d': nn.ConvTranspose3d,
}.items():
    MODELS.register_module(_name, module=_layer)


def build_conv_layer(cfg: dict | None, *args: Any, **kwargs: Any) -> nn.Module:
    """Build a convolution.

    Args:
        cfg: A dict with a ``type`` and arguments of that type; ``None`` is
            ``dict(type='Conv2d')``.
        args: Arguments that the surrounding module knows, e.g.
            ``in_channels, out_channels``.
        kwargs: More of these, by name.

    Raises:
        ConfigError: if ``cfg`` does not fit the type it names.

    Example:
        >>> build_conv_layer(None, 3, 8, kernel_size=3)
        Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))
        >>> build_conv_layer(dict(type='Conv1d', bias=False), 3, 8, 1)
        Conv1d(3, 8, kernel_size=(1,), stride=(1,), bias=False)
    """
    return build_layer(cfg or dict(type='Conv2d'), *args, **kwargs)
