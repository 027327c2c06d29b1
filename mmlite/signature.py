"""Check arguments against a signature before anything is called.

Python reports one wrong argument at a time, from deep inside a call, and a wrong
kind of value not at all. Here all of them are found at once, with a hint.
"""

from __future__ import annotations

import ast
import functools
import inspect
import reprlib
import textwrap
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from torch import Tensor, nn

from .errors import Problem, did_you_mean

__all__ = [
    'Arguments',
    'argument_problems',
    'arguments_of',
    'default_of',
    'fits',
    'is_raw',
    'kind_name',
    'no_dict',
    'value_name',
]

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_PLAIN = (bool, int, float, str, list, tuple, dict, type(None))
_SEQUENCES = (list, tuple, set, Sequence)
#: What is neither plain data nor an object that was built from some.
_RAW = (
    bytes,
    complex,
    set,
    frozenset,
    type,
    types.BuiltinFunctionType,
    types.FunctionType,
    types.MethodType,
    types.ModuleType,
    functools.partial,
)
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


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


class _Handed(NamedTuple):
    """What a constructor hands to the next one beside its ``**kwargs``."""

    positional: int
    names: frozenset[str]


@functools.cache
def arguments_of(target: Callable) -> Arguments:
    """The arguments of a class or function.

    ``**kwargs`` that a constructor only hands to ``super().__init__`` stands
    for the arguments of the next class, less those that the constructor sets
    itself; any other ``**kwargs`` is open.

    Example:
        >>> def scale(img, factor: float = 2.0): ...
        >>> arguments_of(scale)
        Arguments(required=('img',), kinds={'img': typing.Any,
        'factor': <class 'float'>}, open=False)
    """
    required: list[str] = []
    kinds: dict[str, Any] = {}
    handed = _Handed(0, frozenset())
    for function in _constructors(target):
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):  # built in C, without a signature
            return Arguments((), {}, open=True)
        if inspect.isclass(target):
            parameters = parameters[1:]
        named = [p for p in parameters if p.kind in _NAMED]
        taken = {p.name for p in named[: handed.positional]} | handed.names
        hints = _hints(function)
        for parameter in named:
            if parameter.name in kinds or parameter.name in taken:
                continue
            kinds[parameter.name] = _kind(parameter, hints)
            if parameter.default is inspect.Parameter.empty:
                required.append(parameter.name)
        rest = [p.name for p in parameters if p.kind is p.VAR_KEYWORD]
        if not rest:
            return Arguments(tuple(required), kinds, open=False)
        more = _handed_on(function, rest[0]) if inspect.isclass(target) else None
        if more is None:
            return Arguments(tuple(required), kinds, open=True)
        handed = more
    return Arguments(tuple(required), kinds, open=False)


def default_of(target: Callable, name: str) -> Any:
    """The default of an argument that :func:`arguments_of` knows, else ``None``.

    Example:
        >>> def scale(img, factor: float = 2.0): ...
        >>> default_of(scale, 'factor'), default_of(scale, 'img')
        (2.0, None)
    """
    if name not in arguments_of(target).kinds:
        return None
    for function in _constructors(target):
        parameter = inspect.signature(function).parameters.get(name)
        if parameter is not None and parameter.default is not parameter.empty:
            return parameter.default
    return None


def _constructors(target: Callable) -> list[Callable]:
    """The function itself, or the constructors along the MRO, nearest first."""
    if not inspect.isclass(target):
        return [target]
    # object and torch's Module take anything by signature, and refuse it when called.
    classes = [c for c in target.__mro__ if c not in (object, nn.Module)]
    return [vars(c)['__init__'] for c in classes if '__init__' in vars(c)]


def _handed_on(function: Callable, name: str) -> _Handed | None:
    """What goes to ``super().__init__`` with ``**name``; None if that is not all.

    ``**name`` must be handed to ``__init__`` and be used nowhere else, for its
    names to be those of the next constructor.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    uses = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name]
    calls = [
        call
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == '__init__'
        and any(k.arg is None and k.value in uses for k in call.keywords)
    ]
    if len(calls) != 1 or len(uses) != 1:
        return None
    (call,) = calls
    positional = sum(not isinstance(a, ast.Starred) for a in call.args)
    if isinstance(call.func.value, ast.Name):  # Base.__init__(self, ...)
        positional -= 1
    return _Handed(positional, frozenset(k.arg for k in call.keywords if k.arg))


def _hints(function: Callable) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError):
        return {}


def _kind(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Any:
    """The annotation, unless the parameter's own default contradicts it."""
    kind = hints.get(parameter.name, Any)
    default = parameter.default
    if default is inspect.Parameter.empty or fits(default, kind):
        return kind
    return typing.Optional[kind] if default is None else Any  # noqa: UP045


def argument_problems(
    target: Callable,
    args: Mapping[str, Any],
    given: Collection[str] = (),
    partial: bool = False,
    hints: Collection[str] = (),
) -> list[Problem]:
    """What is wrong with calling ``target(**args)``.

    Args:
        target: A class or function.
        args: The arguments that a config states.
        given: Names that the caller adds or takes for itself, e.g. ``params``
            for an optimizer.
        partial: Whether the caller may add others too, so that none is missing.
        hints: Those of ``given`` that a config may state.

    A class may state in ``former_arguments`` what arguments of older versions are now.

    Returns:
        One problem for every unknown, missing or misfit argument; the path of
        a misfit one ends in its name. So is a method that a class has to define.

    Example:
        >>> def resize(scale: int, keep_ratio: bool = False): ...
        >>> [str(p) for p in argument_problems(resize, dict(scal=3))]
        ["resize has no argument 'scal'; did you mean 'scale'?"]
    """
    name = getattr(target, '__name__', repr(target))
    wanted = arguments_of(target)
    known = {*wanted.kinds, *given}
    former = getattr(target, 'former_arguments', {})
    problems = []
    unknown = [] if wanted.open else [k for k in args if k not in known]
    for key in unknown:
        open_to_all = [k for k in wanted.kinds if k not in given]
        free = [k for k in open_to_all if k not in args]
        stated = [k for k in hints if k not in args]
        hint = did_you_mean(key, [*open_to_all, *stated]) or _listed(free)
        if key in former:
            hint = f'; that is now {former[key]}'
        problems.append(Problem('', f'{name} has no argument {key!r}{hint}'))
    missing = [k for k in wanted.required if k not in args and k not in given]
    for key in () if partial else missing:
        if not any(
            did_you_mean(word, [key]) or former.get(word) == key for word in unknown
        ):
            kind = wanted.kinds[key]
            of_kind = '' if kind is Any else f' ({kind_name(kind)})'
            problems.append(Problem('', f'{name} needs the argument {key!r}{of_kind}'))
    for key, value in args.items():
        if key in wanted.kinds and not fits(value, wanted.kinds[key]):
            expected = kind_name(wanted.kinds[key])
            message = f'{name} expects {expected}, got {value_name(value)}'
            problems.append(Problem(str(key), message))
    return [*problems, *_undefined_methods(target)]


def _undefined_methods(target: Callable) -> list[Problem]:
    """What a class has to define before there can be objects of it."""
    missing = sorted(getattr(target, '__abstractmethods__', ()))
    own = {*dir(target), *missing} - {*missing} if missing else ()
    problems = []
    for method in missing:
        near = did_you_mean(method, own).replace('you mean', 'you mean it by', 1)
        message = f'{target.__name__} does not define the method {method!r}{near}'
        problems.append(Problem('', message))
    return problems


def _listed(names: Sequence[str]) -> str:
    return f'; it takes {", ".join(names)}' if names else '; it takes no other'


def fits(value: Any, kind: Any) -> bool:
    """Whether a value written in a config can fit an annotation.

    Only plain values are checked, and leniently: a list may stand for a tuple,
    an int for a float, a dict, a string or a list for whatever is built from
    it. A class, a function or bytes fit no plain kind.

    Example:
        >>> fits('18', int), fits([1, 2], tuple[int, int]), fits(1, float | None)
        (False, True, True)
        >>> fits(int, int), fits(len, dict | None), fits({1}, Sequence[int])
        (False, False, True)
    """
    if not isinstance(value, _PLAIN):
        return not is_raw(value) or _takes_raw(value, kind)
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, k) for k in typing.get_args(kind))
    if origin is Literal:
        return value in typing.get_args(kind)
    if kind is None or kind is type(None):
        return value is None
    plain = origin or kind
    if plain is Any or not isinstance(plain, type):
        return True
    if issubclass(plain, Tensor):
        numbers = (int, float, list, tuple)
        return isinstance(value, numbers) and not isinstance(value, bool)
    if plain is bool:
        return isinstance(value, bool)
    if plain in (int, float):
        numbers = (int, float) if plain is float else int
        return isinstance(value, numbers) and not isinstance(value, bool)
    if plain is str:
        return isinstance(value, str)
    if issubclass(plain, Mapping):
        return isinstance(value, dict)
    if plain in _SEQUENCES or issubclass(plain, _SEQUENCES[:3]):
        return isinstance(value, (list, tuple)) and _items_fit(value, kind)
    return isinstance(value, (dict, str, list, tuple)) or _is_a(value, plain)


def _takes_raw(value: Any, kind: Any) -> bool:
    """Whether a class, a function, bytes or a set can fit an annotation."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_takes_raw(value, k) for k in typing.get_args(kind))
    plain = origin or kind
    if isinstance(value, (set, frozenset)) and plain in _SEQUENCES:
        return True
    if not isinstance(plain, type):
        return plain is not Literal and plain is not None
    return not issubclass(plain, (*_PLAIN, Mapping, Sequence))


def is_raw(value: Any) -> bool:
    """Whether it is neither plain data nor an object: a class, a function, ...

    Example:
        >>> is_raw(int), is_raw(len), is_raw(b'x'), is_raw(nn.ReLU()), is_raw('x')
        (True, True, True, False, False)
    """
    return isinstance(value, _RAW)


def _items_fit(values: Sequence[Any], kind: Any) -> bool:
    """Whether every item fits ``X`` of ``Sequence[X]``, ``tuple[X, Y]``, ..."""
    kinds = [k for k in typing.get_args(kind) if k is not Ellipsis]
    if len(kinds) == 1:
        return all(fits(value, kinds[0]) for value in values)
    return all(fits(value, k) for value, k in zip(values, kinds, strict=False))


def _is_a(value: Any, kind: type) -> bool:
    try:
        return isinstance(value, kind)
    except TypeError:  # a Protocol that cannot be tested
        return True


def kind_name(kind: Any) -> str:
    """An annotation as a reader would write it.

    Example:
        >>> kind_name(int | None), kind_name(float | Tensor)
        ('int | None', 'float')
    """
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kinds = typing.get_args(kind)
        # A config states a number for either, and can state no tensor.
        written = [k for k in kinds if k is not Tensor or float not in kinds]
        return ' | '.join(kind_name(k) for k in written)
    if typing.get_origin(kind) is Literal:
        return ' | '.join(repr(k) for k in typing.get_args(kind))
    if kind is type(None):
        return 'None'
    if isinstance(kind, type) and typing.get_origin(kind) is None:
        return kind.__name__
    return str(kind).replace('typing.', '').replace('collections.abc.', '')


def value_name(value: Any) -> str:
    """A value of a config and its kind, short enough for one line.

    Example:
        >>> value_name('18')
        "'18' (str)"
    """
    kind = next((k for k in _PLAIN if isinstance(value, k)), type(value))
    shown = _SHORT.repr(dict(value) if kind is dict else value)
    return shown if value is None else f'{shown} ({kind.__name__})'


def no_dict(value: Any) -> str:
    """What to say of a value where a dict is expected from which something is built.

    Example:
        >>> no_dict(int)
        "expected a dict with a type, got <class 'int'> (type); write dict(type=int)"
    """
    hint = f'; write dict(type={value.__name__})' if inspect.isclass(value) else ''
    return f'expected a dict with a type, got {value_name(value)}{hint}'
