"""Find everything that is wrong with a config, before anything is started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from mmengine.config import Config

from ..errors import ConfigError, Problem, suggestion
from ..registry import use_scope
from ..signature import arguments_of
from . import sections
from .advice import advice_on, advise_custom_keys
from .bounds import check_bounds
from .completing import uncounted
from .data import check_evaluation_loader, check_loader, check_pipeline
from .drawing import check_drawing
from .evaluating import check_evaluation
from .fitting import (
    check_channels,
    check_classes,
    check_loops,
    check_named_parts,
    check_predictions,
    check_schedules,
    check_topk,
)
from .helpers import is_helper, is_idle
from .magnitudes import check_numbers
from .models import check_model
from .monitors import check_monitors
from .one_cycle import check_one_cycle
from .parts import check_keys, under
from .paths import check_paths, is_data
from .phases import PHASES, idle_sections, missing_sections
from .schema import SECTIONS, settings, top_level_hint, top_level_keys
from .timing import check_timing

__all__ = ['Findings', 'check', 'check_config', 'examine']

_CHECKS: dict[str, Callable[[Any], list[Problem]]] = {
    'custom_hooks': sections.check_hooks,
    'default_hooks': sections.check_default_hooks,
    'env_cfg': sections.check_env,
    'log_processor': sections.check_log_processor,
    'optim_wrapper': sections.check_optim_wrapper,
    'test_dataloader': check_evaluation_loader,
    'test_evaluator': sections.check_evaluator,
    'train_dataloader': check_loader,
    'tta_pipeline': check_pipeline,
    'val_dataloader': check_evaluation_loader,
    'val_evaluator': sections.check_evaluator,
    'vis_backends': sections.check_backends,
    'visualizer': sections.check_visualizer,
}
_PLAIN_PARTS = (
    'train_cfg',
    'val_cfg',
    'test_cfg',
    'model_wrapper_cfg',
    'tta_model',
)
_FITS = (
    check_classes,
    check_channels,
    check_topk,
    check_monitors,
    check_loops,
    check_predictions,
    check_timing,
    check_drawing,
    check_evaluation,
    check_schedules,
    check_one_cycle,
)
_PLAIN_SECTIONS = ('auto_scale_lr', 'custom_imports', 'randomness')


class Findings(NamedTuple):
    """What a check of a config found.

    Args:
        problems: Mistakes, with which nothing is started.
        advice: Settings that are allowed but seldom intended.
    """

    problems: list[Problem]
    advice: list[Problem]


def check(cfg: Config, build_model: bool = True) -> list[Problem]:
    """Check that a config has no mistakes.

    Args:
        cfg: A config.
        build_model: See :func:`check_config`.

    Returns:
        Settings that are no mistake, but seldom intended: a schedule that ends before
        the training, ``custom_keys`` in the name of no parameter, ...

    Raises:
        ConfigError: naming every mistake.
    """
    found = examine(cfg, build_model)
    if found.problems:
        raise ConfigError(found.problems, cfg.filename)
    return found.advice


def check_config(cfg: Config, build_model: bool = True) -> list[Problem]:
    """Find all mistakes of a config, in seconds and without any data.

    It checks the keys at the top and in every section, the types, the names of their
    arguments and the kinds of their values, which sections of a phase are missing,
    whether the parts of the model fit each other and the classes of the dataset,
    whether loop, schedule, samplers and hooks fit each other, and what the constructors
    of our own small parts refuse. Classes of other packages are checked by their
    signatures only.

    A top-level key that nothing reads must look like a variable of the
    config's own; see :func:`~mmlite.config.helpers.is_helper` for the rule.

    Args:
        cfg: A config.
        build_model: Whether to build the model, on the meta device; otherwise
            only names and kinds of its arguments are looked at.

    Example:
        >>> cfg = Config(dict(model=dict(type='ResNett'), optim_wraper=dict()))
        >>> for problem in check_config(cfg):
        ...     print(problem)
        unknown key 'optim_wraper'; did you mean 'optim_wrapper'?
        model: unknown type 'ResNett'; did you mean 'ResNet'?
    """
    return examine(cfg, build_model).problems


def examine(cfg: Config, build_model: bool = True) -> Findings:
    """Find all mistakes of a config, and what is seldom intended."""
    use_scope(cfg.get('default_scope'))
    if is_data(cfg.filename) and (problems := check_paths(cfg)):
        return Findings(problems, [])  # nothing of it is built, not even to look
    if problems := uncounted(cfg):
        return Findings(problems, [])  # widths depend on it
    advice = advice_on(cfg)
    problems = [*_unknown_keys(cfg), *_missing(cfg), *_settings(cfg)]
    if cfg.get('model') is not None:
        model = check_model(cfg.model, cfg.get('data_preprocessor'), build_model)
        problems += model.problems
        if model.parameters is not None:
            advice += advise_custom_keys(cfg, model.parameters)
        problems += check_named_parts(cfg, model.modules)
    for key in cfg:
        if cfg[key] is not None and not _said_before(key, cfg):
            problems += under(_check_section(key, cfg[key]), key)
    if cfg.get('param_scheduler') is not None:
        found = sections.check_schedulers(cfg.param_scheduler, cfg.get('train_cfg'))
        problems += under(found, 'param_scheduler')
    numbers = [*check_numbers(cfg), *check_bounds(cfg)]
    # Of such a number the part that is built with it complains as well.
    owners = {_owner_of(problem.path) for problem in numbers}
    problems = [p for p in problems if p.path not in owners]
    known = {problem.path for problem in problems}
    # A value that is wrong by itself is not compared with others.
    fits = [*numbers, *(p for fit in _FITS for p in fit(cfg))]
    problems += [p for p in fits if p.path not in known]
    return Findings(problems, advice)


def _owner_of(path: str) -> str:
    """The part that is built with a number, which may stand in a list.

    Example:
        >>> _owner_of('data_preprocessor.std.0'), _owner_of('train_cfg.max_epochs')
        ('data_preprocessor', 'train_cfg')
    """
    return path.rstrip('.0123456789').rpartition('.')[0]


def _check_section(key: str, section: Any) -> list[Problem]:
    if key in _CHECKS:
        return _CHECKS[key](section)
    if key in _PLAIN_PARTS:
        return sections.check_plain(key, section)
    if key == 'custom_imports' and isinstance(section, (str, list, tuple)):
        section = dict(imports=section)  # as it is imported
    if key in _PLAIN_SECTIONS:
        return check_keys(section, SECTIONS[key,])
    if key == 'compile' and not isinstance(section, bool):
        return [*check_keys(section, SECTIONS[key,], ('model',)), *_compiler(section)]
    return []


def _compiler(section: Any) -> list[Problem]:
    """Check that the backend and the mode of ``torch.compile`` exist."""
    if not isinstance(section, Mapping):
        return []
    problems, chosen = [], {}
    backend, mode = section.get('backend'), section.get('mode')
    if isinstance(backend, str) and backend != 'inductor':
        # Those for debugging too.
        chosen['backend'] = backend, torch.compiler.list_backends(())
    if isinstance(mode, str) and backend in (None, 'inductor'):
        from torch._inductor import list_mode_options

        chosen['mode'] = mode, list(list_mode_options())
    for key, (value, known) in chosen.items():
        if value not in known:
            hint = suggestion(value, known)
            problems.append(Problem(key, f'is {value!r}, which is not known{hint}'))
    if mode is not None and section.get('options') is not None:
        problems.append(Problem('', 'has mode and options; torch.compile takes one'))
    return problems


def _said_before(key: str, cfg: Config) -> bool:
    """Whether it is a section of the test that is that of the validation."""
    val_key = key.replace('test_', 'val_', 1)
    return key.startswith('test_') and cfg[key] == cfg.get(val_key)


def _unknown_keys(cfg: Config) -> list[Problem]:
    known = top_level_keys()
    problems = []
    for key in cfg:
        if key not in known and not is_helper(key, cfg) and not is_idle(key, cfg):
            hint = top_level_hint(key) or '; nothing in the config uses it'
            problems.append(Problem('', f'unknown key {key!r}{hint}'))
    return problems


def _missing(cfg: Config) -> list[Problem]:
    """Sections without which others make no sense."""
    missing = {} if cfg.get('model') is not None else {'model': ''}
    idle = idle_sections(cfg)
    for phase, (_, triple) in PHASES.items():
        there = [key for key in triple if cfg.get(key) is not None]
        if there and not idle.keys() & there:
            lacking = missing_sections(cfg, phase)
            missing |= dict.fromkeys(lacking, f', though there is {there[0]}')
    if cfg.get('param_scheduler') is not None and cfg.get('optim_wrapper') is None:
        missing.setdefault('optim_wrapper', ', though there is param_scheduler')
    return [Problem(key, f'is missing{why}') for key, why in missing.items()]


def _settings(cfg: Config) -> list[Problem]:
    """Mistakes in keys with a plain value."""
    stated = {key: cfg[key] for key in arguments_of(settings).kinds if key in cfg}
    return check_keys(stated, settings)
