"""Check a model by building it where nothing costs anything: on the meta device."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from typing import Any

import torch

from ..errors import ConfigError, Problem, UserError
from ..registry import MODELS, WEIGHT_INITIALIZERS
from ..signature import arguments_of, fits
from .parts import check_part, check_parts, under

__all__ = ['check_model']

_PREPROCESSOR = 'data_preprocessor'


def check_model(
    model: Any, data_preprocessor: Any = None, build: bool = True
) -> list[Problem]:
    """Find the mistakes of a model: names, arguments, widths that do not fit.

    The model is built on the meta device, where tensors have shapes but no
    memory. When that fails, each part is built alone, so that a mistake in one
    does not hide those in the others; and once more the whole, without the
    arguments that are known to be wrong.

    Args:
        model: The section ``model``.
        data_preprocessor: The section of that name, which a model without one
            takes over.
        build: Whether to build; else only names and kinds are looked at.

    Returns:
        Problems with paths that start at the root of the config.
    """
    if not isinstance(model, Mapping):
        return under(check_part(model, MODELS), 'model')
    whole = dict(model)
    own = _PREPROCESSOR in whole
    if data_preprocessor is not None and not own:
        whole[_PREPROCESSOR] = data_preprocessor
    problems = _check_initializers(whole)
    if build:
        problems += _failures(whole)
    else:
        problems += [*MODELS.problems_of(whole), *_written(whole)]
    unique = {(p.path, p.message): p for p in problems}
    return [
        p if p.path.split('.')[0] == _PREPROCESSOR and not own else p.under('model')
        for p in unique.values()
    ]


def _failures(whole: Mapping[str, Any]) -> list[Problem]:
    """All that keeps a model from being built."""
    if _can_be_built(whole):
        return []
    problems = [
        *_refusals(whole),
        *_written(whole),
        *_failures_of_parts(whole),
        *_refusals(_mended(whole)),
    ]
    return problems or _failure_on_cpu(whole)


def _can_be_built(cfg: Mapping[str, Any]) -> bool:
    try:
        _build(cfg, 'meta')
    except Exception:  # which it is, is seen when it is looked for
        return False
    return True


def _refusals(cfg: Mapping[str, Any]) -> list[Problem]:
    """What the registry and our own constructors have against a config."""
    try:
        _build(cfg, 'meta')
    except ConfigError as error:
        return error.problems
    except UserError as error:
        return [Problem('', str(error))]
    except Exception:  # the constructor may only not bear the meta device
        return []
    return []


def _failure_on_cpu(cfg: Mapping[str, Any]) -> list[Problem]:
    """What building says where it may take its time."""
    try:
        _build(cfg, 'cpu')
    except Exception as error:  # whatever it is, it will be there in training
        kind = cfg['type'] if isinstance(cfg['type'], str) else cfg['type'].__name__
        reason = ''.join(str(error).splitlines()[:1])
        return [Problem('', f'{kind}: {type(error).__name__}: {reason}')]
    return []


def _build(cfg: Mapping[str, Any], device: str) -> None:
    with (
        warnings.catch_warnings(),
        torch.random.fork_rng(devices=[]),
        torch.device(device),
    ):
        warnings.simplefilter('ignore')
        MODELS.build(copy.deepcopy(dict(cfg)))


def _is_part(cfg: Any) -> bool:
    """Whether it is a dict of a type that is ours to judge."""
    return (
        isinstance(cfg, Mapping)
        and isinstance(cfg.get('type'), str)
        and MODELS.get(cfg['type']) is not None
    )


def _failures_of_parts(cfg: Mapping[str, Any]) -> list[Problem]:
    """What building says of each part alone."""
    problems = []
    for key, value in cfg.items():
        if isinstance(value, Mapping) and 'type' in value:
            problems += under(_failure(value), key)
        elif isinstance(value, (list, tuple)) and any(map(_is_part, value)):
            problems += under(check_parts(value, _failure), key)
    return problems


def _failure(part: Mapping[str, Any]) -> list[Problem]:
    if _can_be_built(part):
        return []
    return _refusals(part) or _failure_on_cpu(part)


def _written(cfg: Mapping[str, Any]) -> list[Problem]:
    """Unknown arguments and misfit values, at any depth.

    What is missing may be added by the part around, and so is not told.
    """
    problems = []
    if _is_part(cfg):
        problems = MODELS.problems_of(cfg, partial=True)
    for key, value in cfg.items():
        if key.endswith('_cfg'):  # for a builder, which takes keys for itself
            continue
        if isinstance(value, Mapping):
            problems += under(_written(value), key)
        elif isinstance(value, (list, tuple)):
            parts = [(i, v) for i, v in enumerate(value) if isinstance(v, Mapping)]
            problems += [p for i, v in parts for p in under(_written(v), key, i)]
    return problems


def _mended(cfg: Any) -> Any:
    """The config without the arguments that :func:`_written` finds wrong."""
    if isinstance(cfg, (list, tuple)):
        return type(cfg)(_mended(item) for item in cfg)
    if not isinstance(cfg, Mapping):
        return cfg
    mended = {k: v if k.endswith('_cfg') else _mended(v) for k, v in cfg.items()}
    if not _is_part(cfg):
        return mended
    wanted = arguments_of(MODELS.get(cfg['type']))
    if any(key not in cfg for key in wanted.required):
        return mended  # what is wrong may be meant for what is missing
    return {
        key: value
        for key, value in mended.items()
        if key == 'type'
        or (wanted.open and key not in wanted.kinds)
        or key in wanted.required
        or (key in wanted.kinds and fits(value, wanted.kinds[key]))
    }


def _check_initializers(cfg: Mapping[str, Any]) -> list[Problem]:
    """Check every ``init_cfg``, which is read only when training starts."""
    problems = []
    for key, value in cfg.items():
        if key == 'init_cfg':
            problems += under(check_parts(value, _check_initializer, single=True), key)
        elif isinstance(value, Mapping):
            problems += under(_check_initializers(value), key)
    return problems


def _check_initializer(cfg: Any) -> list[Problem]:
    return check_part(cfg, WEIGHT_INITIALIZERS, given=('override',))
