"""Which hooks have something to do at a point of the training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mmengine.hooks import Hook

#: Points by the method that mmengine's hooks forward them to, so that a hook may
#: override either.
_SHARED = {
    f'{when}_{mode}_{what}': f'_{when}_{what}'
    for when in ('before', 'after')
    for mode in ('train', 'val', 'test')
    for what in ('iter', 'epoch')
}

Call = tuple[Hook, Callable[..., Any]]


class HookCalls:
    """Remembers which hooks to call at the points of an iteration.

    Only hooks that override such a point are called there; any other point is left
    to all that have it. What is remembered is found anew when hooks were registered
    or taken away, and after any other point: a method may have been replaced.

    Example:
        >>> class Count(Hook):
        ...     def before_train_iter(self, runner, batch_idx, data_batch=None):
        ...         print('iteration', batch_idx)
        >>> calls = HookCalls()
        >>> for hook, call in calls.at('before_train_iter', [Hook(), Count()]):
        ...     call(None, batch_idx=3)
        iteration 3
    """

    def __init__(self) -> None:
        self._hooks: list[Hook] = []
        self._calls: dict[str, list[Call]] = {}

    def at(self, point: str, hooks: Sequence[Hook]) -> list[Call]:
        """The hooks to call at a point, in order, with their methods."""
        if not point.endswith('_iter'):
            self._calls.clear()
            return [(h, getattr(h, point)) for h in hooks if hasattr(h, point)]
        if hooks != self._hooks:
            self._hooks = list(hooks)
            self._calls.clear()
        if point not in self._calls:
            self._calls[point] = [
                (hook, getattr(hook, point))
                for hook in hooks
                if _overrides(hook, point)
            ]
        return self._calls[point]


def _overrides(hook: Hook, point: str) -> bool:
    """Whether a hook does something at a point, which may be one of its own."""
    return any(
        _is_own(getattr(hook, name, None), getattr(Hook, name, None))
        for name in (point, _SHARED.get(point, point))
    )


def _is_own(method: Callable | None, mmengines: Callable | None) -> bool:
    return method is not None and getattr(method, '__func__', method) is not mmengines
