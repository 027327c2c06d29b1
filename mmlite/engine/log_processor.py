"""What a log line and a row of scalars hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmengine.runner import LogProcessor as BaseLogProcessor
from torch import Tensor

from ..registry import LOG_PROCESSORS

_OF_EVALUATIONS = 10  # iterations that a time is averaged over, as by mmengine
#: Where the message hub, and with it a checkpoint, keeps the last row.
_KEPT = 'logged_row'


@LOG_PROCESSORS.register_module()
class LogProcessor(BaseLogProcessor):
    """mmengine's, whose rows have epoch and iteration both.

    Takes the arguments of mmengine's, and makes the same lines. In rows of the
    training, ``epoch`` and ``iter`` are those that are going on, counted from 1; in
    rows of a validation, those that are done. A resumed training goes on from the last
    row before its checkpoint, so that its rows are those of one without a break.

    Args:
        window_size: Over how many iterations a loss or a time is averaged; None for
            all since the line before, so that each iteration counts once.
        **kwargs: Further arguments of mmengine's.

    Attributes:
        row: The last row of the training: what the terminal shows as well.
    """

    def __init__(self, window_size: int | None = None, **kwargs: Any) -> None:
        usual = _OF_EVALUATIONS if window_size is None else window_size
        super().__init__(usual, **kwargs)
        self._since_line = window_size is None
        self._logged = 0
        self.row: dict[str, Any] = {}

    def begin(self, runner: Runner) -> None:
        """Average the first line of a training from the last one before it on.

        Args:
            runner: A runner about to train, or to go on with a training.
        """
        kept = runner.message_hub.runtime_info.get(_KEPT)
        logged = kept.get('iter') if isinstance(kept, Mapping) else None
        if isinstance(logged, int) and 0 < logged <= runner.iter:
            self._logged, self.row = logged, dict(kept)
        else:
            self._logged, self.row = runner.iter, {}

    def get_log_after_iter(
        self, runner: Runner, batch_idx: int, mode: str
    ) -> tuple[dict[str, Any], str]:
        """The row and the line of an iteration."""
        if mode != 'train':
            return super().get_log_after_iter(runner, batch_idx, mode)
        done, usual = runner.iter + 1, self.window_size
        if self._since_line:
            self.window_size = max(done - self._logged, 1)
        tag, line = super().get_log_after_iter(runner, batch_idx, mode)
        self.window_size, self._logged = usual, done
        tag |= _place(runner, going_on=1)
        self.row = dict(tag)
        runner.message_hub.update_info(_KEPT, {k: _plain(v) for k, v in tag.items()})
        return tag, line

    def get_log_after_epoch(
        self, runner: Runner, batch_idx: int, mode: str, with_non_scalar: bool = False
    ) -> tuple[dict[str, Any], str]:
        """The row and the line of a whole validation or test."""
        tag, line = super().get_log_after_epoch(
            runner, batch_idx, mode, with_non_scalar
        )
        if mode == 'val':
            tag |= _place(runner, going_on=0)
        return tag, line


def _plain(value: Any) -> Any:
    """A number as a checkpoint may hold it."""
    return value.item() if isinstance(value, (np.generic, Tensor)) else value


def _place(runner: Runner, going_on: int) -> Mapping[str, int]:
    """Epoch and iteration; without epochs, an epoch is a pass over the data."""
    loop = runner.built_loops.get('train')
    if loop is None:  # nothing is trained
        return dict(epoch=0, iter=0)
    epoch = loop.epoch
    if not isinstance(loop, EpochBasedTrainLoop):
        epoch = loop.iter // len(loop.dataloader)
    return dict(epoch=epoch + going_on, iter=loop.iter + going_on)
