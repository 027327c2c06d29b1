"""What a data loader gives of each task, small and random: one function a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from mmlite.structures import DataSample


def classification(size: int = 4) -> dict[str, Any]:
    """Grey images of 32x32 pixels, and labels of 5 classes."""
    generator = torch.Generator().manual_seed(0)
    return dict(
        inputs=torch.randint(0, 256, (size, 1, 32, 32), generator=generator).byte(),
        data_samples=[DataSample().set_gt_label(i % 5) for i in range(size)],
    )


#: By the name of the task.
NOISE: dict[str, Callable[..., dict[str, Any]]] = dict(classification=classification)
