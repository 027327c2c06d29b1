"""Batches of images of any sizes, made ready for a detector."""

from __future__ import annotations

from ...registry import MODELS
from .image import ImageDataPreprocessor


@MODELS.register_module()
class DetDataPreprocessor(ImageDataPreprocessor):
    """Bring images of any sizes to the device, normalise and pad them there.

    Images are padded at the bottom and right, so that boxes stay where they are. A
    detector finds the size of an image without its borders as ``img_shape`` of the
    sample, and with them as ``batch_input_shape``.

    Args:
        kwargs: See :class:`~mmlite.models.data_preprocessors.ImageDataPreprocessor`.

    Shape:
        inputs: ``(B, C, H, W)``, or a list of ``(C, H, W)`` of any sizes.
        returns: float32 ``(B, C, H', W')``.

    Example:
        >>> import torch
        >>> images = [torch.zeros(3, 5, 6), torch.zeros(3, 4, 9)]
        >>> prepare = DetDataPreprocessor(pad_size_divisor=4)
        >>> prepare(dict(inputs=images), training=True)['inputs'].shape
        torch.Size([2, 3, 8, 12])
        >>> [x.shape for x in prepare(dict(inputs=images))['inputs']]
        [torch.Size([3, 8, 8]), torch.Size([3, 4, 12])]
    """
