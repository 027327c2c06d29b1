"""Weights to start from: a file, an address, or the name of a published model."""

from __future__ import annotations

import os
from pathlib import Path

from ...engine.checkpoints import check_source
from ...given import resolved
from ..zoo.building import published_weights
from ..zoo.cards import known_name

__all__ = ['weights_of']


def weights_of(pretrained: str | Path | None) -> str | None:
    """Where weights are, so that a recipe can name them from anywhere.

    Args:
        pretrained: A checkpoint file, a work_dir, which stands for its best or latest
            checkpoint, a URL, or a name that :func:`~mmlite.apis.list_models` gives.

    Raises:
        CheckpointError: if there is no such file.
        UserError: if no weights of the model are published.

    Example:
        >>> weights_of('resnet18_8xb32_in1k').rpartition('/')[2]
        'resnet18_8xb32_in1k_20210831-fbbb1da6.pth'
    """
    if pretrained is None:
        return None
    text = str(pretrained)
    if '://' in text:
        return text
    path = Path(text).expanduser()
    if not path.exists() and known_name(text):
        return published_weights(text)
    file = resolved(path)
    check_source(file)
    return Path(os.path.abspath(file)).as_posix()
