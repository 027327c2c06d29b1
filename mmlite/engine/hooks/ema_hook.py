"""A moving average of the weights (EMA), with which a model is validated."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import EMAHook as BaseEMAHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from ...errors import ConfigError, check_at_least
from ...registry import HOOKS, MODELS
from ..checkpoints import load_state


@HOOKS.register_module()
class EMAHook(BaseEMAHook):
    """Keeps a moving average of the weights; validates, tests and saves with it.

    Differs from mmengine's in that it may be stopped in the middle of a
    validation, is resumed by any way of resuming, and before its beginning copies
    weights only when they are read.

    Args:
        ema_type: The kind of average, a model in MODELS.
        strict_load: Whether a checkpoint must fit the average exactly.
        begin_iter: The iteration from which on to average.
        begin_epoch: The epoch from which on to average.
        evaluate_on_ema: Whether to validate and test with the average.
        evaluate_on_origin: Whether to validate and test with the weights themselves;
            beside the average, these metrics end in ``_origin``.
        **kwargs: Arguments of the average, e.g. ``momentum``.

    Raises:
        ValueError: if nothing is to be evaluated, or nothing to be averaged.
        ConfigError: if the average is unknown, or takes other arguments.
    """

    def __init__(
        self,
        ema_type: str = 'ExponentialMovingAverage',
        strict_load: bool = False,
        begin_iter: int = 0,
        begin_epoch: int = 0,
        evaluate_on_ema: bool = True,
        evaluate_on_origin: bool = False,
        **kwargs: Any,
    ) -> None:
        if not evaluate_on_ema and not evaluate_on_origin:
            raise ValueError(
                'evaluate_on_ema=False and evaluate_on_origin=False leave nothing to '
                'evaluate; to train without validation, take --no-validate'
            )
        self.evaluate_on_ema = evaluate_on_ema
        self.evaluate_on_origin = evaluate_on_origin
        super().__init__(ema_type, strict_load, begin_iter, begin_epoch, **kwargs)
        if problems := MODELS.problems_of(self.ema_cfg, given=('model',)):
            raise ConfigError(problems)
        check_at_least(1, interval=self.ema_cfg.get('interval', 1))
        self.ema_model: Any = None  # until a run begins
        self._swapped = False
        self._behind = False  # the average, whose time has not come yet

    def before_run(self, runner: Runner) -> None:
        """Begin the average with the first weights."""
        model = runner.model
        self.src_model = model.module if is_model_wrapper(model) else model
        given = dict(model=self.src_model)
        self.ema_model = MODELS.build(self.ema_cfg, default_args=given)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Update the average, if its time has come."""
        self._behind = not self._ema_started(runner)
        if not self._behind:
            self.ema_model.update_parameters(self.src_model)

    def before_val_epoch(self, runner: Runner) -> None:
        """Put the average into the model, if it is to be evaluated."""
        if self.evaluate_on_ema:
            super().before_val_epoch(runner)

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Put the weights back, and evaluate them too if that is asked for."""
        if self.evaluate_on_ema:
            super().after_val_epoch(runner, metrics)
            self._evaluate_origin(runner, 'val', metrics)

    def before_test_epoch(self, runner: Runner) -> None:
        """Put the average into the model, if it is to be evaluated."""
        if self.evaluate_on_ema:
            super().before_test_epoch(runner)

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Put the weights back, and evaluate them too if that is asked for."""
        if self.evaluate_on_ema:
            super().after_test_epoch(runner, metrics)
            self._evaluate_origin(runner, 'test', metrics)

    def _evaluate_origin(
        self, runner: Runner, mode: str, metrics: dict[str, float] | None
    ) -> None:
        if not self.evaluate_on_origin:
            return
        found = getattr(runner, f'{mode}_loop').evaluate()
        for name, value in found.items():
            if isinstance(value, (int, float)):
                runner.message_hub.update_scalar(f'{mode}/{name}_origin', value)
            if metrics is not None:
                metrics[f'{name}_origin'] = value

    def _swap_ema_parameters(self) -> None:
        self._catch_up()
        super()._swap_ema_parameters()
        self._swapped = not self._swapped

    def _catch_up(self) -> None:
        """Before its beginning the average is the weights themselves."""
        if self._behind:
            self.ema_model.module.load_state_dict(self.src_model.state_dict())
            self._behind = False

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save the average as the model's weights, and the weights beside it."""
        self._catch_up()
        checkpoint['ema_state_dict'] = self.ema_model.state_dict()
        if not self._swapped:
            self._swap_ema_state_dict(checkpoint)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the average out of a checkpoint, or begin it with its weights."""
        if self.ema_model is None:
            return
        if runner.resuming and 'ema_state_dict' in checkpoint:
            self._swap_ema_state_dict(checkpoint)
            load_state(
                self.ema_model,
                checkpoint['ema_state_dict'],
                strict=self.strict_load,
                revise_keys=(),
                quiet=True,
            )
            return
        if runner.resuming:
            runner.logger.warning(
                'the checkpoint has no moving average; it begins with the weights'
            )
        load_state(
            self.ema_model.module, checkpoint, strict=self.strict_load, quiet=True
        )
