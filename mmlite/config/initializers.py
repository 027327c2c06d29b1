"""Check what is said of the weights that a training starts from."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from ..errors import Problem, did_you_mean
from ..registry import WEIGHT_INITIALIZERS
from ..signature import value_name
from .parts import check_part, check_parts, dicts_in, target_of, under

__all__ = ['advise_initializers', 'check_initializers', 'check_layers']

#: Whose initializers are tried.
_TRIED = ('mmengine', 'mmlite')
_REFUSALS = (ArithmeticError, AssertionError, RuntimeError, TypeError, ValueError)
_INIT = 'init_cfg'
_OWN = ('type', 'layer')


def check_initializers(cfg: Mapping[str, Any]) -> list[Problem]:
    """Check every ``init_cfg``, which is read only when training starts."""
    problems = []
    for key, value in cfg.items():
        if key == _INIT:
            problems += under(check_parts(value, _check_initializer, single=True), key)
        for *at, part in dicts_in(key, value) if key != _INIT else ():
            problems += under(check_initializers(part), *at)
    return problems


def _check_initializer(cfg: Any) -> list[Problem]:
    problems = check_part(cfg, WEIGHT_INITIALIZERS, given=('override',))
    if problems or not isinstance(cfg, Mapping):
        return problems
    problems = _tried(cfg)
    if problems or cfg.get('override') is None:
        return problems
    found = check_parts(cfg['override'], _check_override, single=True)
    return under(found, 'override')


def _check_override(cfg: Any) -> list[Problem]:
    """Check what a child of a part has as its own ``init_cfg``, with its name."""
    if not isinstance(cfg, Mapping):
        expected = 'is a dict with the name of a child'
        return [Problem('', f'{expected}, got {value_name(cfg)}')]
    if 'name' not in cfg:
        got = ', '.join(map(repr, cfg))
        return [Problem('', f'has no key name, the child that it is for; got {got}')]
    if len(cfg) == 1:  # the child is initialised as the rest is
        return []
    return check_part(cfg, WEIGHT_INITIALIZERS, given=('name',)) or _tried(cfg)


def _tried(cfg: Mapping[str, Any]) -> list[Problem]:
    """What an initializer says when it fills a small layer."""
    target = target_of(cfg, WEIGHT_INITIALIZERS)
    package = getattr(target, '__module__', '').partition('.')[0]
    if package not in _TRIED or 'checkpoint' in cfg:
        return []
    args = {k: v for k, v in cfg.items() if k not in ('override', 'layer', 'name')}
    layer = cfg.get('layer')
    problems = []
    if layer is not None and not isinstance(layer, (str, list, tuple)):
        message = f'is the name of a class or a list of them, got {value_name(layer)}'
        problems.append(Problem('layer', message))
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            args = dict(copy.deepcopy(args), layer='Conv2d')
            initializer = WEIGHT_INITIALIZERS.build(args)
            initializer(nn.Conv2d(2, 2, 3))
    except _REFUSALS as error:
        stated = ', '.join(f'{k}={v!r}' for k, v in args.items() if k not in _OWN)
        problems.append(
            Problem('', f'{target.__name__} cannot take {stated}: {_reason(error)}')
        )
    return problems


def _reason(error: BaseException) -> str:
    """What PyTorch or mmengine says, without what could be given instead of it."""
    cause = error.__cause__ or error
    first = str(cause).partition('\n')[0].partition(' - got')[0]
    return first or type(cause).__name__


def advise_initializers(cfg: Mapping[str, Any]) -> list[Problem]:
    """Name every ``init_cfg`` that sets nothing, as mmengine takes it.

    Args:
        cfg: A config, or a part of one.
    """
    advice = []
    for key, value in cfg.items():
        for *at, part in dicts_in(key, value):
            found = advise_initializers(part) if key != _INIT else _setting_none(part)
            advice += under(found, *at)
    return advice


def _setting_none(cfg: Mapping[str, Any]) -> list[Problem]:
    target = target_of(cfg, WEIGHT_INITIALIZERS)
    by_layer = getattr(target, '__module__', '').startswith('mmengine')
    if not by_layer or {'layer', 'override', 'checkpoint'} & cfg.keys():
        return []
    message = "names no layer, and so sets nothing; add e.g. layer='Conv2d'"
    return [Problem('', message)]


def check_layers(cfg: Mapping[str, Any], model: nn.Module) -> list[Problem]:
    """Check that ``init_cfg`` names layers of PyTorch, or of the model.

    Args:
        cfg: The config of the model.
        model: The model that was built from it.
    """
    own = {base.__name__ for m in model.modules() for base in type(m).__mro__}
    known = sorted({*own, *(n for n in dir(nn) if n[0].isupper()), '_BatchNorm'})
    problems = []
    for path, name in _layers(cfg, ()):
        if name not in known:
            hint = did_you_mean(name, known)
            message = f'names {name!r}, which is no class of layers{hint}'
            problems.append(Problem('.'.join(path), message))
    return problems


def _layers(
    cfg: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """The names of layers in all ``init_cfg``, each with its place."""
    for key, value in cfg.items():
        for *at, part in dicts_in(key, value):
            place = (*path, *map(str, at))
            layers = part.get('layer') if _INIT in place else None
            for layer in [layers] if isinstance(layers, str) else layers or ():
                yield (*place, 'layer'), layer
            yield from _layers(part, place)
