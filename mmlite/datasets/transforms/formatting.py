"""From the fields of a sample to what a model takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from ...errors import DataError
from ...registry import TRANSFORMS
from ...structures import DataSample, MultiLabelDataSample, format_label
from .arrays import is_numeric, numeric_as_tensor
from .base import BaseTransform
from .fields import FIELDS, FixedField

_META_KEYS = (
    'sample_idx',
    'img_id',
    'img_path',
    'ori_shape',
    'img_shape',
    'scale_factor',
    'flip',
    'flip_direction',
    'gallery_index',
)
_LABELS = ('gt_label', 'gt_score')


@TRANSFORMS.register_module()
class PackInputs(BaseTransform):
    """Pack a sample: the images as tensors, the rest into a ``DataSample``.

    The last step of a pipeline. The image keeps its type (uint8) and, where it
    can, its memory; it is normalised as a batch, on the device. The ground truth is
    packed if the sample has it: ``gt_label``, ``gt_score``, ``mask``, and every
    registered field that moves with the image (boxes and what belongs to them, maps,
    disparities), unless it is an image. Every numeric array becomes a tensor.

    Args:
        input_key: The field that becomes ``inputs``. Its kind, which
            :func:`register_field` registers, says how it is laid out; a list of images
            (views) becomes a list of tensors. Several fields become a dict of them.
        algorithm_keys: Further fields to put into the ``DataSample``: arrays as
            tensors, anything else as it is.
        meta_keys: Fields to put into its meta information; ``ori_shape`` and
            ``img_shape`` are always there.

    Shape:
        inputs: ``(C, H, W)``; of a sequence ``(S, H, W)`` or ``(S, C, H, W)``.

    Raises:
        DataError: if an input is missing, has no kind, or is not numeric.

    Example:
        >>> pack = TRANSFORMS.build(dict(type='PackInputs'))
        >>> packed = pack(dict(img=np.zeros((4, 6, 3), np.uint8), gt_label=7))
        >>> packed['inputs'].shape, packed['data_samples'].gt_label
        (torch.Size([3, 4, 6]), tensor([7]))
        >>> packed['data_samples'].img_shape
        (4, 6)
    """

    is_random = False
    DEFAULT_META_KEYS = _META_KEYS

    def __init__(
        self,
        input_key: str | Sequence[str] = 'img',
        algorithm_keys: Sequence[str] = (),
        meta_keys: Sequence[str] = DEFAULT_META_KEYS,
    ) -> None:
        several = not isinstance(input_key, str)
        self.input_key = tuple(input_key) if several else input_key
        self.algorithm_keys = tuple(algorithm_keys)
        self.meta_keys = tuple(meta_keys)
        self._inputs = self.input_key if several else (input_key,)
        if not self._inputs:
            raise ValueError('input_key must name at least one field, got none')

    def transform(self, results: dict) -> dict:
        """Pack the sample."""
        inputs = {key: self._input(results, key) for key in self._inputs}
        metainfo = {key: results[key] for key in self.meta_keys if key in results}
        if 'img_shape' not in metainfo:
            size = results.get('img_shape') or self._sizes(results)
            if size is not None:
                metainfo['img_shape'] = size
        if 'ori_shape' not in metainfo:
            size = results.get('ori_shape') or metainfo.get('img_shape')
            if size is not None:
                metainfo['ori_shape'] = size
        fields, kind = {}, DataSample
        if 'gt_label' in results:
            fields['gt_label'] = format_label(results['gt_label'])
            kind = MultiLabelDataSample if np.ndim(results['gt_label']) else DataSample
        sample = kind.with_metainfo(metainfo, fields)
        if 'gt_score' in results:
            sample.set_gt_score(results['gt_score'])
        if 'mask' in results:
            sample.set_field(_as_tensors('mask', results['mask']), 'mask')
        for key in results:
            field = FIELDS.get(key)
            if field is not None and not (field.is_image or type(field) is FixedField):
                self._set(sample, key, results[key])
        for key in self.algorithm_keys:
            if key in results and key not in _LABELS:
                self._set(sample, key, results[key])
        whole = inputs if self._inputs is self.input_key else inputs[self.input_key]
        return dict(inputs=whole, data_samples=sample)

    def _input(self, results: dict, key: str) -> Tensor | list[Tensor]:
        if key not in results:
            raise DataError(
                f'PackInputs: the sample has no field {key!r} (input_key), it has '
                f'{sorted(results)}; load it, e.g. with LoadImageFromFile, or set '
                'input_key'
            )
        return _as_tensors(key, results[key])

    def _set(self, sample: DataSample, key: str, value: Any) -> None:
        if key not in self._inputs and value is not None:
            sample.set_field(_as_tensors(key, value, plain=True), key)

    def _sizes(self, results: dict) -> Any:
        """``(H, W)`` of the first input that has a size; of views one each."""
        for key in self._inputs:
            field, value = FIELDS.get(key), results[key]
            if field is None:
                continue
            if isinstance(value, (list, tuple)):
                return [_size(field, view) for view in value]
            if (size := _size(field, value)) is not None:
                return size
        return None


def _size(field: Any, value: Any) -> tuple[int, int] | None:
    if isinstance(value, Tensor):
        return tuple(value.shape[-2:]) if value.ndim > 1 else None
    size = field.size_of(value)
    return None if size is None else (size[1], size[0])


def _as_tensors(key: str, value: Any, plain: bool = False) -> Any:
    """A value as a tensor, as its kind says; views one by one.

    Args:
        key: The name of the field.
        value: The value.
        plain: Whether what is not numeric, and has no kind, stays as it is.
    """
    field = FIELDS.get(key)
    try:
        if isinstance(value, Tensor):
            return value
        if isinstance(value, (list, tuple)) and _are_views(value):
            return [_as_tensors(key, view, plain) for view in value]
        if field is not None:
            return field.to_tensor(value)
        if plain and not (is_numeric(value) or _is_picture(value)):
            return value
        if not plain and key != 'mask' and np.ndim(value) > 1:
            raise DataError(
                f'no kind is registered for it, so the layout of its shape '
                f'{np.shape(value)} is not known; call e.g. '
                f'register_field({key!r}, ImageField()) (from '
                'mmlite.datasets.transforms)'
            )
        return (
            value
            if plain and isinstance(value, (int, float))
            else (numeric_as_tensor(value))
        )
    except DataError as error:
        if str(error).startswith('PackInputs: '):
            raise
        raise DataError(f'PackInputs: the field {key}: {error}') from None


def _are_views(value: Sequence) -> bool:
    return len(value) > 0 and all(
        isinstance(view, (np.ndarray, Tensor)) or _is_picture(view) for view in value
    )


def _is_picture(value: Any) -> bool:
    return type(value).__module__.startswith('PIL')
