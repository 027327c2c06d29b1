"""Build what a runner runs: environment, model, data, hooks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.model import (
    convert_sync_batchnorm,
    is_model_wrapper,
    revert_sync_batchnorm,
)
from mmengine.optim import OptimWrapper
from mmengine.runner import BaseLoop, LogProcessor
from mmengine.runner import Runner as BaseRunner
from mmengine.visualization import Visualizer
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from ..errors import ConfigError
from ..registry import (
    HOOKS,
    LOG_PROCESSORS,
    MODEL_WRAPPERS,
    MODELS,
    VISUALIZERS,
)
from . import builders
from .checkpoints import unwrapped
from .dataloaders import build_dataloader
from .environment import allow_tf32, claim_timestamp, init_distributed
from .errors import at
from .hook_calls import HookCalls
from .terminal import say, use_short_terminal
from .wrappers import MMDistributedDataParallel

#: Parts of a model that torch.compile is put to; heads and losses take dicts and
#: samples, which it is slow with.
_COMPILED = ('backbone', 'neck')


class RunnerAssembly(BaseRunner):
    """mmengine's runner as far as it builds its parts.

    Every mistake in a part's settings becomes a
    :class:`~mmlite.errors.ConfigError` that begins with the place.
    """

    def setup_env(self, env_cfg: dict) -> None:
        """Join the other processes, and find a name for this run."""
        allow_tf32(env_cfg.get('tf32', True))
        if self.distributed:
            init_distributed(self.launcher, env_cfg.get('dist_cfg'))
        super().setup_env(env_cfg)
        self._timestamp = claim_timestamp(self.work_dir)

    def set_randomness(
        self,
        seed: int | None,
        diff_rank_seed: bool = False,
        deterministic: bool = False,
    ) -> None:
        """Seed all generators; with ``deterministic``, compute alike every time."""
        if deterministic:
            allow_tf32(False)
            torch.backends.cudnn.benchmark = False
            # Without it cuBLAS refuses to be deterministic.
            os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')
        super().set_randomness(seed, diff_rank_seed, deterministic)

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """A logger that shows a few lines on the terminal, and writes all to a file."""
        logger = super().build_logger(*args, **kwargs)
        use_short_terminal(logger)
        return logger

    def build_visualizer(
        self, visualizer: Visualizer | dict | None = None
    ) -> Visualizer:
        """A visualizer of its own for this run."""
        if isinstance(visualizer, dict):
            settings = dict(save_dir=self._log_dir) | visualizer
            name = settings.get('name', self._experiment_name)
            kind = settings.get('type', 'Visualizer')
            settings |= dict(type=kind, name=f'{name}_{self._experiment_name}')
            with at('visualizer'):
                return VISUALIZERS.build(settings)
        return super().build_visualizer(visualizer)

    def build_log_processor(self, log_processor: LogProcessor | dict) -> LogProcessor:
        """The part that makes log lines."""
        if isinstance(log_processor, dict):
            with at('log_processor'):
                return LOG_PROCESSORS.build(dict(type='LogProcessor') | log_processor)
        return log_processor

    def build_model(self, model: nn.Module | dict) -> nn.Module:
        """The model, on the CPU."""
        if isinstance(model, nn.Module):
            return model
        with at('model'):
            return MODELS.build(builders.build_loaders_in(model, self.seed))

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Put the model on its device, and among the other processes' models."""
        if is_model_wrapper(model):
            return super().wrap_model(model_wrapper_cfg, model)
        model = model.to(get_device())
        if self.cfg.get('channels_last') and _on_gpu():
            _use_channels_last(model)
        if not self.distributed:
            return revert_sync_batchnorm(model)
        if self.cfg.get('sync_bn') and torch.cuda.is_available():
            model = convert_sync_batchnorm(model)
        cfg = dict(type='MMDistributedDataParallel') | (model_wrapper_cfg or {})
        with at('model_wrapper_cfg'):
            given: dict[str, Any] = dict(module=model)
            kind = cfg['type']
            kind = MODEL_WRAPPERS.get(kind) if isinstance(kind, str) else kind
            if kind is MMDistributedDataParallel:
                cfg.setdefault(
                    'find_unused_parameters',
                    self.cfg.get('find_unused_parameters', False),
                )
            elif kind and issubclass(kind, DistributedDataParallel):
                on_gpu = torch.cuda.is_available()
                given['device_ids'] = [torch.cuda.current_device()] if on_gpu else None
            return MODEL_WRAPPERS.build(cfg, default_args=given)

    def build_optim_wrapper(self, optim_wrapper: Any) -> OptimWrapper:
        """The optimizer and its wrapper."""
        if not isinstance(optim_wrapper, Mapping):
            return super().build_optim_wrapper(optim_wrapper)
        with at('optim_wrapper'):
            try:
                return super().build_optim_wrapper(optim_wrapper)
            except ConfigError:
                raise
            except ValueError as error:
                raise ConfigError(str(error)) from error

    def build_param_scheduler(self, scheduler: Any) -> Any:
        """The schedulers of learning rate, momentum and the like."""
        with at('param_scheduler'):
            try:
                return super().build_param_scheduler(scheduler)
            except (ValueError, AssertionError) as error:
                raise ConfigError(str(error)) from error

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader | dict,
        seed: int | None = None,
        diff_rank_seed: bool = False,
    ) -> DataLoader:
        """See :func:`mmlite.engine.build_dataloader`."""
        if isinstance(dataloader, DataLoader):
            return dataloader
        return build_dataloader(dataloader, seed, diff_rank_seed)

    def build_evaluator(self, evaluator: Any) -> Evaluator:
        """The metrics."""
        return builders.build_evaluator(evaluator)

    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """The training loop with its data."""
        return builders.build_loop(self, loop, 'train')

    def build_val_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """The validation loop with its data and metrics."""
        return builders.build_loop(self, loop, 'val')

    def build_test_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """The test loop with its data and metrics."""
        return builders.build_loop(self, loop, 'test')

    def register_default_hooks(self, hooks: Mapping[str, Any] | None = None) -> None:
        """Register the hooks that every run has, with a config's changes."""
        with at('default_hooks'):
            for name, hook in builders.merge_default_hooks(hooks).items():
                with at(name):
                    self.register_hook(hook)

    def register_custom_hooks(self, hooks: Sequence[Hook | dict]) -> None:
        """Register further hooks."""
        for i, hook in enumerate(hooks):
            with at('custom_hooks', str(i)):
                self.register_hook(hook)

    @cached_property
    def _hook_calls(self) -> HookCalls:
        return HookCalls()

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call every hook that does something at a point.

        Args:
            fn_name: The point, e.g. ``'before_train_iter'``, or one of a hook's own.
            **kwargs: What is told there.
        """
        for hook, call in self._hook_calls.at(fn_name, self._hooks):
            try:
                call(self, **kwargs)
            except TypeError as error:
                raise TypeError(f'{error} in {hook}') from error

    def register_hook(
        self, hook: Hook | dict, priority: str | int | None = None
    ) -> None:
        """Register a hook among the others by its priority."""
        if isinstance(hook, Mapping):
            settings = dict(hook)
            own = settings.pop('priority', None)
            hook = HOOKS.build(settings)
            priority = own if priority is None else priority
        super().register_hook(hook, priority)

    def _maybe_compile(self, target: str) -> None:
        options = self.cfg.get('compile')
        if options in (None, False):
            return
        options = {} if options is True else dict(options)
        if options.get('backend', 'inductor') == 'inductor' and not _on_gpu():
            say(self.logger, 'not compiled: on a CPU there is nothing to gain')
            return
        model = unwrapped(self.model)
        parts = [
            part
            for name, part in model.named_children()
            # To call what is compiled takes longer than to average, say.
            if name in _COMPILED and any(True for _ in part.parameters())
        ]
        # In place, so that the names in checkpoints stay as they are.
        for part in parts or [model]:
            part.compile(**options)
        say(self.logger, 'compiled; the first iterations take longer')


def _on_gpu() -> bool:
    return torch.device(get_device()).type == 'cuda'


def _use_channels_last(model: nn.Module) -> None:
    """As a model of mmlite does it; of another one, its kernels at least."""
    if hasattr(model, 'use_channels_last'):
        model.use_channels_last()
    else:
        model.to(memory_format=torch.channels_last)
