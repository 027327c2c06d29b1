"""From samples to a batch, in the worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data._utils.collate import default_collate_fn_map

from ..errors import DataError
from ..registry import FUNCTIONS
from ..structures import DataSample, MultiLabelDataSample, SampleBatch
from .in_memory.image_table import Batch

__all__ = ['default_collate']

_SAMPLES = (DataSample, MultiLabelDataSample)


@FUNCTIONS.register_module()
def default_collate(data_batch: Sequence) -> Any:
    """Make a batch of samples: tensors of one shape are stacked, all else is listed.

    Stacked in the worker, a batch of images reaches the main process as one
    piece of shared memory instead of one per image, and the labels as one
    tensor instead of one object per image.

    Args:
        data_batch: Samples, as the pipeline gives them. Dicts are collated field
            by field; lists (of views, of variants for test-time augmentation)
            entry by entry.

    Raises:
        DataError: if dicts have different keys.

    Shape:
        inputs: ``(B, C, H, W)`` of the type of the images, or a list of ``B``
            tensors if they differ in shape.
        data_samples: a :class:`~mmlite.structures.SampleBatch` of ``B``.

    Example:
        >>> batch = default_collate([dict(inputs=torch.zeros(3, 8, 8))] * 2)
        >>> batch['inputs'].shape
        torch.Size([2, 3, 8, 8])
    """
    if isinstance(data_batch, Batch):
        return data_batch.whole
    first = data_batch[0]
    if isinstance(first, Tensor):
        shape = first.shape
        if all(item.shape == shape for item in data_batch):
            return torch.stack(list(data_batch))
        return list(data_batch)
    if all(type(item) in _SAMPLES for item in data_batch):
        batch = SampleBatch(data_batch)
        batch.bounds('gt_label')  # here, so that the main process need not look
        return batch
    if isinstance(first, dict):
        _check_keys(data_batch)
        return {key: default_collate([d[key] for d in data_batch]) for key in first}
    if isinstance(first, (list, tuple)):
        if all(len(item) == len(first) for item in data_batch):
            return [default_collate(entry) for entry in zip(*data_batch, strict=True)]
    return list(data_batch)


def _check_keys(dicts: Sequence[dict[str, Any]]) -> None:
    first = dicts[0].keys()
    for other in dicts:
        if missing := [key for key in first if key not in other]:
            raise DataError(
                f'the samples of a batch have different keys: one has no {missing[0]!r}'
                "; end the pipeline of the dataset with dict(type='PackInputs'), or "
                'give every sample the same keys'
            )


def _collate_samples(batch: Sequence[DataSample], **_: Any) -> SampleBatch:
    return SampleBatch(batch)


# So that a collate function of the user's own may leave the rest to torch's, which is
# extended in this way.
default_collate_fn_map[DataSample] = _collate_samples
default_collate_fn_map[MultiLabelDataSample] = _collate_samples
