"""Lines for the log file and numbers for the visualizer, when they are due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.hooks import LoggerHook as BaseLoggerHook
from mmengine.runner import Runner
from torch import Tensor

from ...registry import HOOKS
from ...visualization import draw_matrix, matrix_table
from ..log_processor import LogProcessor
from ..terminal import say
from .logging_steps import LogSteps

_SHOWN_CLASSES = 20


@HOOKS.register_module()
class LoggerHook(BaseLoggerHook):
    """Writes a log line every few iterations, and after each validation and test.

    Takes the arguments of mmengine's, and writes the same lines, and one at the end of
    each epoch and of the training; in between it does nothing. A confusion matrix
    among the metrics goes to the visualizer as a picture, and the one of a test to the
    terminal too, unless it has too many classes.

    Args:
        interval: Iterations between lines.
        ignore_last: Whether to leave out the line at the end of an epoch of more than
            ``interval`` iterations.
        **kwargs: Further arguments of mmengine's.
    """

    def __init__(
        self, interval: int = 10, ignore_last: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(interval, ignore_last, **kwargs)

    def before_train(self, runner: Runner) -> None:
        """Find out when a line is due."""
        self._steps = LogSteps(runner, self.interval)
        if isinstance(runner.log_processor, LogProcessor):
            runner.log_processor.begin(runner)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Write a line, if it is due."""
        if self.every_n_train_iters(runner, self.interval_exp_name):
            runner.logger.info(f'Exp name: {runner.experiment_name}')
        if not self._steps.due(batch_idx) or self._leaves_out(runner, batch_idx + 1):
            return
        row, line = runner.log_processor.get_log_after_iter(runner, batch_idx, 'train')
        runner.logger.info(line)
        place = dict(step=runner.iter + 1, file_path=self.json_log_path)
        runner.visualizer.add_scalars(row, **place)

    def _leaves_out(self, runner: Runner, done: int) -> bool:
        """Whether it is the end of an epoch, and one that needs no line."""
        length = len(runner.train_dataloader)
        return (
            self.ignore_last and bool(done % self.interval) and length > self.interval
        )

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, Any] | None = None
    ) -> None:
        """Write a line, and store the pictures."""
        super().after_val_epoch(runner, metrics)
        loop = runner.built_loops.get('train')
        self._store_matrices(runner, metrics, 0 if loop is None else loop.iter)

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, Any] | None = None
    ) -> None:
        """Write a line, and store the pictures."""
        super().after_test_epoch(runner, metrics)
        classes = (runner.visualizer.dataset_meta or {}).get('classes')
        for name, counts in self._store_matrices(runner, metrics, 0):
            if len(counts) <= _SHOWN_CLASSES:
                table = matrix_table(counts, _fitting(classes, counts))
                say(runner.logger, f'{name}: ground truth in rows\n{table}')

    @staticmethod
    def _store_matrices(
        runner: Runner, metrics: dict[str, Any] | None, step: int
    ) -> list[tuple[str, np.ndarray]]:
        classes = (runner.visualizer.dataset_meta or {}).get('classes')
        found = []
        for name, value in (metrics or {}).items():
            if isinstance(value, Tensor) and value.ndim == 2 and _is_square(value):
                counts = value.cpu().numpy()
                picture = draw_matrix(counts, _fitting(classes, counts))
                runner.visualizer.add_image(name.replace('/', '_'), picture, step)
                found.append((name, counts))
        return found


def _is_square(value: Tensor) -> bool:
    return len(value) == value.size(1) > 1 and not value.is_floating_point()


def _fitting(classes: Sequence[str] | None, counts: np.ndarray) -> Any:
    return classes if classes is not None and len(classes) == len(counts) else None
