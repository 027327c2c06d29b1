"""Bring a batch to the device, and do nothing else to it."""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseDataPreprocessor as EngineDataPreprocessor
from torch import Tensor

from ...registry import MODELS
from ...structures import SampleBatch


@MODELS.register_module()
class BaseDataPreprocessor(EngineDataPreprocessor):
    """Brings a batch to the device.

    Differs from mmengine's in that copies to the device are not waited for, and that a
    batch of plain tensors is moved faster.

    Args:
        non_blocking: Whether to go on while pinned memory is being copied.

    Shape:
        Whatever comes; it keeps its structure.

    Example:
        >>> BaseDataPreprocessor()(dict(inputs=torch.zeros(1), data_samples=None))
        {'inputs': tensor([0.]), 'data_samples': None}
    """

    def __init__(self, non_blocking: bool = True) -> None:
        super().__init__(non_blocking)

    def cast_data(self, data: Any) -> Any:
        """Move all tensors and samples in nested dicts, lists and tuples."""
        if isinstance(data, Tensor):
            return data.to(self._device, non_blocking=self._non_blocking)
        if type(data) is dict:
            return {key: self.cast_data(value) for key, value in data.items()}
        if isinstance(data, SampleBatch):
            return data.to(self._device, non_blocking=self._non_blocking)
        return super().cast_data(data)
