"""One field of many samples at once: a transfer per sample is slow on a GPU."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from ..errors import DataError
from .data_sample import DataSample

__all__ = ['check_labels', 'gather_field', 'move_field', 'scatter_field']


def gather_field(samples: Sequence[DataSample], name: str) -> Tensor:
    """The tensors that the samples have under ``name``, one behind the other.

    Shape:
        returns: ``(sum of the lengths, *)``; ``(B, )`` for single labels.

    Raises:
        DataError: if a sample does not have the field.

    Example:
        >>> gather_field([DataSample().set_gt_label(i) for i in (3, 1)], 'gt_label')
        tensor([3, 1])
    """
    try:
        return torch.cat([getattr(sample, name) for sample in samples])
    except AttributeError:
        place = next(i for i, sample in enumerate(samples) if name not in sample)
    raise DataError(
        f'sample {place} of the batch{_source(samples[place])} has no {name}; it has '
        f'{sorted(samples[place].keys()) or "no annotation at all"}'
    )


def scatter_field(
    samples: Sequence[DataSample], name: str, values: Iterable[Tensor]
) -> None:
    """Give each sample its own of ``values`` under ``name``."""
    for sample, value in zip(samples, values, strict=True):
        sample.set_field(value, name)


def move_field(samples: Sequence[DataSample], name: str, device: torch.device) -> None:
    """Move what the samples have under ``name``, tensors in one transfer.

    The tensors become views of one; ``non_blocking``, as nothing reads them
    on the CPU.
    """
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


def check_labels(
    labels: Tensor, num_classes: int, samples: Sequence[DataSample]
) -> None:
    """Refuse class indices that a head with ``num_classes`` outputs does not have.

    Labels that are not on the CPU are let pass: to read them is to wait for
    the device.

    Args:
        labels: The class indices of ``samples``, one behind the other.
        num_classes: Number of classes ``K``.
        samples: Where the labels come from, to name the culprit.

    Raises:
        DataError: if a label is not in ``[0, num_classes)``.
    """
    if not len(labels) or labels.device.type != 'cpu':
        return
    low, high = (int(value) for value in labels.aminmax())
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
