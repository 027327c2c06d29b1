"""Check one part of a config: a dict with a ``type``, and what stands in it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ..errors import ConfigError, Problem
from ..registry import Registry
from ..signature import argument_problems, is_raw, value_name
from .merging import MISSPELT_DELETE
from .schema import Slot

__all__ = [
    'check_keys',
    'check_part',
    'check_parts',
    'dicts_in',
    'is_built',
    'target_of',
    'under',
]

# Their constructors only store and judge their arguments: calling one is free.
_CHEAP = ('mmlite', 'mmengine', 'torch')
#: What constructors say no with, of theirs too.
_REFUSALS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


def is_built(value: Any) -> bool:
    """Whether it is an object already, as a Python config may have it."""
    data = (Mapping, list, tuple, str, int, float, type(None))
    return not isinstance(value, data) and not is_raw(value)


def under(problems: list[Problem], *keys: object) -> list[Problem]:
    """The same problems, seen from further out."""
    return [problem.under(*map(str, keys)) for problem in problems]


def target_of(cfg: Any, place: Registry | Slot) -> Any:
    """What a dict builds: a class or function; None if that is not known.

    Of an object that is built already it is the class.
    """
    registry, default, _ = place if isinstance(place, Slot) else Slot(place)
    if is_built(cfg):
        return type(cfg)
    if not isinstance(cfg, Mapping):
        return None
    kind = cfg.get('type', default)
    return registry.get(kind) if isinstance(kind, str) else kind


def check_keys(
    cfg: Any, section: Callable, given: Collection[str] = ()
) -> list[Problem]:
    """What is wrong with a dict without a type.

    Args:
        cfg: The dict.
        section: A function that would take it.
        given: Names that need not be there.
    """
    if not isinstance(cfg, Mapping):
        return [Problem('', f'is a dict, got {value_name(cfg)}')]
    problems = []
    cfg = {k: v for k, v in cfg.items() if k != MISSPELT_DELETE}
    for problem in argument_problems(section, cfg, given):
        message = problem.message.removeprefix(f'{section.__name__} ')
        message = message.replace('has no argument', 'has no key', 1)
        problems.append(Problem(problem.path, message))
    return problems


def check_part(
    cfg: Any,
    place: Registry | Slot,
    given: Collection[str] = (),
    trial: Mapping[str, Any] | None = None,
) -> list[Problem]:
    """What is wrong with a dict from which one object is built.

    Args:
        cfg: The dict.
        place: Its registry, or its slot.
        given: Names that the builder adds, or takes for itself.
        trial: What the builder adds, if the constructor is to be called: it
            may know more than its signature says. Only ours, mmengine's and
            torch's constructors are.
    """
    if is_built(cfg):
        return []
    registry, default, own = place if isinstance(place, Slot) else Slot(place)
    if isinstance(cfg, Mapping) and default and 'type' not in cfg:
        cfg = {'type': default, **cfg}
    given_too = {*own, *given, *(trial or ())}
    problems = registry.problems_of(cfg, given=given_too, hints={*own, *given})
    if problems or trial is None or not _is_cheap(cfg['type'], registry):
        return problems
    args = {k: copy.deepcopy(v) for k, v in cfg.items() if k not in given}
    try:
        registry.build(args, default_args=dict(trial))
    except ConfigError as error:
        return error.problems
    except _REFUSALS as error:
        kind = cfg['type']
        name = kind if isinstance(kind, str) else kind.__name__
        return [Problem('', f'{name}: {str(error) or type(error).__name__}')]
    return []


def _is_cheap(kind: Any, registry: Registry) -> bool:
    target = registry.get(kind) if isinstance(kind, str) else kind
    return str(target.__module__).split('.')[0] in _CHEAP


def check_parts(
    cfgs: Any, check: Callable[[Any], list[Problem]], single: bool = False
) -> list[Problem]:
    """Check each of a list.

    Args:
        cfgs: The list; None is an empty one.
        check: Checks one.
        single: Whether one that is in no list is accepted too.
    """
    if cfgs is None or is_built(cfgs):
        return []
    if isinstance(cfgs, (list, tuple)):
        return [
            problem for i, cfg in enumerate(cfgs) for problem in under(check(cfg), i)
        ]
    if single:
        return check(cfgs)
    return [Problem('', f'is a list of dicts, got {value_name(cfgs)}')]


def dicts_in(key: str, value: Any) -> Iterator[tuple[Any, ...]]:
    """A dict, or those in a list, each behind its place."""
    if isinstance(value, Mapping):
        yield key, value
    elif isinstance(value, (list, tuple)):
        yield from ((key, i, v) for i, v in enumerate(value) if isinstance(v, Mapping))
