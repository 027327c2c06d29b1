"""From the fields of a sample to what a model takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...registry import TRANSFORMS
from ...structures import DataSample, format_label
from .base import BaseTransform

_META_KEYS = (
    'sample_idx',
    'img_path',
    'ori_shape',
    'img_shape',
    'scale_factor',
    'flip',
    'flip_direction',
)


def _to_input(value: object) -> Tensor | list:
    """An image ``(H, W)`` or ``(H, W, C)`` as ``(C, H, W)``; views one by one."""
    if isinstance(value, np.ndarray):
        if value.ndim == 2:
            value = value[None]
        elif value.ndim == 3:
            value = value.transpose(2, 0, 1)
        if not value.flags.writeable:
            value = value.copy()
        try:
            return torch.from_numpy(value)
        except ValueError:  # a flip that is a view
            return torch.from_numpy(value.copy())
    if isinstance(value, (list, tuple)):
        return [_to_input(view) for view in value]
    return torch.as_tensor(value)


@TRANSFORMS.register_module()
class PackInputs(BaseTransform):
    """Pack a sample: the image as a tensor, the rest into a ``DataSample``.

    The last step of a pipeline. The image keeps its type (uint8) and, where it
    can, its memory; it is normalised as a batch, on the device. The fields
    ``gt_label``, ``gt_score`` and ``mask`` are packed if the sample has them.

    Args:
        input_key: The field that becomes ``inputs``; a list of images (views)
            becomes a list of tensors.
        algorithm_keys: Further fields to put into the ``DataSample``, as they
            are.
        meta_keys: Fields to put into its meta information.

    Shape:
        inputs: ``(C, H, W)``.

    Example:
        >>> pack = TRANSFORMS.build(dict(type='PackInputs'))
        >>> packed = pack(dict(img=np.zeros((4, 6, 3), np.uint8), gt_label=7))
        >>> packed['inputs'].shape, packed['data_samples'].gt_label
        (torch.Size([3, 4, 6]), tensor([7]))
    """

    is_random = False
    DEFAULT_META_KEYS = _META_KEYS

    def __init__(
        self,
        input_key: str = 'img',
        algorithm_keys: Sequence[str] = (),
        meta_keys: Sequence[str] = DEFAULT_META_KEYS,
    ) -> None:
        self.input_key = input_key
        self.algorithm_keys = tuple(algorithm_keys)
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack the sample."""
        packed: dict = {}
        if self.input_key in results:
            packed['inputs'] = _to_input(results[self.input_key])
        metainfo = {key: results[key] for key in self.meta_keys if key in results}
        fields = {}
        if 'gt_label' in results:
            fields['gt_label'] = format_label(results['gt_label'])
        packed['data_samples'] = sample = DataSample.with_metainfo(metainfo, fields)
        if 'gt_score' in results:
            sample.set_gt_score(results['gt_score'])
        if 'mask' in results:
            sample.set_field(torch.as_tensor(results['mask']), 'mask')
        for key in self.algorithm_keys:
            if key in results:
                sample.set_field(results[key], key)
        return packed
