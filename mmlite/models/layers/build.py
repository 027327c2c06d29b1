"""Build a layer whose width the surrounding module knows, and a config does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from ...errors import ConfigError, Problem
from ...registry import MODELS
from ...signature import argument_problems, arguments_of

__all__ = ['build_layer', 'check_arguments', 'layer_class']


def layer_class(cfg: Mapping[str, Any]) -> Any:
    """The class that a layer's config names.

    Raises:
        ConfigError: if ``cfg`` is no dict, or its type is absent or unknown.
    """
    target = cfg.get('type') if isinstance(cfg, Mapping) else None
    if isinstance(target, str):
        target = MODELS.get(target)
    if target is None:
        raise ConfigError(MODELS.problems_of(cfg), cfg=cfg)
    return target


def build_layer(
    cfg: Mapping[str, Any], *args: Any, ignore: Sequence[str] = (), **kwargs: Any
) -> nn.Module:
    """Build a layer from its config and what the caller adds.

    Args:
        cfg: A dict with a ``type`` registered in ``MODELS``.
        args: First arguments of the layer.
        ignore: Keys of ``cfg`` that are meant for the caller.
        kwargs: Further arguments of the layer.

    Raises:
        ConfigError: if the type is unknown, or an argument of ``cfg`` is
            unknown, missing, of a wrong kind, or also given by the caller.
    """
    target = layer_class(cfg)
    own = {k: v for k, v in cfg.items() if k not in ignore}
    names = list(arguments_of(target).kinds)[: len(args)]
    given = (*names, *kwargs)
    problems = MODELS.problems_of(own, given=given)
    problems += [
        Problem(key, 'is set by the module around this layer; remove it')
        for key in own
        if key in given
    ]
    if problems:
        raise ConfigError(problems, cfg=cfg)
    own.pop('type')
    own.pop('_scope_', None)
    return target(*args, **kwargs, **own)


def check_arguments(
    target: type, cfg: Mapping[str, Any], path: str, given: Sequence[str] = ()
) -> None:
    """Refuse ``cfg`` if ``target(**cfg)`` would.

    Args:
        target: The class to be built.
        cfg: Its arguments, as a config states them.
        path: The key under which ``cfg`` stands.
        given: Names that the caller adds.

    Raises:
        ConfigError: if an argument is unknown, missing or of a wrong kind.
    """
    problems = argument_problems(target, cfg, given)
    if problems:
        raise ConfigError([problem.under(path) for problem in problems])
