"""Save checkpoints: the latest ones, and the best."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process, master_only
from mmengine.hooks import CheckpointHook as BaseCheckpointHook
from mmengine.runner import Runner

from ...errors import ConfigError, Problem, check_choice, did_you_mean
from ...registry import HOOKS
from ..checkpoints import load_checkpoint, save_checkpoint
from ..checkpoints.best import (
    better,
    carry_over,
    expect_checkpoints,
    lies_in,
    note_watched,
    remember_best,
    score_of,
)
from ..checkpoints.resuming import gathered_rng_states, remember_latest
from ..checkpoints.writer import part_of, remove_leftovers
from ..terminal import say

Names = str | Sequence[str] | None


@HOOKS.register_module()
class CheckpointHook(BaseCheckpointHook):
    """Saves a checkpoint every few epochs or iterations, and the best ones.

    Differs from mmengine's in that training goes on while a checkpoint is
    written, a file is replaced only by a whole one, old ones are removed after a
    new one is there, nothing outside the folder is ever removed, NaN is never the
    best, and a misspelt ``save_best`` is reported before or after the first
    validation, with nothing lost.

    Args:
        interval: Epochs (iterations) between checkpoints; -1 is never.
        by_epoch: Whether ``interval`` counts epochs.
        save_optimizer: Whether to save the optimizer too; needed to resume.
        save_param_scheduler: Whether to save the schedulers too.
        out_dir: Where checkpoints go, in a folder named as the work_dir; by
            default the work_dir itself.
        max_keep_ckpts: How many to keep; -1 is all.
        save_last: Whether to save after the last epoch (iteration) anyway.
        save_best: Metrics whose best checkpoint is kept, e.g.
            ``'accuracy/top1'``; ``'auto'`` is the first one.
        rule: ``'greater'`` or ``'less'`` is better, for each of ``save_best``;
            by default as their names suggest.
        greater_keys: Words in a metric's name for which greater is better.
        less_keys: Words in a metric's name for which less is better.
        filename_tmpl: Name of the files, ``'epoch_{}.pth'`` or
            ``'iter_{}.pth'`` by default.
        published_keys: After training, write the last and the best checkpoint
            once more with these keys only, and with a hash in their names.
        save_begin: The first epoch (iteration) to save after.
        background: Whether training goes on while a checkpoint is written, which
            takes the memory of one or two more. Files are there at the end of the
            training; hooks that need them earlier call
            ``runner.checkpoint_writer.wait()``.
        file_client_args: Not used: checkpoints are local files.
        backend_args: Not used: checkpoints are local files.
    """

    def __init__(
        self,
        interval: int = -1,
        by_epoch: bool = True,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        out_dir: str | Path | None = None,
        max_keep_ckpts: int = -1,
        save_last: bool = True,
        save_best: Names = None,
        rule: Names = None,
        greater_keys: Names = None,
        less_keys: Names = None,
        file_client_args: None = None,
        filename_tmpl: str | None = None,
        backend_args: None = None,
        published_keys: Names = None,
        save_begin: int = 0,
        background: bool = True,
    ) -> None:
        rules = [rule] if isinstance(rule, str) else rule
        for given in rules or ():
            check_choice(self.rule_map, rule=given)
        _check_template(filename_tmpl)
        super().__init__(
            interval=interval,
            by_epoch=by_epoch,
            save_optimizer=save_optimizer,
            save_param_scheduler=save_param_scheduler,
            out_dir=out_dir,
            max_keep_ckpts=max_keep_ckpts,
            save_last=save_last,
            save_best=_as_list(save_best),
            rule=_as_list(rule),
            greater_keys=_as_list(greater_keys),
            less_keys=_as_list(less_keys),
            filename_tmpl=filename_tmpl,
            published_keys=_as_list(published_keys),
            save_begin=save_begin,
        )
        self.background = background
        self._training = False
        self._kept: list[int] = []
        self._saved: tuple[int, int] | None = None

    def before_train(self, runner: Runner) -> None:
        """Find the folder, and what was saved before resuming."""
        if self.out_dir is None:
            self.out_dir = runner.work_dir
        elif not self._training:
            name = os.path.basename(runner.work_dir.rstrip(os.sep))
            self.out_dir = os.path.join(self.out_dir, name)
        self._training = True
        remove_leftovers(self.out_dir)
        hub = runner.message_hub
        resumed = getattr(runner, 'resumed', None)
        own = resumed is None or lies_in(resumed.source, self.out_dir)
        kept = hub.get_info('keep_ckpt_ids')
        # Files of those names in this folder are not those of another one.
        self._kept = [k for k in _as_list(kept) or [] if isinstance(k, int) and own]
        self._begin_best(runner, resumed)
        if is_main_process():
            if resumed is not None and own:
                remember_best(runner.work_dir, self.best_paths(runner))
            else:
                expect_checkpoints(runner.work_dir)

    def _begin_best(self, runner: Runner, resumed: Any) -> None:
        """Find what was the best before resuming, and note what is watched."""
        if not self.save_best:
            return
        hub = runner.message_hub
        if resumed is not None:
            now = list(zip(self.key_indicators, self.rules, strict=True))
            given = hub, resumed.cfg, resumed.source, now, self.out_dir
            for line in carry_over(*given):
                runner.logger.warning(line)
        if 'auto' not in self.key_indicators:
            note_watched(hub, zip(self.key_indicators, self.rules, strict=True))

    def after_train_epoch(self, runner: Runner) -> None:
        """Save, if it is time."""
        if self.by_epoch and (
            self.every_n_epochs(runner, self.interval, self.save_begin)
            or (self.save_last and self.is_last_train_epoch(runner))
        ):
            self._save(runner, runner.epoch + 1, runner.iter)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Save, if it is time; stop, if what was saved could not be written."""
        runner.checkpoint_writer.check()
        if not self.by_epoch and (
            self.every_n_train_iters(runner, self.interval, self.save_begin)
            or (self.save_last and self.is_last_train_iter(runner))
        ):
            self._save(runner, runner.epoch, runner.iter + 1)

    def after_val_epoch(
        self, runner: Runner, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Save, if these results are the best so far; only while training."""
        if not self._training or not self.save_best or not metrics:
            return
        if 'auto' in self.key_indicators and not self._choose(runner, metrics):
            return
        improved = [
            self._save_if_best(runner, key, rule, metrics)
            for key, rule in zip(self.key_indicators, self.rules, strict=True)
        ]
        if any(improved) and self._saved == (runner.epoch, runner.iter):
            # Once more, so that it knows the best one.
            self._save(runner, *self._saved, validated=True)

    def after_train(self, runner: Runner) -> None:
        """Publish, if asked to."""
        self._training = False
        runner.checkpoint_writer.wait()
        if self.published_keys is None:
            return
        paths = [self.last_ckpt] if self.save_last else []
        for path in [*paths, *self.best_paths(runner)]:
            if path:
                self._publish_model(runner, path)

    def best_paths(self, runner: Runner) -> list[str]:
        """The best checkpoints so far, in the order of what is watched.

        Args:
            runner: The runner.
        """
        watched = self.key_indicators if self.save_best else ()
        hub = runner.message_hub
        found = [hub.get_info(self._name('best_ckpt', key)) for key in watched]
        return [str(path) for path in found if path]

    def _save(
        self, runner: Runner, epoch: int, iteration: int, validated: bool = False
    ) -> None:
        """Save the state after ``epoch`` epochs and ``iteration`` iterations.

        If a validation follows that nobody has ``validated`` yet, it is noted, so that
        it is made up where the process is killed in it.
        """
        follows = getattr(runner.train_loop, 'validates_after', None)
        validating = not validated and bool(follows and follows(epoch, iteration))
        runner.call_hook('before_all_save')
        step = epoch if self.by_epoch else iteration
        old: list[int] = []
        if self.max_keep_ckpts > 0:
            kept = [k for k in self._kept if k != step] + [step]
            old, self._kept = kept[: -self.max_keep_ckpts], kept[-self.max_keep_ckpts :]
            runner.message_hub.update_info('keep_ckpt_ids', list(self._kept))
        path = os.path.join(self.out_dir, self.filename_tmpl.format(step))
        before = runner.message_hub.get_info('last_ckpt')
        runner.message_hub.update_info('last_ckpt', path)
        rng_states = gathered_rng_states()
        best = self.best_paths(runner)

        def then() -> None:
            remember_latest(runner.work_dir, path)
            remember_best(runner.work_dir, best)
            for step in old:
                name = self.filename_tmpl.format(step)
                Path(self.out_dir, name).unlink(missing_ok=True)

        try:
            runner.save_checkpoint(
                self.out_dir,
                os.path.basename(path),
                save_optimizer=self.save_optimizer,
                save_param_scheduler=self.save_param_scheduler,
                meta=dict(epoch=epoch, iter=iteration, validating=validating),
                by_epoch=self.by_epoch,
                rng_states=rng_states,
                background=self.background,
                then=then,
            )
        except BaseException:
            runner.message_hub.update_info('last_ckpt', before)
            raise
        self.last_ckpt = path
        self._saved = (epoch, iteration)

    def _choose(self, runner: Runner, metrics: Mapping[str, Any]) -> bool:
        """Watch the first figure that is a number from now on, if there is one."""
        key = next((k for k, v in metrics.items() if _is_number(v)), None)
        if key is None:
            return False
        try:
            self._init_rule(self.rules, [key])
        except ValueError:
            self._refuse(
                runner,
                f"is 'auto', which takes the first figure, {key!r}; nothing says "
                "whether more of it is better, so set rule='greater' or 'less'",
            )
        watched = runner.message_hub.get_info('save_best')
        if watched and _as_list(watched)[0][0] != key:
            for what in ('best_score', 'best_ckpt'):
                runner.message_hub.pop_info(what)
        note_watched(runner.message_hub, [(key, self.rules[0])])
        return True

    def _save_if_best(
        self, runner: Runner, key: str, rule: str, metrics: Mapping[str, Any]
    ) -> bool:
        if key not in metrics:
            hint = did_you_mean(key, metrics)
            there = ', '.join(map(repr, metrics))
            self._refuse(runner, f'there is no metric {key!r}{hint}; there are {there}')
        hub, score = runner.message_hub, score_of(metrics[key])
        if score is None:
            if metrics[key] is not None:
                runner.logger.warning(f'{key} is {metrics[key]}: never the best')
            return False
        if not better(score, hub.get_info(self._name('best_score', key)), rule):
            return False
        when = runner.epoch if self.by_epoch else runner.iter
        name = f'best_{key}_{self.filename_tmpl.format(when)}'.replace('/', '_')
        path = os.path.join(self.out_dir, name)
        before = hub.get_info(self._name('best_ckpt', key))
        hub.update_info(self._name('best_score', key), score)
        hub.update_info(self._name('best_ckpt', key), path)
        best = self.best_paths(runner)

        def then() -> None:
            remember_best(runner.work_dir, best)
            # The best one of a training in another folder stays where it is.
            if before and before != path and lies_in(before, self.out_dir):
                Path(before).unlink(missing_ok=True)

        runner.call_hook('before_all_save')
        runner.save_checkpoint(
            self.out_dir,
            name,
            save_optimizer=False,
            save_param_scheduler=False,
            meta=dict(epoch=runner.epoch, iter=runner.iter),
            by_epoch=False,
            background=self.background,
            then=then,
        )
        runner.logger.info(f'{key} {score:0.4f} is the best so far: {name}')
        return True

    def _name(self, what: str, key: str) -> str:
        """Mmengine's name of a fact in the message hub."""
        return what if len(self.key_indicators) == 1 else f'{what}_{key}'

    def _refuse(self, runner: Runner, mistake: str) -> None:
        """Stop because of a metric that cannot be watched, with training saved."""
        self._save(runner, runner.epoch, runner.iter)
        runner.checkpoint_writer.wait()
        raise ConfigError(
            [
                Problem(
                    'default_hooks.checkpoint.save_best',
                    f'{mistake}. Nothing is lost: correct it, and '
                    f'go on from {self.last_ckpt} with --resume',
                )
            ]
        )

    @master_only
    def _publish_model(self, runner: Runner, ckpt_path: str) -> None:
        checkpoint = load_checkpoint(ckpt_path)
        content = {k: checkpoint[k] for k in self.published_keys if k in checkpoint}
        if missing := [k for k in self.published_keys if k not in checkpoint]:
            runner.logger.warning(
                f'published_keys: {ckpt_path} has no {", ".join(missing)}; it has '
                f'{", ".join(checkpoint)}'
            )
        part = part_of(Path(ckpt_path))
        save_checkpoint(content, part)
        digest = hashlib.sha256(part.read_bytes()).hexdigest()[:8]
        final = f'{os.path.splitext(ckpt_path)[0]}-{digest}.pth'
        part.replace(final)
        say(runner.logger, f'published {final}')


def _check_template(template: str | None) -> None:
    """Check that each step gives a file of its own, in the folder itself.

    Raises:
        ValueError: if it does not: an old checkpoint that is removed might be the new
            one, or one of somebody else.
    """
    try:
        names = None if template is None else {template.format(i) for i in range(3)}
    except (IndexError, KeyError, ValueError):
        names = set()
    if names is not None and (len(names) < 3 or any('/' in name for name in names)):
        raise ValueError(
            'filename_tmpl is the name of a file with a place for the number, e.g. '
            f"'epoch_{{}}.pth', got {template!r}"
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) or getattr(value, 'ndim', None) == 0


def _as_list(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return list(value)
    return [value] if isinstance(value, str) else value
