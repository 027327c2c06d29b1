"""What a part promises about the features it gives."""

from __future__ import annotations

from typing import NamedTuple


class FeatureSpec(NamedTuple):
    """Width and scale of one feature map or vector.

    Backbones have ``feature_specs``, one entry per output; a neck turns them
    into its own with ``output_specs(specs)``. The model that joins the parts
    compares them with ``in_channels`` when it is built.

    Args:
        channels: Number of channels ``C`` (embedding dims for tokens).
        stride: Input pixels per feature pixel; ``None`` for vectors and
            tokens without a place.

    Example:
        >>> FeatureSpec(channels=512, stride=32)
        FeatureSpec(channels=512, stride=32)
    """

    channels: int
    stride: int | None = None
