"""What a packed sample keeps beside its image: values that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import DataError
from ..structures.class_lists import shortened
from .transforms.fields import FIELDS, ImageField, MapField, SequenceField

__all__ = ['KeepFields', 'as_arrays']

#: What the steps and the dataset itself say of a sample, each time anew.
_MADE = frozenset(
    ('img', 'img_shape', 'ori_shape', 'pad_shape', 'scale', 'scale_factor')
    + ('keep_ratio', 'sample_idx', 'rng', 'epoch')
)
_ARRAY = '__array__'
_TUPLE = '__tuple__'
_LARGE = 4096  # values


class KeepFields:
    """A step that gathers what is to be packed beside the image, in ``kept``.

    Args:
        is_resized: Whether the images are resized, so that what is known of them by
            file, or not read yet, would no longer fit.

    Example:
        >>> sample = dict(img=np.ones((4, 4)), gt_label=3, gt_bboxes=np.zeros((0, 4)))
        >>> KeepFields(is_resized=False)(sample)['kept']
        {'gt_label': 3, 'gt_bboxes': {'__array__': 'float64', 'shape': [0, 4],
        'values': []}}
    """

    def __init__(self, is_resized: bool) -> None:
        self.is_resized = is_resized

    def __call__(self, results: dict) -> dict:
        """Gather, or name what cannot be kept."""
        read = 'gt_bboxes' in results
        kept = {}
        for name, value in results.items():
            if name in _MADE or (name == 'instances' and read):
                continue
            self._check(name, value)
            kept[name] = _plain(name, value)
        results['kept'] = kept
        return results

    def _check(self, name: str, value: Any) -> None:
        if value is not None and _is_large(name, value):
            raise DataError(
                f'the field {name} cannot be packed: only one image a sample is, '
                'beside labels, boxes and other small values; remove it from the '
                'dataset, or train from the files'
            )
        by_file = name.endswith('_path') and name != 'img_path'
        if self.is_resized and (name == 'instances' or by_file):
            remedy = 'read it with LoadAnnotations in the pipeline of the dataset'
            raise DataError(
                f'the field {name} would no longer fit the resized images; {remedy}, '
                'or pack without resizing'
            )


def as_arrays(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What was kept, with the arrays it was made of.

    Example:
        >>> as_arrays(KeepFields(False)(dict(gt_bboxes=np.ones((1, 4))))['kept'])
        {'gt_bboxes': array([[1., 1., 1., 1.]])}
    """
    return {name: _restored(value) for name, value in kept.items()}


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        # Of numbers and names, as most are, nothing has to be restored.
        inner = any(isinstance(item, (list, dict)) for item in value)
        return [_restored(item) for item in value] if inner else value
    if not isinstance(value, dict):
        return value
    if _ARRAY in value:
        return _array_of(value)
    if _TUPLE in value:
        return tuple(_restored(item) for item in value[_TUPLE])
    return {name: _restored(item) for name, item in value.items()}


def _array_of(value: Mapping[str, Any]) -> np.ndarray:
    try:
        kind = np.dtype(value[_ARRAY])
        if kind.kind not in 'biuf':
            raise TypeError(f'an array of {kind}')
        return np.array(value['values'], kind).reshape(value['shape'])
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise DataError(
            f'the index of packed images is damaged: {shortened(dict(value))} is no '
            f'array ({error}); pack again'
        ) from error


def _is_large(name: str, value: Any) -> bool:
    """Whether it has a value for each pixel, or as many."""
    if isinstance(FIELDS.get(name), (ImageField, MapField, SequenceField)):
        return True
    return np.size(value) > _LARGE if isinstance(value, np.ndarray) else False


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Tensor) and value.dtype != torch.bfloat16:
        value = value.numpy()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in 'biuf':
        values = value.ravel().tolist()
        return {_ARRAY: str(value.dtype), 'shape': list(value.shape), 'values': values}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(name, item) for key, item in value.items()}
    if isinstance(value, tuple):
        return {_TUPLE: [_plain(name, item) for item in value]}
    if isinstance(value, list):
        return [_plain(name, item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise DataError(
        f'the field {name} cannot be packed: it has a {type(value).__name__}, which is '
        'neither a number, a string, an array of numbers, a list or tuple of them, nor '
        'a dict of them by strings'
    )
