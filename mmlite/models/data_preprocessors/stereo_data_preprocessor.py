"""Batches of image pairs, made ready for stereo matching."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from ...errors import DataError
from ...registry import MODELS
from ...structures import SampleBatch
from .image import Borders, ImageDataPreprocessor, Size


@MODELS.register_module()
class StereoDataPreprocessor(ImageDataPreprocessor):
    """Bring image pairs to the device, normalise and pad both alike.

    Pairs are padded at the top and right by the colours at the edge, as is usual on
    KITTI: the disparity of the lower left then needs no padded pixels.
    :func:`~mmlite.models.data_preprocessors.unpad` cuts predictions back.

    Args:
        kwargs: See :class:`~mmlite.models.data_preprocessors.ImageDataPreprocessor`.
            ``pad_value`` is not used.

    Shape:
        inputs: a dict of ``(B, C, H, W)`` each, or lists of ``(C, H, W)``.
        returns: float32, the same with ``(B, C, H', W')``.

    Raises:
        DataError: if the inputs are no dict.

    Example:
        >>> import torch
        >>> view = torch.tensor([[[[1., 2., 3.]]]])
        >>> prepare = StereoDataPreprocessor(pad_size_divisor=2)
        >>> prepare(dict(inputs=dict(ref_img=view, tgt_img=view)))['inputs']['ref_img']
        tensor([[[[1., 2., 3., 3.],
                  [1., 2., 3., 3.]]]])
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare what the data loader gives; pairs without samples get empty ones.

        These keep the sizes to which predictions are cut back.
        """
        inputs = data.get('inputs') if isinstance(data, dict) else None
        if isinstance(inputs, Mapping) and inputs and data.get('data_samples') is None:
            count = len(next(iter(inputs.values())))
            data = dict(data, data_samples=SampleBatch.of(count))
        return super().forward(data, training)

    def prepare(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        """The pairs on the device, normalised and padded."""
        if not isinstance(inputs, Mapping):
            raise DataError(
                'an image pair is a dict of two inputs, got a '
                f'{type(inputs).__name__}; set input_key=["ref_img", "tgt_img"] of '
                'PackInputs'
            )
        _check_sizes(inputs)
        prepare = super().prepare
        return {key: prepare(x, training) for key, x in inputs.items()}

    def borders(self, size: Size, padded: Size) -> Borders:
        """Padded at the top and right."""
        return 0, padded[0] - size[0], padded[1] - size[1], 0

    def pad(self, images: Tensor, borders: Borders) -> Tensor:
        """Padded with the pixels at the edge."""
        left, top, right, bottom = borders
        around = (left, right, top, bottom)
        if images.ndim == 3:
            return F.pad(images[None], around, mode='replicate')[0]
        return F.pad(images, around, mode='replicate')


def _check_sizes(inputs: Mapping[str, Any]) -> None:
    """Check that the views of each pair have one size."""
    counts = [len(view) for view in inputs.values()]
    if len(set(counts)) > 1:
        raise DataError(
            f'both views of a batch have one number of images, got {counts}'
        )
    for pair in zip(*inputs.values(), strict=True):
        if len({tuple(view.shape[-2:]) for view in pair}) > 1:
            sizes = ' and '.join(f'{x.shape[-1]}x{x.shape[-2]}' for x in pair)
            raise DataError(
                f'both views of a pair have one size, got {sizes} (width x height)'
            )
