"""One field of many samples at once: a transfer per sample is slow on a GPU.

The samples are a :class:`SampleBatch`, which holds a field as one tensor, or any
other sequence of samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from ..errors import DataError
from .columns import ABSENT
from .data_sample import DataSample
from .sample_batch import SampleBatch

__all__ = [
    'check_labels',
    'defer_field',
    'field_names',
    'gather_field',
    'has_field',
    'has_meta',
    'meta_values',
    'move_field',
    'packed_field',
    'scatter_field',
    'set_meta',
]


def field_names(samples: Sequence[DataSample]) -> list[str]:
    """The fields that the samples have, those of the first one in a plain list."""
    if isinstance(samples, SampleBatch):
        return samples.keys()
    return samples[0].keys() if samples else []


def has_field(samples: Sequence[DataSample], name: str) -> bool:
    """Whether the samples have a field, the first one in a plain list.

    Example:
        >>> has_field([DataSample().set_gt_label(3)], 'gt_score')
        False
    """
    if isinstance(samples, SampleBatch):
        return samples.field(name) is not None
    return bool(samples) and name in samples[0]


def packed_field(samples: Sequence[DataSample], name: str) -> Tensor | None:
    """A field that the batch has as one tensor, ``(B, *)``; None otherwise.

    Example:
        >>> samples = [DataSample().set_gt_label(i) for i in (3, 1)]
        >>> packed_field(SampleBatch(samples), 'gt_label'), packed_field(samples, 'a')
        (tensor([3, 1]), None)
    """
    column = samples.field(name) if isinstance(samples, SampleBatch) else None
    return column if isinstance(column, Tensor) else None


def gather_field(samples: Sequence[DataSample], name: str) -> Tensor:
    """The tensors that the samples have under ``name``, concatenated.

    Shape:
        returns: ``(sum of the lengths, *)``; ``(B, )`` for single labels.

    Raises:
        DataError: if a sample does not have the field.

    Example:
        >>> gather_field([DataSample().set_gt_label(i) for i in (3, 1)], 'gt_label')
        tensor([3, 1])
    """
    packed = samples.field(name) if isinstance(samples, SampleBatch) else None
    if isinstance(packed, Tensor):
        return packed if packed.ndim == 1 else packed.flatten(0, 1)
    try:
        return torch.cat([getattr(sample, name) for sample in samples])
    except AttributeError:
        place = next(i for i, sample in enumerate(samples) if name not in sample)
    raise DataError(
        f'sample {place} of the batch{_source(samples[place])} has no {name}; it has '
        f'{sorted(samples[place].keys()) or "no annotation at all"}'
    )


def scatter_field(
    samples: Sequence[DataSample], name: str, values: Tensor | Iterable[Tensor]
) -> None:
    """Give each sample its own of ``values`` under ``name``.

    Args:
        samples: The samples.
        name: The field.
        values: One tensor for each sample, or the same in one: ``(B, *)``, where
            ``(B, )`` stands for ``B`` tensors ``(1, )``.

    Raises:
        ValueError: if there is not one value per sample.

    Example:
        >>> samples = [DataSample(), DataSample()]
        >>> scatter_field(samples, 'pred_label', torch.tensor([4, 7]))
        >>> samples[1].pred_label
        tensor([7])
    """
    if isinstance(samples, SampleBatch):
        values = values if isinstance(values, Tensor) else list(values)
        samples.set_field(name, values)
        return
    if isinstance(values, Tensor):
        values = values.split(1) if values.ndim == 1 else values.unbind()
    for sample, value in zip(samples, values, strict=True):
        sample.set_field(value, name)


def defer_field(
    samples: Sequence[DataSample], name: str, compute: Callable[[], Tensor]
) -> None:
    """Give each sample its own of what ``compute`` gives under ``name``.

    For a :class:`SampleBatch` it is only computed once it is looked for: most metrics
    look at scores alone.

    Args:
        samples: The samples.
        name: The field.
        compute: Gives what :func:`scatter_field` takes.

    Example:
        >>> samples = [DataSample(), DataSample()]
        >>> defer_field(samples, 'pred_label', lambda: torch.eye(2).argmax(dim=1))
        >>> samples[1].pred_label
        tensor([1])
    """
    if isinstance(samples, SampleBatch):
        samples.defer_field(name, compute)
    else:
        scatter_field(samples, name, compute())


def has_meta(samples: Sequence[DataSample], name: str) -> bool:
    """Whether the samples have meta information, the first one in a plain list.

    Example:
        >>> has_meta([DataSample(metainfo=dict(img_path='a.png'))], 'img_path')
        True
    """
    if isinstance(samples, SampleBatch):
        return samples.has_meta(name)
    return bool(samples) and samples[0].get(name) is not None


def meta_values(samples: Sequence[DataSample], name: str, default: Any = None) -> list:
    """The meta information of that name of each sample, or the default.

    Args:
        samples: A batch, which is not taken apart for it, or a list.
        name: Name of the meta information, e.g. ``'img_path'``.
        default: What stands for a sample that has none.

    Example:
        >>> samples = [DataSample(metainfo=dict(img_path='a.png')), DataSample()]
        >>> meta_values(samples, 'img_path'), meta_values(SampleBatch(samples), 'x')
        (['a.png', None], [None, None])
    """
    if not isinstance(samples, SampleBatch):
        return [sample.get(name, default) for sample in samples]
    values = samples.metainfo.get(name)
    if values is None:
        return [default] * len(samples)
    return [default if value is ABSENT else value for value in values]


def set_meta(samples: Sequence[DataSample], name: str, values: Sequence) -> None:
    """Give each sample its own of ``values`` as meta information.

    Args:
        samples: A batch, which is not taken apart for it, or a list.
        name: Name of the meta information.
        values: One for each sample.

    Example:
        >>> samples = SampleBatch([DataSample(), DataSample()])
        >>> set_meta(samples, 'scale', [1, 2])
        >>> samples[1].scale
        2
    """
    if isinstance(samples, SampleBatch):
        samples.set_metainfo(name, values)
        return
    for sample, value in zip(samples, values, strict=True):
        sample.set_field(value, name, field_type='metainfo')


def move_field(samples: Sequence[DataSample], name: str, device: torch.device) -> None:
    """Move what the samples have under ``name``, tensors in one transfer.

    The tensors become views of one; ``non_blocking``, as nothing reads them
    on the CPU.
    """
    packed = packed_field(samples, name)
    if packed is not None:
        scatter_field(samples, name, packed.to(device, non_blocking=True))
        return
    samples = [sample for sample in samples if name in sample]
    values = [sample.get(name) for sample in samples]
    if values and all(isinstance(value, Tensor) for value in values):
        values = _moved(values, device)
    else:
        movable = (Tensor, BaseDataElement)
        values = [v.to(device) if isinstance(v, movable) else v for v in values]
    scatter_field(samples, name, values)


def _moved(values: list[Tensor], device: torch.device) -> Sequence[Tensor]:
    if len({value.shape for value in values}) == 1:
        return torch.stack(values).to(device, non_blocking=True).unbind()
    flat = torch.cat([value.reshape(-1) for value in values])
    pieces = flat.to(device, non_blocking=True).split([v.numel() for v in values])
    return [piece.view(v.shape) for piece, v in zip(pieces, values, strict=True)]


def check_labels(samples: Sequence[DataSample], num_classes: int) -> None:
    """Refuse class indices that a head with ``num_classes`` outputs does not have.

    Labels that are not on the CPU are let pass: to read them is to wait for
    the device. So are samples without labels.

    Args:
        samples: The samples, with class indices as ``gt_label``.
        num_classes: Number of classes ``K``.

    Raises:
        DataError: if a label is not in ``[0, num_classes)``.
    """
    if isinstance(samples, SampleBatch):
        bounds = samples.bounds('gt_label')
        if bounds is not None and bounds[0] >= 0 and bounds[1] < num_classes:
            return
    if not has_field(samples, 'gt_label'):
        return
    labels = gather_field(samples, 'gt_label')
    if not labels.numel() or labels.device.type != 'cpu':
        return
    low, high = (value.tolist() for value in labels.aminmax())
    if low >= 0 and high < num_classes:
        return
    wrong = low if low < 0 else high
    culprit = next(sample for sample in samples if wrong in sample.gt_label)
    remedy = 'labels start at 0; correct the annotations'
    if wrong >= num_classes:
        remedy = f'set model.head.num_classes={wrong + 1} or more, or correct the label'
    raise DataError(
        f'label {wrong}{_source(culprit)} is not a class: model.head.num_classes is '
        f'{num_classes}, so labels go from 0 to {num_classes - 1}; {remedy}'
    )


def _source(sample: DataSample) -> str:
    path = sample.get('img_path')
    return f' ({path})' if path else ''
