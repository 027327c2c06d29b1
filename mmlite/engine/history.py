"""Logged values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from torch import Tensor

#: Values of each kind that are kept: in a run, as by mmengine, and in a checkpoint.
MAX_LENGTH = 1_000_000
SAVED_LENGTH = 1_000


class History(HistoryBuffer):
    """mmengine's buffer, which takes many values at once.

    mmengine's own copies a growing array for every single value.

    Example:
        >>> history = History([1.0], [1], max_length=3)
        >>> history.extend([2.0, 3.0, 4.0])
        >>> history.data[0].tolist(), float(history.mean(2))
        ([2.0, 3.0, 4.0], 3.5)
    """

    def __init__(
        self,
        log_history: Sequence[float] = (),
        count_history: Sequence[int] = (),
        max_length: int = MAX_LENGTH,
    ) -> None:
        super().__init__(
            log_history[-max_length:], count_history[-max_length:], max_length
        )
        self._make_room(0)

    def extend(self, values: Sequence[float]) -> None:
        """Append values, each counted once."""
        values = values[-self.max_length :]
        end = self._end + len(values)
        # mmengine's own methods put arrays of their own in the place of these views.
        if self._log_history.base is not self._logs or end > len(self._logs):
            self._make_room(len(values))
            end = self._end + len(values)
        self._logs[self._end : end] = values
        self._end = end
        self._look()

    def update(self, log_val: float, count: int = 1) -> None:
        """Append a value."""
        if isinstance(log_val, float) and count == 1:
            self.extend([log_val])
        else:
            super().update(log_val, count)

    def _make_room(self, extra: int) -> None:
        """Let the values stand at the front of arrays of about twice their number."""
        self._end = len(self._log_history)
        room = 2 * (self._end + extra)
        self._logs = np.empty(room)
        self._counts = np.ones(room, dtype=self._count_history.dtype)
        self._logs[: self._end] = self._log_history
        self._counts[: self._end] = self._count_history
        self._look()

    def _look(self) -> None:
        """Let mmengine's methods see the latest values."""
        start = max(0, self._end - self.max_length)
        self._log_history = self._logs[start : self._end]
        self._count_history = self._counts[start : self._end]


def as_numbers(values: Sequence[Tensor | float]) -> list[float]:
    """Plain numbers, with one wait for the device at most; means of larger tensors.

    Example:
        >>> as_numbers([torch.tensor(0.5), torch.tensor([1, 2])])
        [0.5, 1.5]
    """
    if all(isinstance(value, Tensor) for value in values):
        scalars = [v if v.ndim == 0 else v.float().mean() for v in values]
        return torch.stack(scalars).tolist()
    return [float(value) for value in values]


def means(
    by_process: Sequence[Mapping[str, Sequence[float]]],
) -> dict[str, list[float]]:
    """Means over processes of what each has logged since the last line.

    Where they have logged a value a different number of times, e.g. a loss that not
    every batch has, the mean of all stands for each.

    Example:
        >>> means([dict(loss=[1.0, 2.0], odd=[1.0]), dict(loss=[3.0, 2.0])])
        {'loss': [2.0, 2.0], 'odd': [1.0]}
    """
    found: dict[str, list[float]] = {}
    for key in dict.fromkeys(key for values in by_process for key in values):
        lists = [values[key] for values in by_process if key in values]
        length = max(map(len, lists))
        if all(len(values) == length for values in lists):
            found[key] = np.mean(lists, axis=0).tolist()
        else:
            found[key] = [float(np.mean(np.concatenate(lists)))] * length
    return found


def record(hub: MessageHub, key: str, values: Sequence[float]) -> None:
    """Append values to a scalar of the message hub."""
    if not values:
        return
    if key not in hub.log_scalars:
        hub.update_scalar(key, values[0])
        values = values[1:]
    history_of(hub, key).extend(values)


def history_of(hub: MessageHub, key: str) -> History:
    """The history of a scalar, turned into one of ours if it was not."""
    buffer = hub.log_scalars[key]
    if not isinstance(buffer, History):
        buffer.__class__ = History  # in its place, as a hook may hold on to it
        buffer.max_length = MAX_LENGTH
        buffer._make_room(0)
    return buffer
