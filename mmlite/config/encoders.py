"""The part of a model that sees the images, as its config states it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ['encoder_at', 'encoder_of']


def encoder_of(model: Any) -> Mapping[str, Any] | None:
    """The config of the backbone of a model; None if there is not exactly one.

    Example:
        >>> encoder_of(dict(type='SimCLR', backbone=dict(type='ResNet', depth=18)))
        {'type': 'ResNet', 'depth': 18}
    """
    return encoder_at(model)[1]


def encoder_at(model: Any) -> tuple[str, Mapping[str, Any] | None]:
    """The config of the backbone of a model, and where in the model it stands.

    Example:
        >>> encoder_at(dict(image_encoder=[dict(type='ResNet'), dict(type='Neck')]))
        ('image_encoder.0', {'type': 'ResNet'})
    """
    path: list[str] = []
    while isinstance(model, Mapping):
        key = 'image_encoder' if 'image_encoder' in model else 'backbone'
        path.append(key)
        model = model.get(key)
        if isinstance(model, (list, tuple)) and model:
            path.append('0')
            model = model[0]
        if isinstance(model, Mapping) and isinstance(model.get('type'), str):
            return '.'.join(path), model
    return '', None
