"""Batches of sequences of frames, made ready for gait recognition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ...errors import DataError
from ...registry import MODELS
from .image import ImageDataPreprocessor


@MODELS.register_module()
class GaitDataPreprocessor(ImageDataPreprocessor):
    """Bring sequences of frames to the device, and scale them there.

    Sequences of one length are one tensor. Of several lengths they are a
    :class:`~mmlite.structures.Ragged` list, which is trained on as it is, and predicted
    in groups of one length, so that temporal convolutions never cross from one
    sequence to the next.

    Args:
        mean: Mean of silhouettes, or of each channel of frames that have channels.
        std: Standard deviation, likewise; by default silhouettes become 0 to 1.
        kwargs: See :class:`~mmlite.models.data_preprocessors.ImageDataPreprocessor`.

    Shape:
        inputs: ``(B, S, H, W)`` or ``(B, S, C, H, W)``, or a list of ``B`` without
        the first dimension, of any ``S``.
        returns: float32, the same.

    Example:
        >>> prepare = GaitDataPreprocessor()
        >>> walks = [torch.full((s, 4, 3), 255, dtype=torch.uint8) for s in (2, 5)]
        >>> [walk.shape for walk in prepare(dict(inputs=walks))['inputs']]
        [torch.Size([2, 4, 3]), torch.Size([5, 4, 3])]
    """

    def __init__(
        self,
        mean: Sequence[float] | None = (0.0,),
        std: Sequence[float] | None = (255.0,),
        **kwargs: Any,
    ) -> None:
        super().__init__(mean, std, **kwargs)

    def is_single(self, entry: Any) -> bool:
        """A sequence: ``(S, H, W)`` or ``(S, C, H, W)``."""
        return isinstance(entry, Tensor) and entry.ndim < 5

    def check_batch(self, inputs: Tensor) -> None:
        """Refuse a tensor that is no batch of sequences."""
        if inputs.ndim not in (4, 5):
            raise DataError(
                'sequences come as (B, S, H, W), (B, S, C, H, W) or a list of them, '
                f'got a tensor of shape {tuple(inputs.shape)}'
            )

    def check_list(self, inputs: Sequence[Tensor]) -> None:
        """Refuse frames that are of several layouts."""
        if len({frames.shape[1:-2] for frames in inputs}) > 1:
            raise DataError(
                'the frames of a batch have one number of channels, got '
                f'{[tuple(frames.shape) for frames in inputs]}'
            )

    def normalize(
        self, images: Tensor, mean: Tensor | None = None, std: Tensor | None = None
    ) -> Tensor:
        """Move to the device, then widen and scale; frames may have no channels."""
        mean, std = (self.mean, self.std) if mean is None else (mean, std)
        if mean is None or len(mean) > 1:
            return super().normalize(images, mean, std)
        images = images.to(self.device, non_blocking=True)
        return images.to(mean.dtype, copy=True).sub_(mean).div_(std)
