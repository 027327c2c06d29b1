"""Stop a training that does not get better, also one that was resumed."""

from __future__ import annotations

from mmengine.hooks import EarlyStoppingHook as BaseEarlyStoppingHook
from mmengine.runner import Runner

from ...errors import check_at_least
from ...registry import HOOKS
from ..checkpoints.content import count, mapping, odd

__all__ = ['EarlyStoppingHook']

_KEY = 'early_stopping'


@HOOKS.register_module()
class EarlyStoppingHook(BaseEarlyStoppingHook):
    """mmengine's hook, which stops where a metric gets no better, after a resume too.

    Differs from mmengine's in that checkpoints hold the best score and for how many
    validations it has stood. A resumed training stops where one without a break does;
    with mmengine's it begins to count anew.

    Args:
        monitor: The metric, e.g. ``'accuracy/top1'``.
        rule: ``'greater'`` or ``'less'`` is better; by default it follows from the name
            of well-known metrics.
        min_delta: By how much a score must be better to count.
        strict: Whether a metric that is absent is an error.
        check_finite: Whether to stop at a score that is NaN or infinite.
        patience: Validations without a better score after which the training stops.
        stopping_threshold: A score at which it stops at once.

    Raises:
        CheckpointError: if what a checkpoint says of it makes no sense.
        ValueError: if the rule is not known, or ``patience`` or ``min_delta`` is below
            0.

    Example:
        >>> hook = HOOKS.build(dict(type='EarlyStoppingHook', monitor='accuracy/top1'))
        >>> hook.rule, hook.patience
        ('greater', 5)
    """

    def __init__(
        self,
        monitor: str,
        rule: str | None = None,
        min_delta: float = 0.1,
        strict: bool = False,
        check_finite: bool = True,
        patience: int = 5,
        stopping_threshold: float | None = None,
    ) -> None:
        check_at_least(0, patience=patience, min_delta=min_delta)
        super().__init__(
            monitor,
            rule,
            min_delta,
            strict,
            check_finite,
            patience,
            stopping_threshold,
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save how long the best score has stood."""
        checkpoint.setdefault(_KEY, {})[self.monitor] = dict(
            rule=self.rule, best_score=self.best_score, wait_count=self.wait_count
        )

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Go on counting, if the same metric was watched by the same rule."""
        if not runner.resuming:
            return
        source = 'the checkpoint'
        every = mapping(checkpoint.get(_KEY) or {}, source, _KEY)
        if self.monitor not in every:
            return
        place = f'{_KEY}.{self.monitor}'
        saved = mapping(every[self.monitor], source, place)
        best = saved.get('best_score')
        if isinstance(best, bool) or not isinstance(best, (int, float)):
            raise odd(source, f'{place}.best_score', best, 'a number')
        if saved.get('rule') == self.rule:
            self.best_score = float(best)
            self.wait_count = count(
                saved.get('wait_count'), source, f'{place}.wait_count'
            )
