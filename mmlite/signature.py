"""Check arguments against a signature before anything is called.

Python tells of one wrong argument at a time, from the depths, and of a wrong
kind of value not at all. Here all of them are found at once, with a hint.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from torch import nn

from .errors import Problem, did_you_mean

__all__ = ['Arguments', 'argument_problems', 'arguments_of', 'fits', 'kind_name']

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_PLAIN = (bool, int, float, str, list, tuple, dict, type(None))
_SEQUENCES = (list, tuple, set, Sequence)


class Arguments(NamedTuple):
    """What a callable can be given by name.

    Args:
        required: Names without a default.
        kinds: All names, each with its annotation (``Any`` if it has none).
        open: Whether other names are accepted too.
    """

    required: tuple[str, ...]
    kinds: dict[str, Any]
    open: bool


@cache
def arguments_of(target: Callable) -> Arguments:
    """The arguments of a class or function.

    ``**kwargs`` that a constructor only hands to ``super().__init__`` stands
    for the arguments of the next class; any other ``**kwargs`` is open.
    """
    required: list[str] = []
    kinds: dict[str, Any] = {}
    for function in _constructors(target):
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):  # built in C, without a signature
            return Arguments((), {}, open=True)
        if inspect.isclass(target):
            parameters = parameters[1:]
        hints = _hints(function)
        for parameter in parameters:
            if parameter.kind in _NAMED and parameter.name not in kinds:
                kinds[parameter.name] = hints.get(parameter.name, Any)
                if parameter.default is inspect.Parameter.empty:
                    required.append(parameter.name)
        rest = [p.name for p in parameters if p.kind is p.VAR_KEYWORD]
        if not rest:
            return Arguments(tuple(required), kinds, open=False)
        if not inspect.isclass(target) or not _only_for_super(function, rest[0]):
            return Arguments(tuple(required), kinds, open=True)
    return Arguments(tuple(required), kinds, open=False)


def _constructors(target: Callable) -> list[Callable]:
    """The function itself, or the constructors along the MRO, nearest first."""
    if not inspect.isclass(target):
        return [target]
    # object and torch's Module take anything by signature, and refuse it when called.
    classes = [c for c in target.__mro__ if c not in (object, nn.Module)]
    return [vars(c)['__init__'] for c in classes if '__init__' in vars(c)]


def _only_for_super(function: Callable, name: str) -> bool:
    """Whether ``**name`` is handed to ``super().__init__`` and nowhere else."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return False
    uses = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name]
    handed = 0
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
        is_init = isinstance(call.func, ast.Attribute) and call.func.attr == '__init__'
        if is_init:
            handed += sum(k.arg is None and k.value in uses for k in call.keywords)
    return 0 < handed == len(uses)


def _hints(function: Callable) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError):
        return {}


def argument_problems(
    target: Callable, args: Mapping[str, Any], given: Sequence[str] = ()
) -> list[Problem]:
    """What is wrong with calling ``target(**args)``.

    Args:
        target: A class or function.
        args: The arguments that a config states.
        given: Names that the caller adds on its own, e.g. ``params`` for an
            optimizer.

    Returns:
        One problem for every unknown, missing or misfit argument; the path of
        a misfit one ends in its name.

    Example:
        >>> def resize(scale: int, keep_ratio: bool = False): ...
        >>> [str(p) for p in argument_problems(resize, dict(scal=3))]
        ["resize has no argument 'scal'; did you mean 'scale'?"]
    """
    name = getattr(target, '__name__', repr(target))
    wanted = arguments_of(target)
    problems = []
    unknown = [] if wanted.open else [k for k in args if k not in wanted.kinds]
    for key in unknown:
        free = [k for k in wanted.kinds if k not in args and k not in given]
        hint = did_you_mean(key, free) or _listed(free)
        problems.append(Problem('', f'{name} has no argument {key!r}{hint}'))
    missing = [k for k in wanted.required if k not in args and k not in given]
    for key in missing:
        if not any(did_you_mean(word, [key]) for word in unknown):
            kind = wanted.kinds[key]
            of_kind = '' if kind is Any else f' ({kind_name(kind)})'
            problems.append(Problem('', f'{name} needs the argument {key!r}{of_kind}'))
    for key, value in args.items():
        if key in wanted.kinds and not fits(value, wanted.kinds[key]):
            expected = kind_name(wanted.kinds[key])
            came = f'{value!r} ({type(value).__name__})'
            problems.append(Problem(str(key), f'{name} expects {expected}, got {came}'))
    return problems


def _listed(names: Sequence[str]) -> str:
    return f'; it takes {", ".join(names)}' if names else '; it takes no other'


def fits(value: Any, kind: Any) -> bool:
    """Whether a value written in a config can be meant for an annotation.

    Only plain values are judged, and leniently: a list may stand for a tuple,
    an int for a float, a dict for whatever is built from it.

    Example:
        >>> fits('18', int), fits([1, 2], tuple[int, int]), fits(1, float | None)
        (False, True, True)
    """
    if not isinstance(value, _PLAIN):
        return True
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, k) for k in typing.get_args(kind))
    if origin is Literal:
        return value in typing.get_args(kind)
    if kind is None or kind is type(None):
        return value is None
    kind = origin or kind
    if kind is Any or not isinstance(kind, type):
        return True
    if kind is bool:
        return isinstance(value, bool)
    if kind in (int, float):
        numbers = (int, float) if kind is float else int
        return isinstance(value, numbers) and not isinstance(value, bool)
    if kind is str:
        return isinstance(value, str)
    if issubclass(kind, Mapping):
        return isinstance(value, dict)
    if kind in _SEQUENCES or issubclass(kind, _SEQUENCES[:3]):
        return isinstance(value, (list, tuple))
    return isinstance(value, (dict, str)) or issubclass(type(value), kind)


def kind_name(kind: Any) -> str:
    """An annotation as a reader would write it.

    Example:
        >>> kind_name(int | None)
        'int | None'
    """
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return ' | '.join(kind_name(k) for k in typing.get_args(kind))
    if typing.get_origin(kind) is Literal:
        return ' | '.join(repr(k) for k in typing.get_args(kind))
    if kind is type(None):
        return 'None'
    if isinstance(kind, type) and typing.get_origin(kind) is None:
        return kind.__name__
    return str(kind).replace('typing.', '').replace('collections.abc.', '')
