"""Weights to begin with: a file, an address, or the name of a published model."""

from __future__ import annotations

import os
from pathlib import Path

from ...engine.checkpoints import check_source

__all__ = ['weights_of']


def weights_of(pretrained: str | Path | None) -> str | None:
    """Where weights are, so that a recipe can name them from anywhere.

    Args:
        pretrained: A checkpoint file, or a URL.

    Raises:
        CheckpointError: if there is no such file.
    """
    if pretrained is None:
        return None
    if '://' in str(pretrained):
        return str(pretrained)
    path = Path(pretrained).expanduser()
    check_source(path)
    return Path(os.path.abspath(path)).as_posix()
