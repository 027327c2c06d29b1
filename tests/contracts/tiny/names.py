"""What is registered, and the entry that it has here."""

from __future__ import annotations

from typing import Any

import pytest

from mmlite.registry import MODELS, TRANSFORMS, Registry


def registered(registry: Registry, module: str) -> list[str]:
    """Names of what a package of mmlite registers."""
    registry.import_from_location()
    found = registry.module_dict.items()
    return sorted(name for name, part in found if part.__module__.startswith(module))


def names_of(kind: str, promise: str = '') -> list[str]:
    """Names of the parts of one kind, e.g. ``'backbones'``, that keep a promise."""
    if kind in ('transforms', 'batch_transforms'):
        names = registered(TRANSFORMS, 'mmlite.datasets.transforms')
        for_batches = kind == 'batch_transforms'
        return [n for n in names if n.startswith('Batch') == for_batches]
    names = registered(MODELS, f'mmlite.models.{kind}')
    return [n for n in names if not promise or promise_of(n) == promise]


def promise_of(name: str) -> str | None:
    """What the class of a part states as its promise."""
    return getattr(MODELS.get(name), 'promise', None)


def arguments_of(name: str, table: dict[str, Any], called: str) -> Any:
    """The entry of a part, or a failure that says what to add."""
    if name not in table:
        pytest.fail(
            f'{name} has no entry; add small arguments for it to {called} in '
            'tests/contracts/tiny'
        )
    return table[name]
