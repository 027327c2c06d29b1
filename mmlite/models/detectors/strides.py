"""Whether anchors stand where the features of a detector are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ConfigError, Problem
from ...structures import FeatureSpec

__all__ = ['check_strides']


def check_strides(
    head: str, generator: Any, specs: Sequence[FeatureSpec] | None
) -> None:
    """Compare the strides that an anchor generator states with those of the features.

    Args:
        head: Under which key of the model the head of the generator stands.
        generator: The anchor generator; one without strides fits any feature maps.
        specs: What the feature extractor says of its maps, if it does.

    Raises:
        ConfigError: if they differ, so that anchors lay elsewhere than their features.
    """
    stated = getattr(generator, 'strides', None) or ()
    found = [spec.stride for spec in specs or ()]
    pairs = zip(stated, found, strict=False)
    if any(known is not None and own != known for own, known in pairs):
        message = (
            f'is {list(stated)}, but the feature extractor gives maps of strides '
            f'{found}; leave it out'
        )
        raise ConfigError([Problem(f'{head}.anchor_generator.strides', message)])
