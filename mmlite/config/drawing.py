"""Check whether hooks that draw and the visualizer fit each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from ..errors import Problem
from ..registry import HOOKS
from ..signature import argument_problems, arguments_of
from .parts import target_of
from .schema import Slot, slot_of

__all__ = ['check_drawing']


def check_drawing(cfg: Config) -> list[Problem]:
    """Check that the visualizer takes what a hook hands on to it.

    A hook names the method that takes all arguments but its own as ``draws_with``.
    """
    visualizer = target_of(cfg.get('visualizer') or {}, slot_of(('visualizer',), {}))
    problems = []
    for path, hook, slot in _hooks(cfg):
        target = target_of(hook, slot)
        draw = getattr(visualizer, getattr(target, 'draws_with', ''), None)
        if draw is None:
            continue
        own = arguments_of(target).kinds
        known = (*own, *slot.given, 'type', 'priority')
        given = {key: value for key, value in hook.items() if key not in known}
        for problem in argument_problems(draw, given, partial=True, hints=own):
            name = draw.__name__
            message = problem.message.replace(name, target.__name__, 1)
            problems.append(Problem(problem.path, message).under(path))
    return problems


def _hooks(cfg: Config) -> Iterator[tuple[str, Mapping[str, Any], Slot]]:
    """The configs of hooks, each with its place."""
    default, custom = cfg.get('default_hooks'), cfg.get('custom_hooks')
    for name, hook in default.items() if isinstance(default, Mapping) else ():
        if isinstance(hook, Mapping):
            slot = slot_of(('default_hooks', name), default)
            yield f'default_hooks.{name}', hook, slot
    for i, hook in enumerate(custom if isinstance(custom, (list, tuple)) else ()):
        if isinstance(hook, Mapping):
            yield f'custom_hooks.{i}', hook, Slot(HOOKS)
