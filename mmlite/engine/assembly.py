"""Build what a runner runs: environment, model, data, hooks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.dist import master_only
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.model import (
    convert_sync_batchnorm,
    is_model_wrapper,
    revert_sync_batchnorm,
)
from mmengine.model.efficient_conv_bn_eval import turn_on_efficient_conv_bn_eval
from mmengine.optim import OptimWrapper
from mmengine.runner import BaseLoop, LogProcessor
from mmengine.runner import Runner as BaseRunner
from mmengine.visualization import Visualizer
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from ..config import (
    backend_problems,
    config_text,
    with_import_folders,
    write_config,
)
from ..errors import ConfigError, Problem, at
from ..ops import use_channels_last
from ..registry import (
    HOOKS,
    LOG_PROCESSORS,
    MODEL_WRAPPERS,
    MODELS,
    VISUALIZERS,
)
from . import builders
from .activation_checkpointing import checkpoint_activations
from .checkpoints import unwrapped
from .checks import check_schedules
from .compiling import compile_model
from .dataloaders import batch_size_of, build_dataloader
from .determinism import prepare_determinism, require_determinism
from .environment import allow_tf32, claim_timestamp, describe_system, init_distributed
from .hook_calls import HookCalls
from .lr_scaling import any_built, scale_learning_rates
from .optimizers import AmpOptimWrapper
from .terminal import say, use_short_terminal
from .wrappers import MMDistributedDataParallel

#: The backends of a config that names none.
_DEFAULT_BACKENDS = [dict(type='LocalVisBackend')]


class RunnerAssembly(BaseRunner):
    """mmengine's runner as far as it builds its parts.

    Every mistake in a part's settings becomes a
    :class:`~mmlite.errors.ConfigError` that begins with the place.

    Attributes:
        environment: Versions, machine, seed and the like, by name.
    """

    _determinism_warning: str | None = None

    def train(self) -> nn.Module:
        """Build what training needs, load or resume a checkpoint, and train."""
        if self._train_loop is None:
            raise ConfigError(
                'training needs train_dataloader, train_cfg, optim_wrapper'
            )
        self._build_training()
        if self._val_loop is not None:
            self._val_loop = self.build_val_loop(self._val_loop)
        for problem in check_schedules(self.cfg, self._train_loop.max_iters):
            self.advise(problem)
        self.keep_config()
        self.call_hook('before_run')
        self._init_model_weights()
        model = unwrapped(self.model)
        checkpoint_activations(model, self.cfg.get('activation_checkpointing') or ())
        if self.cfg.get('efficient_conv_bn_eval'):
            turn_on_efficient_conv_bn_eval(model, self.cfg.efficient_conv_bn_eval)
        self.load_or_resume()
        self.optim_wrapper.initialize_count_status(
            self.model, self._train_loop.iter, self._train_loop.max_iters
        )
        self._maybe_compile('train_step')
        trained = self._train_loop.run()
        self.call_hook('after_run')
        return trained

    def _build_training(self) -> None:
        """Build the training loop, the optimizer and the schedulers."""
        self._train_loop = self.build_train_loop(self._train_loop)
        self.optim_wrapper = self.build_optim_wrapper(self.optim_wrapper)
        self.scale_lr(self.optim_wrapper, self.auto_scale_lr)
        if self.param_schedulers is not None:
            self.param_schedulers = self.build_param_scheduler(self.param_schedulers)

    def advise(self, advice: Problem) -> None:
        """Warn once of a setting that is allowed but seldom intended."""
        if str(advice) not in self._advised:
            self._advised.add(str(advice))
            self.logger.warning(str(advice))

    @cached_property
    def _advised(self) -> set[str]:
        return set()

    @cached_property
    def cfg_text(self) -> str:
        """The config as Python code."""
        return config_text(self.cfg)

    def dump_config(self) -> None:
        """Do nothing: :meth:`keep_config` writes the config when training begins."""

    @master_only
    def keep_config(self) -> None:
        """Write the config into the work_dir, beside one that was read there."""
        source = self.cfg.filename
        name = os.path.basename(source or f'{self.timestamp}.py')
        path = os.path.join(self.work_dir, name)
        if source and os.path.exists(path) and os.path.samefile(source, path):
            path = '_whole'.join(os.path.splitext(path))
        write_config(with_import_folders(self.cfg), path)

    def setup_env(self, env_cfg: dict) -> None:
        """Join the other processes, and find a name for this run."""
        allow_tf32(env_cfg.get('tf32', True))
        if self.distributed:
            init_distributed(self.launcher, env_cfg.get('dist_cfg'))
        super().setup_env(env_cfg)
        self._timestamp = claim_timestamp(self.work_dir)

    def set_randomness(
        self,
        seed: int | None = None,
        diff_rank_seed: bool = False,
        deterministic: bool = False,
    ) -> None:
        """Seed all generators; with ``deterministic``, compute alike every time."""
        if deterministic:
            # Logged later: there is no logger yet.
            self._determinism_warning = prepare_determinism()
        super().set_randomness(seed, diff_rank_seed, deterministic)
        if deterministic:
            require_determinism()

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """A logger that shows a few lines on the terminal, and writes all to a file."""
        logger = super().build_logger(*args, **kwargs)
        use_short_terminal(logger)
        return logger

    def _log_env(self, env_cfg: dict) -> None:
        run = {**env_cfg, **self._randomness_cfg, 'seed': self.seed}
        run |= dict(launcher=self.launcher, processes=self.world_size)
        system = describe_system()
        self.environment = {**system, **run}
        if self._determinism_warning:
            self.logger.warning(self._determinism_warning)
        for title, values in (('System environment', system), ('This run', run)):
            lines = [f'    {name}: {value}' for name, value in values.items()]
            self.logger.info('\n'.join([f'{title}:', *lines]))
        if self.cfg:
            self.logger.info(f'Config:\n{self.cfg_text}')

    def build_visualizer(
        self, visualizer: Visualizer | dict | None = None
    ) -> Visualizer:
        """A visualizer of its own for this run."""
        backends = self.cfg.get('vis_backends')
        if visualizer is None:
            visualizer = dict(vis_backends=[dict(type='LocalVisBackend')])
        if isinstance(visualizer, dict):
            visualizer = self._with_backends(visualizer, backends)
            settings = dict(save_dir=self._log_dir) | visualizer
            name = settings.get('name', self._experiment_name)
            kind = settings.get('type', 'UniversalVisualizer')
            settings |= dict(type=kind, name=f'{name}_{self._experiment_name}')
            with at('visualizer'):
                needs = backend_problems(settings.get('vis_backends') or ())
                if needs:
                    raise ConfigError([p.under('vis_backends') for p in needs])
                return VISUALIZERS.build(settings)
        return super().build_visualizer(visualizer)

    def _with_backends(
        self, visualizer: dict[str, Any], backends: Any
    ) -> dict[str, Any]:
        """The visualizer with the backends at the top of the config, if it has none."""
        own = visualizer.get('vis_backends')
        if not backends or backends in (own, _DEFAULT_BACKENDS):
            return visualizer
        if own and own != _DEFAULT_BACKENDS:
            self.logger.warning(
                'vis_backends at the top of the config is not used, as '
                'visualizer.vis_backends differs from it; state one of the two'
            )
            return visualizer
        return dict(visualizer, vis_backends=backends)

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
                wrapper = super().build_optim_wrapper(optim_wrapper)
                if isinstance(wrapper, AmpOptimWrapper):
                    kind = str(wrapper.cast_dtype).removeprefix('torch.')
                    say(self.logger, f'{"precision":<9} {kind} where it is safe')
                return wrapper
            except ConfigError:
                raise
            except ValueError as error:
                raise ConfigError(str(error)) from error

    def build_param_scheduler(self, scheduler: Any) -> Any:
        """The schedulers of learning rate, momentum and the like."""
        with at('param_scheduler'):
            builders.check_schedule_names(scheduler, self.optim_wrapper)
            try:
                return super().build_param_scheduler(scheduler)
            except (ValueError, AssertionError) as error:
                raise ConfigError(str(error)) from error

    def scale_lr(
        self, optim_wrapper: OptimWrapper, auto_scale_lr: dict | None = None
    ) -> None:
        """Scale the learning rate from the batch size it was chosen for."""
        if not (auto_scale_lr or {}).get('enable', False):
            return
        size = batch_size_of(self.train_loop.dataloader)
        with at('auto_scale_lr'):
            if any_built(self.param_schedulers):
                raise ConfigError(
                    'the schedulers are built already, with the learning rate as it '
                    'was; give them as dicts'
                )
            done = scale_learning_rates(
                optim_wrapper,
                size and size * self.world_size,
                auto_scale_lr['base_batch_size'],
            )
        say(self.logger, f'{"lr":<9} {done}')

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
        """Register the hooks of every run and of the model, with a config's changes.

        A model states its own, by name, as ``default_hooks``.
        """
        of_model = getattr(unwrapped(self.model), 'default_hooks', None)
        with at('default_hooks'):
            for name, hook in builders.merge_default_hooks(hooks, of_model).items():
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
            **kwargs: What hooks are given there.
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
        # Several optimizers have no such number.
        batches = getattr(self.optim_wrapper, '_accumulative_counts', None)
        reason = compile_model(unwrapped(self.model), options, batches)
        if reason:
            self.logger.warning(f'compile={options}: {reason}')
        say(self.logger, 'compiled; the first iterations take longer')


def _on_gpu() -> bool:
    return torch.device(get_device()).type == 'cuda'


def _use_channels_last(model: nn.Module) -> None:
    """As a model of mmlite does it; of another one, its kernels at least."""
    if hasattr(model, 'use_channels_last'):
        model.use_channels_last()
    else:
        use_channels_last(model)
