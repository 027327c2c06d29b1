"""Pack an image with the labels of several tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import DataError
from ...registry import TRANSFORMS
from ...structures import MultiTaskDataSample
from .base import BaseTransform


@TRANSFORMS.register_module()
class PackMultiTaskInputs(BaseTransform):
    """Pack the inputs once, and a data sample for each task that has labels.

    Args:
        multi_task_fields: Fields that are dicts with one entry a task, e.g.
            ``('gt_label', )``.
        input_key: The field that becomes ``inputs``.
        task_handlers: Config of what packs the sample of a task, by its name; a task
            that is not named is packed by :class:`PackInputs`.

    Raises:
        DataError: if a field is no dict of tasks.

    Example:
        >>> import numpy as np
        >>> pack = PackMultiTaskInputs(['gt_label'])
        >>> label = dict(gender=1, wear=[0, 2])
        >>> sample = dict(img=np.zeros((4, 6, 3), np.uint8), gt_label=label)
        >>> packed = pack(sample)['data_samples']
        >>> sorted(packed.tasks), packed.wear.gt_label
        (['gender', 'wear'], tensor([0, 2]))
    """

    is_random = False

    def __init__(
        self,
        multi_task_fields: Sequence[str],
        input_key: str = 'img',
        task_handlers: Mapping[str, dict] | None = None,
    ) -> None:
        self.multi_task_fields = tuple(multi_task_fields)
        self.input_key = input_key
        self._default = TRANSFORMS.build(dict(type='PackInputs', input_key=input_key))
        self._handlers = {
            task: TRANSFORMS.build(handler)
            for task, handler in (task_handlers or {}).items()
        }

    def transform(self, results: dict) -> dict:
        """Pack the sample."""
        common = dict(results)
        of_task: dict[str, dict[str, Any]] = defaultdict(dict)
        for field in self.multi_task_fields:
            entries = common.pop(field, {})
            if not isinstance(entries, Mapping):
                raise DataError(
                    f'PackMultiTaskInputs: {field} is {entries!r}, expected a dict '
                    'with one entry a task; use PackInputs where there is one task, or '
                    'leave the field out of multi_task_fields'
                )
            for task, value in entries.items():
                of_task[task][field] = value
        packed = self._default(dict(common))
        fields = {}
        for task, own in of_task.items():
            pack = self._handlers.get(task, self._default)
            fields[task] = pack(common | own)['data_samples']
        metainfo = dict(packed['data_samples'].metainfo_items())
        packed['data_samples'] = MultiTaskDataSample.with_metainfo(metainfo, fields)
        return packed
