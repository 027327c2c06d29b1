"""Write a page about a run when it ends."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from ...config import (
    base_of,
    differences,
    flattened,
    missing_sections,
    tests_as_it_validates,
)
from ...datasets import DefaultSampler
from ...errors import ConfigError
from ...registry import HOOKS
from ...report import (
    Block,
    Change,
    Evidence,
    Facts,
    Origin,
    Picture,
    Pictures,
    evidence_for,
    numbers_in,
    write_facts,
    write_report,
)
from ...report.runs import OF_THE_RUN
from ..checkpoints import unwrapped
from ..checkpoints.resuming import latest_checkpoint
from ..classes import classes_of
from .checkpoint_hook import CheckpointHook
from .progress_hook import ProgressHook, describe
from .visual_summary_hook import grid

__all__ = ['ReportHook']

#: Of the environment: hardware that is not used here, and a part of mmengine's.
_IDLE = ('MUSA available', 'numpy_random_seed')
_LONGEST = 200  # letters of a value of the environment


@HOOKS.register_module()
class ReportHook(Hook):
    """Writes ``report.html`` into the work_dir, one file that needs no network.

    It does so when a training, validation or test ends, is interrupted, or stops as
    the loss is NaN. While a run goes on it keeps a few predictions of the latest
    evaluation and waits for no device. If anything goes wrong with the page, there is
    a warning, and the run goes on. ``default_hooks.report=None`` leaves it out.

    What it needs of a model are ``task``, ``data_preprocessor.to_rgb``,
    ``visual_summary``, and ``gallery`` of a retriever.

    Example:
        >>> from mmlite.registry import HOOKS
        >>> HOOKS.build(dict(type='ReportHook')).priority
        'LOWEST'
    """

    priority = 'LOWEST'

    def __init__(self) -> None:
        self._facts: Facts | None = None
        self._evidence: Evidence | None = None
        self._measured: tuple[dict[str, Any], Any] = ({}, None)
        self._trained = False
        self._works = True
        self._with_pictures = True
        self._warned = False

    def before_run(self, runner: Runner) -> None:
        """Note when it began."""
        self._facts = Facts('train', config=str(runner.cfg.filename or ''))
        self._evidence, self._measured = None, ({}, None)
        self._trained, self._works = False, is_main_process()
        self._with_pictures, self._warned = True, False

    def before_train(self, runner: Runner) -> None:
        """Note that it is a training, so that its evaluations are no runs."""
        self._trained = True

    def before_val_epoch(self, runner: Runner) -> None:
        """Forget what was kept of an earlier validation."""
        self._begin(runner, 'val')

    def before_test_epoch(self, runner: Runner) -> None:
        """Begin to keep predictions."""
        self._begin(runner, 'test')

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence | None = None,
    ) -> None:
        """Keep what is needed of a batch."""
        self._take(runner, outputs)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence | None = None,
    ) -> None:
        """Keep what is needed of a batch."""
        self._take(runner, outputs)

    def after_val_epoch(
        self, runner: Runner, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Keep the results."""
        self._measured = dict(metrics or {}), _evaluator(runner, 'val')

    def after_test_epoch(
        self, runner: Runner, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Keep the results."""
        self._measured = dict(metrics or {}), _evaluator(runner, 'test')

    def after_run(self, runner: Runner) -> None:
        """Write the page."""
        self._write(runner, 'finished')

    def after_interruption(self, runner: Runner) -> None:
        """Write the page with the results so far."""
        self._write(runner, 'interrupted')

    def after_failure(self, runner: Runner, reason: str) -> None:
        """Write the page with the results so far, and the reason of the failure."""
        self._write(runner, reason)

    def _begin(self, runner: Runner, mode: str) -> None:
        if not self._works or self._facts is None:
            return
        if not self._trained:
            self._facts.mode = mode
        if not self._with_pictures:
            return
        try:
            self._evidence = _evidence(runner, mode)
        except Exception as error:  # whatever it is, the run is worth more
            self._lose_pictures(runner, error)

    def _take(self, runner: Runner, outputs: Sequence | None) -> None:
        if not self._works or self._evidence is None or outputs is None:
            return
        try:
            self._evidence.take(outputs)
        except Exception as error:  # whatever it is, the run is worth more
            self._lose_pictures(runner, error)

    def _write(self, runner: Runner, status: str) -> None:
        if not self._works or self._facts is None:
            return
        try:
            self._fill(runner, self._facts)
            self._facts.status = status
            write_facts(self._facts, runner.log_dir)
            path = write_report(runner.work_dir)
            speaks = any(isinstance(hook, ProgressHook) for hook in runner.hooks)
            shown = dict(terminal=self._trained and speaks)
            runner.logger.info(f'{"report":<9} {path}', extra=shown)
        except Exception as error:  # whatever it is, the run is worth more
            self._works = False
            self._warn(runner, 'is not written', error)

    def _lose_pictures(self, runner: Runner, error: Exception) -> None:
        self._evidence, self._with_pictures = None, False
        self._warn(runner, 'has no pictures', error)

    def _warn(self, runner: Runner, what: str, error: Exception) -> None:
        if not self._warned:
            runner.logger.warning(
                f'report.html {what}: {type(error).__name__}: {error}; the run itself '
                'is not touched by it (default_hooks.report=None leaves it out)'
            )
        self._warned = True

    def _fill(self, runner: Runner, facts: Facts) -> None:
        model = _plain_model(runner)
        facts.seconds = time.time() - facts.started
        facts.iterations = runner.iter
        facts.checkpoint = str(
            latest_checkpoint(runner.work_dir) or runner._load_from or ''
        )
        facts.best = _best_of(runner)
        facts.resumed = bool(runner.resuming)
        facts.has_test = not missing_sections(runner.cfg, 'test')
        facts.task = getattr(model, 'task', '')
        facts.model = type(model).__name__
        facts.parameters = sum(p.numel() for p in model.parameters())
        facts.data = {
            f'{name} data': describe(loop.dataloader.dataset)
            for name, loop in runner.built_loops.items()
        }
        facts.metrics = numbers_in(self._measured[0])
        facts.environment = {
            name: str(value)
            for name, value in runner.environment.items()
            if name not in _IDLE
            and len(str(value)) <= _LONGEST
            and '\n' not in str(value)
        }
        facts.changes = _changes(runner)
        try:
            facts.pictures = [block.to_dict() for block in self._blocks(model)]
        except Exception as error:  # whatever it is, the run is worth more
            self._lose_pictures(runner, error)

    def _blocks(self, model: Any) -> list[Block]:
        found = []
        if self._evidence is not None:
            found = self._evidence.blocks(*self._measured)
        return found or _summary(model)


def _evaluator(runner: Runner, mode: str) -> Any:
    """What has measured; None in a loop of a user's own that does without."""
    return getattr(runner.built_loops.get(mode), 'evaluator', None)


def _best_of(runner: Runner) -> str:
    """The best checkpoint, by the first of what is watched; empty if there is none."""
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook):
            return next(iter(hook.best_paths(runner)), '')
    return ''


def _plain_model(runner: Runner) -> Any:
    """The model without what averages or distributes it."""
    model = unwrapped(runner.model)
    return model if hasattr(model, 'task') else getattr(model, 'module', model)


def _evidence(runner: Runner, mode: str) -> Evidence:
    model = _plain_model(runner)
    loader = runner.built_loops[mode].dataloader
    preprocessor = getattr(model, 'data_preprocessor', None)
    bgr = bool(getattr(preprocessor, 'to_rgb', False))
    origin = _origin(loader, bgr, runner.world_size)
    gallery = getattr(model, 'gallery', None)
    images = Origin(gallery.dataset, bgr=bgr) if _has_images(gallery) else None
    return evidence_for(getattr(model, 'task', ''), origin, images)


def _has_images(gallery: Any) -> bool:
    return gallery is not None and gallery.has_images


def _origin(loader: DataLoader, bgr: bool, processes: int) -> Origin:
    """Where the samples of a loader come from, if it gives them in order."""
    sampler = loader.sampler
    in_order = isinstance(sampler, SequentialSampler) or (
        isinstance(sampler, DefaultSampler) and not sampler.shuffle
    )
    plain = type(loader.batch_sampler) in (BatchSampler, type(None))
    classes = classes_of(loader.dataset)
    stride = processes if in_order and plain else 0
    return Origin(loader.dataset, classes, bgr, stride)


def _changes(runner: Runner) -> list[Change] | None:
    """What the config has that its bases have not; None if there are none."""
    try:
        base = base_of(runner.cfg.filename) if runner.cfg.filename else None
    except ConfigError:
        return None  # the file has been moved since
    if base is None:
        return None
    now, then = runner.cfg.to_dict(), base.to_dict()
    left_out = set(OF_THE_RUN)
    if tests_as_it_validates(now) and tests_as_it_validates(then):
        left_out |= {'test_dataloader', 'test_evaluator'}  # no change of their own
    kept = {k: v for k, v in now.items() if k not in left_out}
    before = {k: v for k, v in then.items() if k not in left_out}
    same = flattened(before).keys() & flattened(kept).keys()
    found = differences(before, kept)
    found.sort(key=lambda change: change.path not in same)
    return [Change(*change) for change in found]


def _summary(model: Any) -> list[Block]:
    """The pictures that a model has of its last batch."""
    found: list[Block] = []
    for key, value in getattr(model, 'visual_summary', {}).items():
        kind, _, name = key.partition('/')
        if kind == 'image':
            title = name.replace('_', ' ').capitalize()
            picture = Picture.of(grid(value), '', f'{name} of the last batch')
            note = 'What the model shows of the last batch of its training.'
            found.append(Pictures(title, note, [picture], columns=1))
    return found
