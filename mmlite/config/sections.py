"""Check the sections of a config that say how a run goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.priority import Priority, get_priority
from torch import nn
from torch.optim import SGD, Optimizer

from ..collecting import without_collecting
from ..errors import Problem, did_you_mean, suggestion
from ..registry import (
    EVALUATORS,
    HOOKS,
    METRICS,
    OPTIM_WRAPPER_CONSTRUCTORS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
    VISBACKENDS,
)
from ..signature import arguments_of, value_name
from .backends import backend_problems
from .helpers import is_typo
from .parts import check_keys, check_part, check_parts, is_built, target_of, under
from .schema import (
    HOOK_TYPES,
    LOOP_OF,
    SECTIONS,
    Slot,
    custom_key,
    paramwise_cfg,
    slot_of,
)

__all__ = [
    'check_backends',
    'check_default_hooks',
    'check_env',
    'check_evaluator',
    'check_hooks',
    'check_log_processor',
    'check_optim_wrapper',
    'check_plain',
    'check_schedulers',
    'check_visualizer',
]

_CLIPPERS = {
    'norm': nn.utils.clip_grad_norm_,
    'value': nn.utils.clip_grad_value_,
}
#: What joins processes: torch's, and those that are one letter off these.
_BACKENDS = ('gloo', 'mpi', 'nccl', 'ucc', 'xccl')
_OF_PLUGINS = ('ccl', 'cncl', 'eccl', 'hccl', 'mccl')
_LOG_ENTRY = ('data_src', 'log_name', 'method_name', 'window_size')
_CONSTRUCTOR = Slot(OPTIM_WRAPPER_CONSTRUCTORS, 'DefaultOptimWrapperConstructor')


def check_log_processor(cfg: Any) -> list[Problem]:
    """Check ``log_processor``: of its ``custom_cfg``, what can be logged."""
    problems = check_plain('log_processor', cfg)
    entries = cfg.get('custom_cfg') if isinstance(cfg, Mapping) else None
    problems += under(check_parts(entries, _check_log_entry), 'custom_cfg')
    return problems


def _check_log_entry(cfg: Any) -> list[Problem]:
    if not isinstance(cfg, Mapping):
        return [Problem('', f'is a dict, got {value_name(cfg)}')]
    methods = list(HistoryBuffer()._statistics_methods)
    method, window = cfg.get('method_name', 'mean'), cfg.get('window_size', 1)
    problems = _misspelt(cfg, _LOG_ENTRY)  # other keys are for the method
    if 'data_src' not in cfg and not problems:
        message = "has no data_src, the name of what is logged, e.g. 'loss'"
        problems.append(Problem('', message))
    if method not in methods:
        hint = did_you_mean(method, methods)
        message = f'is {method!r}, but there are {", ".join(methods)}{hint}'
        problems.append(Problem('method_name', message))
    if window not in ('epoch', 'global') and not isinstance(window, int):
        message = f'is {window!r}; expected a number of iterations, '
        message += "'epoch' or 'global'"
        problems.append(Problem('window_size', message))
    return problems


def check_env(cfg: Any) -> list[Problem]:
    """Check ``env_cfg``."""
    problems = check_keys(cfg, SECTIONS['env_cfg',])
    for key in ('mp_cfg', 'dist_cfg'):
        if isinstance(cfg, Mapping) and cfg.get(key):
            problems += under(check_keys(cfg[key], SECTIONS['env_cfg', key]), key)
    options = cfg.get('dist_cfg') if isinstance(cfg, Mapping) else None
    if isinstance(options, Mapping):
        problems += under(_check_joining(options), 'dist_cfg')
    return problems


def _check_joining(cfg: Mapping[str, Any]) -> list[Problem]:
    """Check that how processes join is not mistyped; a plugin may add to it."""
    problems = _misspelt(cfg, arguments_of(SECTIONS['env_cfg', 'dist_cfg']).kinds)
    backend = str(cfg.get('backend', 'nccl')).lower()
    if backend not in (*_BACKENDS, *_OF_PLUGINS) and is_typo(backend, _BACKENDS):
        hint = did_you_mean(backend, _BACKENDS)
        message = f'is {cfg["backend"]!r}, which is not known{hint}'
        problems.append(Problem('backend', message))
    return problems


def check_plain(key: str, cfg: Any) -> list[Problem]:
    """Check a section that is one part, with nothing in it: a loop, ..."""
    if not isinstance(cfg, Mapping):
        what = f'is a dict, got {value_name(cfg)}'
        return [] if is_built(cfg) else [Problem('', what)]
    if key == 'train_cfg' and 'type' in cfg and 'by_epoch' in cfg:
        # A schedule's by_epoch stays when a config names its loop.
        if LOOP_OF.get(bool(cfg['by_epoch'])) != cfg['type']:
            return [Problem('', 'takes either type or by_epoch, not both')]
        cfg = {name: value for name, value in cfg.items() if name != 'by_epoch'}
    return check_part(cfg, slot_of((key,), cfg))


def check_default_hooks(cfg: Any) -> list[Problem]:
    """Check ``default_hooks``; a hook without a type changes the default one."""
    if not isinstance(cfg, Mapping):
        return [Problem('', f'is a dict of hooks, got {value_name(cfg)}')]
    problems = []
    for name, hook in cfg.items():
        is_complete = is_built(hook) or (isinstance(hook, Mapping) and 'type' in hook)
        if name not in HOOK_TYPES and (is_typo(name, HOOK_TYPES) or not is_complete):
            hint = suggestion(name, HOOK_TYPES)
            problems.append(Problem('', f'has no hook {name!r}{hint}'))
        elif hook is not None:
            slot = slot_of(('default_hooks', name), cfg)
            problems += under(_check_hook(hook, slot), name)
    return problems


def check_hooks(cfg: Any) -> list[Problem]:
    """Check ``custom_hooks``."""
    return check_parts(cfg, lambda one: _check_hook(one, Slot(HOOKS)))


def _check_hook(cfg: Any, slot: Slot) -> list[Problem]:
    if not isinstance(cfg, Mapping):
        return check_part(cfg, slot, trial={})
    args = {k: v for k, v in cfg.items() if k != 'priority'}
    problems = check_part(args, slot, trial={})
    try:
        get_priority(cfg.get('priority') or 'NORMAL')
    except (KeyError, TypeError, ValueError):
        names = ', '.join(repr(level.name) for level in Priority)
        message = f'is {cfg["priority"]!r}; expected 0 to 100, or one of {names}'
        problems.append(Problem('priority', message))
    return problems


def check_optim_wrapper(cfg: Any) -> list[Problem]:
    """Check ``optim_wrapper``, or each of several by name."""
    if not isinstance(cfg, Mapping):
        what = f'is a dict with an optimizer, got {value_name(cfg)}'
        return [] if is_built(cfg) else [Problem('', what)]
    kind = cfg.get('constructor', _CONSTRUCTOR.default)
    given = ('optim_wrapper_cfg', 'paramwise_cfg')
    found = check_part({'type': kind}, OPTIM_WRAPPER_CONSTRUCTORS, given)
    problems = under(found, 'constructor')
    constructor = target_of({'type': kind}, _CONSTRUCTOR)
    ours = hasattr(constructor, 'other_optimizers')
    if ours and 'optimizer' not in cfg:
        problems.append(Problem('', "has no optimizer, e.g. dict(type='SGD', lr=0.1)"))
    if ours:
        found = _check_paramwise(cfg.get('paramwise_cfg') or {}, constructor)
        problems += under(found, 'paramwise_cfg')
    if ours or 'optimizer' in cfg:
        problems += _check_wrapper(cfg)
    else:
        for name, inner in cfg.items():
            if isinstance(inner, Mapping) and 'optimizer' in inner:
                problems += under(_check_wrapper(inner), name)
    return problems


def _check_wrapper(cfg: Mapping[str, Any]) -> list[Problem]:
    problems = check_part(cfg, slot_of(('optim_wrapper',), cfg))
    optimizer, clip_grad = cfg.get('optimizer'), cfg.get('clip_grad')
    if optimizer is not None:
        problems += under(_check_optimizer(optimizer), 'optimizer')
    if isinstance(clip_grad, Mapping):
        problems += under(_check_clip(clip_grad), 'clip_grad')
    return problems


def _check_clip(cfg: Mapping[str, Any]) -> list[Problem]:
    kind = cfg.get('type', 'norm')
    if kind not in _CLIPPERS:
        hint = did_you_mean(kind, _CLIPPERS) or "; it is 'norm' or 'value'"
        return [Problem('type', f'is {kind!r}{hint}')]
    args = {k: v for k, v in cfg.items() if k != 'type'}
    return check_keys(args, _CLIPPERS[kind], ('parameters',))


def _check_paramwise(cfg: Any, constructor: Any) -> list[Problem]:
    """Check ``paramwise_cfg`` by what its constructor states about it."""
    if not isinstance(cfg, Mapping):
        return check_keys(cfg, paramwise_cfg)
    cfg, problems = dict(cfg), []
    for key in constructor.other_optimizers:
        if key in cfg:
            problems += under(_check_optimizer(cfg.pop(key)), key)
        else:
            problems.append(Problem(key, 'is missing: an optimizer for the vectors'))
    usual = {k: v for k, v in cfg.items() if k not in constructor.own_rules}
    problems += check_keys(usual, paramwise_cfg)
    keys, more = cfg.get('custom_keys'), constructor.group_keys
    for name, own in keys.items() if isinstance(keys, Mapping) else ():
        if not isinstance(name, str):
            message = f'has the key {name!r}; expected a part of the name of parameters'
            problems.append(Problem('custom_keys', message))
        problems += under(_check_custom_key(own, more), 'custom_keys', name)
    return problems


def _check_custom_key(own: Any, more: Collection[str]) -> list[Problem]:
    """Check one of ``custom_keys``; what is like no known key is the optimizer's."""
    if not isinstance(own, Mapping):
        return check_keys(own, custom_key)
    known = arguments_of(custom_key).kinds
    stated = {key: value for key, value in own.items() if key in known}
    return _misspelt(own, [*known, *more]) + check_keys(stated, custom_key)


def _misspelt(cfg: Mapping[str, Any], known: Collection[str]) -> list[Problem]:
    """Keys that are like known ones, where others may stand for something else."""
    return [
        Problem('', f'has no key {key!r}{hint}')
        for key in cfg
        if key not in known and (hint := did_you_mean(key, known))
    ]


def _check_optimizer(cfg: Any) -> list[Problem]:
    trial = dict(params=[nn.Parameter(torch.zeros(1, 1))])
    with without_collecting():  # the first optimizer imports half of torch
        return check_part(cfg, OPTIMIZERS, trial=trial)


def check_schedulers(cfg: Any, loop: Any) -> list[Problem]:
    """Check ``param_scheduler``: one, several, or several for each optimizer.

    Args:
        cfg: The section.
        loop: The section ``train_cfg``; a scheduler ends where it does.
    """
    if isinstance(cfg, Mapping) and not _is_scheduler(cfg):
        return [p for k, v in cfg.items() for p in under(check_schedulers(v, loop), k)]
    return check_parts(cfg, lambda one: _check_scheduler(one, loop), single=True)


def _is_scheduler(cfg: Mapping[str, Any]) -> bool:
    """Whether it is one scheduler rather than several by optimizer."""
    return 'type' in cfg or not all(
        is_built(value) or isinstance(value, (Mapping, list, tuple))
        for value in cfg.values()
    )


def _check_scheduler(cfg: Any, loop: Any) -> list[Problem]:
    trial: dict[str, Any] = dict(optimizer=_trial_optimizer(), epoch_length=100)
    if isinstance(cfg, Mapping) and isinstance(loop, Mapping):
        end = loop.get('max_epochs')
        if not cfg.get('by_epoch', True):
            end = loop.get('max_iters') or end and end * trial['epoch_length']
        trial |= {} if end is None else {'end': end}
    return check_part(cfg, PARAM_SCHEDULERS, trial=trial)


def _trial_optimizer() -> Optimizer:
    """An optimizer with everything that a scheduler may change."""
    return SGD([nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9, weight_decay=0.1)


def check_evaluator(cfg: Any) -> list[Problem]:
    """Check ``val_evaluator`` or ``test_evaluator``: a metric or several."""
    if isinstance(cfg, Mapping) and 'metrics' in cfg:
        own = check_part(cfg, Slot(EVALUATORS, 'Evaluator'))
        return [*own, *under(_check_metrics(cfg['metrics']), 'metrics')]
    return _check_metrics(cfg)


def _check_metrics(cfg: Any) -> list[Problem]:
    if isinstance(cfg, (list, tuple)) and not cfg:
        return [Problem('', 'has no metric, and so nothing would be measured')]
    return check_parts(cfg, lambda one: check_part(one, METRICS, trial={}), single=True)


def check_visualizer(cfg: Any) -> list[Problem]:
    """Check ``visualizer``."""
    problems = check_part(cfg, slot_of(('visualizer',), {}))
    if isinstance(cfg, Mapping) and cfg.get('vis_backends'):
        problems += under(check_backends(cfg['vis_backends']), 'vis_backends')
    return problems


def check_backends(cfg: Any) -> list[Problem]:
    """Check a list of visualisation backends."""
    found = check_parts(cfg, lambda one: check_part(one, VISBACKENDS, ('save_dir',)))
    return found + backend_problems(cfg or ())
