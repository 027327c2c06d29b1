"""What a log line and a row of scalars hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.runner import EpochBasedTrainLoop, Runner
from mmengine.runner import LogProcessor as BaseLogProcessor

from ..registry import LOG_PROCESSORS


@LOG_PROCESSORS.register_module()
class LogProcessor(BaseLogProcessor):
    """mmengine's, whose rows have epoch and iteration both.

    Takes the arguments of mmengine's, and makes the same lines. In rows of the
    training, ``epoch`` and ``iter`` are those that are going on, counted from 1; in
    rows of a validation, those that are done.
    """

    def get_log_after_iter(
        self, runner: Runner, batch_idx: int, mode: str
    ) -> tuple[dict[str, Any], str]:
        """The row and the line of an iteration."""
        tag, line = super().get_log_after_iter(runner, batch_idx, mode)
        if mode == 'train':
            tag |= _place(runner, going_on=1)
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


def _place(runner: Runner, going_on: int) -> Mapping[str, int]:
    """Epoch and iteration; without epochs, an epoch is a pass over the data."""
    loop = runner.built_loops.get('train')
    if loop is None:  # nothing is trained
        return dict(epoch=0, iter=0)
    epoch = loop.epoch
    if not isinstance(loop, EpochBasedTrainLoop):
        epoch = loop.iter // len(loop.dataloader)
    return dict(epoch=epoch + going_on, iter=loop.iter + going_on)
