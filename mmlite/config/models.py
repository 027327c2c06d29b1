"""Check a model by building it on the meta device, without memory."""

from __future__ import annotations

import copy
import re
import typing
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from ..errors import ConfigError, Problem, UserError
from ..registry import MODELS, REGISTRIES
from ..signature import arguments_of, fits
from .data import check_loader, loaders_in
from .initializers import check_initializers, check_layers
from .layers import check_dimensions
from .parts import check_part, dicts_in, target_of, under

__all__ = ['ModelReport', 'check_model', 'types_unknown']

_PREPROCESSOR = 'data_preprocessor'

#: Of a model whose constructor takes none, though the config has one.
_TAKES_NONE = (
    "{} has no argument 'data_preprocessor', but the config has a section of that "
    'name, which is given to the model; write data_preprocessor=None into its __init__ '
    'and pass it on, super().__init__(..., data_preprocessor=data_preprocessor), or '
    'set data_preprocessor = None in the config for the default one'
)

#: Arguments of a model that are parts, whatever their annotation.
_PARTS = frozenset({'backbone', 'neck', 'head', _PREPROCESSOR})


class ModelReport(NamedTuple):
    """What is known of a model from its config.

    Args:
        problems: Its mistakes, with paths that start at the root of the config.
        parameters: The names of its parameters; None if it was not built.
        modules: Those of its parts, likewise.
    """

    problems: list[Problem]
    parameters: list[str] | None = None
    modules: list[str] | None = None


def check_model(
    model: Any, data_preprocessor: Any = None, build: bool = True
) -> ModelReport:
    """Find the mistakes of a model: names, arguments, widths that do not fit.

    The model is built on the meta device, where tensors have shapes but no
    memory. When that fails, and the reason may be the device, it is built on the
    CPU: that decides. When that fails too, each part is built alone, so that a
    mistake in one does not hide those in the others; and once more the model,
    without the arguments that are known to be wrong.

    Args:
        model: The section ``model``.
        data_preprocessor: The section of that name, which a model without one
            takes over.
        build: Whether to build; else only names and kinds are looked at.
    """
    if not isinstance(model, Mapping):
        return ModelReport(under(check_part(model, MODELS), 'model'))
    section = dict(model)
    own = _PREPROCESSOR in section
    given = data_preprocessor is not None and not own
    target = target_of(section, MODELS)
    takes_it = _takes_a_preprocessor(target)
    if given and takes_it:
        section[_PREPROCESSOR] = data_preprocessor
    problems = check_initializers(section)
    if given and not takes_it:
        problems.append(Problem('', _TAKES_NONE.format(target.__name__)))
    problems += [
        p for at, cfg in loaders_in(section) for p in under(check_loader(cfg), *at)
    ]
    parameters = modules = None
    if build:
        built, failures = _try(section)
        problems += failures
        if built is not None:
            parameters = [name for name, _ in built.named_parameters()]
            modules = [name for name, _ in built.named_modules() if name]
            problems += [
                *check_layers(section, built),
                *check_dimensions(section, built),
            ]
    else:
        problems += [*MODELS.problems_of(section), *_written(section)]
    unique = {(p.path, p.message): p for p in problems}
    return ModelReport(
        [
            p if p.path.split('.')[0] == _PREPROCESSOR and not own else p.under('model')
            for p in unique.values()
        ],
        parameters,
        modules,
    )


def _takes_a_preprocessor(target: Any) -> bool:
    """Whether a model can be given one, as far as that is known."""
    if not callable(target):
        return True
    wanted = arguments_of(target)
    return wanted.open or _PREPROCESSOR in wanted.kinds


class _Failure(NamedTuple):
    """Why something was not built.

    Args:
        problems: The reason, as a user can read it.
        certain: Whether it would be the same on another device.
        said: Whether the message was written for the user; else it is that of Python.
    """

    problems: list[Problem]
    certain: bool
    said: bool = True


def _try(cfg: Mapping[str, Any]) -> tuple[nn.Module | None, list[Problem]]:
    """The model, or all that keeps it from being built."""
    built, failure = _attempt(cfg, 'meta')
    if failure is not None and not failure.certain:
        built, failure = _attempt(cfg, 'cpu')
    if failure is None:
        return built if isinstance(built, nn.Module) else None, []
    if not callable(target_of(cfg, MODELS)):
        return None, [*failure.problems, *_of_an_unknown_model(cfg)]
    reduced = _pruned(cfg)
    others = [] if reduced == cfg else _refusals(reduced)
    others = [*_written(cfg), *_of_parts(cfg, not failure.said), *others]
    return None, others if others and not failure.said else [*failure.problems, *others]


def _refusals(cfg: Mapping[str, Any]) -> list[Problem]:
    """What is certainly wrong with a config."""
    _, failure = _attempt(cfg, 'meta')
    return failure.problems if failure is not None and failure.certain else []


def _attempt(cfg: Mapping[str, Any], device: str) -> tuple[Any, _Failure | None]:
    try:
        return _build(cfg, device), None
    except ConfigError as error:
        # What a constructor raises may be about values, which meta tensors lack.
        return None, _Failure(error.problems, _cause(error) is None)
    except UserError as error:
        return None, _Failure([Problem('', str(error))], False)
    except Exception as error:  # whatever it is, it will be there in training
        kind = cfg['type'] if isinstance(cfg['type'], str) else cfg['type'].__name__
        reason = ''.join(str(error).splitlines()[:1])
        message = f'{kind}: {type(error).__name__}: {reason}'
        return None, _Failure([Problem('', message)], certain=False, said=False)


def _cause(error: BaseException) -> BaseException | None:
    """What an error of a config was raised for, if it was raised for another."""
    cause = error.__cause__ or error.__context__
    while isinstance(cause, ConfigError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _of_parts(cfg: Mapping[str, Any], any_reason: bool) -> list[Problem]:
    """What building says of each part alone, of those that are parts.

    One for which an argument is missing may get it from the model, and is left out.

    Args:
        cfg: The config of a model that cannot be built.
        any_reason: Whether to take what Python says, too. It may only be that the
            model gives a part more than its config does.
    """
    problems = []
    for keys, part in _parts(cfg):
        target = target_of(part, MODELS)
        wanted = arguments_of(target).required if callable(target) else ()
        if any(name not in part for name in wanted):
            continue
        _, failure = _attempt(part, 'meta')
        if failure is not None and not failure.certain:
            _, failure = _attempt(part, 'cpu')
        if failure is not None and (failure.said or any_reason):
            # A part within may get an argument from the model, too.
            own = [p for p in failure.problems if ' needs the argument ' not in str(p)]
            problems += under([p for p in own if not _of_default(p, part)], *keys)
    return problems


def _of_default(problem: Problem, part: Mapping[str, Any]) -> bool:
    """Whether a problem names an argument that a part may get from the model."""
    target = target_of(part, MODELS)
    unstated = {*arguments_of(target).kinds} - {*part} if callable(target) else set()
    return not unstated.isdisjoint(re.findall(r'\w+', problem.message))


def _parts(cfg: Mapping[str, Any]) -> Iterator[tuple[tuple[object, ...], Any]]:
    """The parts that a model declares, each with its place."""
    kinds = arguments_of(target_of(cfg, MODELS)).kinds
    for key, value in cfg.items():
        is_part = key in _PARTS or _takes_modules(kinds.get(key))
        for *at, part in dicts_in(key, value) if is_part else ():
            if 'type' in part:
                yield tuple(at), part


def _takes_modules(kind: Any) -> bool:
    """Whether an annotation says that a module may be given, too."""
    kinds = typing.get_args(kind) or (kind,)
    return any(isinstance(k, type) and issubclass(k, nn.Module) for k in kinds)


def _of_an_unknown_model(cfg: Mapping[str, Any]) -> list[Problem]:
    """What can be said of the parts of an unknown model.

    It may do with other dicts than its usual parts whatever it likes.
    """
    parts = {key: value for key, value in cfg.items() if key in _PARTS}
    unknown = [MODELS.unknown(kind).under(*at) for at, kind in _unknown_names(cfg)]
    return [*_written(parts), *unknown]


def _unknown_names(cfg: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """The types in a config that no registry knows, each with its place."""
    for key, value in cfg.items():
        for *at, part in dicts_in(key, value) if not _for_builder(key) else ():
            kind = part.get('type')
            if isinstance(kind, str) and all(
                registry.get(kind) is None for registry in REGISTRIES.values()
            ):
                yield tuple(map(str, at)), kind
            for inner, name in _unknown_names(part):
                yield (*map(str, at), *inner), name


def types_unknown(model: Any) -> list[str]:
    """The types in a model that no registry knows."""
    found = _unknown_names(dict(model=model))
    return list(dict.fromkeys(kind for _, kind in found))


def _build(cfg: Mapping[str, Any], device: str) -> Any:
    with (
        warnings.catch_warnings(),
        torch.random.fork_rng(devices=[]),
        torch.device(device),
    ):
        warnings.simplefilter('ignore')
        return MODELS.build(copy.deepcopy(dict(cfg)))


def _is_part(cfg: Any) -> bool:
    """Whether it is a dict of a registered type, which can be checked."""
    return (
        isinstance(cfg, Mapping)
        and isinstance(cfg.get('type'), str)
        and MODELS.get(cfg['type']) is not None
    )


def _written(cfg: Mapping[str, Any]) -> list[Problem]:
    """Unknown arguments and misfit values, at any depth.

    What is missing may be added by the part around, and so is not reported.
    """
    problems = []
    if any(place == () for place, _ in loaders_in(cfg)):
        return problems
    if _is_part(cfg):
        problems = MODELS.problems_of(cfg, partial=True)
    for key, value in cfg.items():
        if _for_builder(key):
            continue
        for *at, part in dicts_in(key, value):
            problems += under(_written(part), *at)
    return problems


def _for_builder(key: Any) -> bool:
    """Whether a builder takes keys of this dict for itself."""
    return str(key).endswith('_cfg')


def _pruned(cfg: Any) -> Any:
    """The config without the arguments that :func:`_written` finds wrong."""
    if isinstance(cfg, (list, tuple)):
        return type(cfg)(_pruned(item) for item in cfg)
    if not isinstance(cfg, Mapping):
        return cfg
    reduced = {k: v if _for_builder(k) else _pruned(v) for k, v in cfg.items()}
    if not _is_part(cfg):
        return reduced
    wanted = arguments_of(MODELS.get(cfg['type']))
    if any(key not in cfg for key in wanted.required):
        return reduced  # what is wrong may be meant for what is missing
    return {
        key: value
        for key, value in reduced.items()
        if key == 'type'
        or (wanted.open and key not in wanted.kinds)
        or key in wanted.required
        or (key in wanted.kinds and fits(value, wanted.kinds[key]))
    }
