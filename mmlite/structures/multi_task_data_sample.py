"""The annotations and predictions of one image for several tasks."""

from __future__ import annotations

from .data_sample import DataSample


class MultiTaskDataSample(DataSample):
    """A sample whose fields are samples: one for each task, under its name.

    In a batch, and after a model, any :class:`DataSample` of samples does the same.

    Example:
        >>> sample = MultiTaskDataSample(gender=DataSample().set_gt_label(1))
        >>> sample.tasks, sample.gender.gt_label
        (('gender',), tensor([1]))
    """

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks that it has annotations or predictions of."""
        return tuple(k for k, v in self.items() if isinstance(v, DataSample))
