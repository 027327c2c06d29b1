"""Settings of a network by the name of its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import did_you_mean
from ..layers import check_arguments

__all__ = ['one_each', 'pick_arch', 'with_defaults', 'zoo']


def zoo(keys: str, **settings: tuple[str, Sequence[Any]]) -> dict[str, dict]:
    """A table of sizes, each under all its names.

    Args:
        keys: Names of the settings.
        settings: By any word: names of a size, and its values.

    Example:
        >>> zoo('depth width', small=('s small', (2, 8)))
        {'s': {'depth': 2, 'width': 8}, 'small': {'depth': 2, 'width': 8}}
    """
    table = {}
    for names, values in settings.values():
        table |= dict.fromkeys(
            names.split(), dict(zip(keys.split(), values, strict=True))
        )
    return table


def pick_arch(
    arch: str | Mapping[str, Any], known: Mapping[str, dict], also: str = ''
) -> dict[str, Any]:
    """The settings that ``arch`` names, or is.

    Args:
        arch: A name, in any case, or a dict of settings.
        known: Settings by name; all have the same keys.
        also: Keys that a dict may have too, without effect.

    Raises:
        ValueError: if there is no such name, or a key is missing or unknown.

    Example:
        >>> pick_arch('S', zoo('depth width', small=('s small', (2, 8))))
        {'depth': 2, 'width': 8}
    """
    if not isinstance(arch, Mapping):
        name = str(arch).lower()
        if name not in known:
            hint = did_you_mean(name, known)
            raise ValueError(f'arch={arch!r} is not one of {", ".join(known)}{hint}')
        return dict(known[name])
    keys = set(next(iter(known.values())))
    if missing := sorted(keys - set(arch)):
        raise ValueError(f'arch lacks the keys {", ".join(missing)}')
    for key in set(arch) - keys - set(also.split()):
        hint = did_you_mean(key, keys) or f'; it has {", ".join(sorted(keys))}'
        raise ValueError(f'arch has no key {key!r}{hint}')
    return dict(arch)


def one_each(
    cfgs: dict | Sequence[dict] | None,
    count: int,
    target: type,
    given: Sequence[str],
    name: str = 'layer_cfgs',
) -> list[dict]:
    """One config for each of several layers or stages, from one for all or a list.

    Args:
        cfgs: A dict, a list of dicts, or ``None`` for empty ones.
        count: How many there are to be.
        target: The class that they are arguments of.
        given: Names of the arguments that the network sets.
        name: What the argument is called.

    Raises:
        ValueError: if a list has another length.
        ConfigError: if an argument does not fit ``target``.
    """
    if cfgs is None or isinstance(cfgs, Mapping):
        check_arguments(target, cfgs or {}, name, given)
        return [dict(cfgs or {}) for _ in range(count)]
    if len(cfgs) != count:
        raise ValueError(
            f'{name} has {len(cfgs)} entries, but there are {count} '
            f'{name.removesuffix("_cfgs")}s; '
            'give one for each, or one dict for all'
        )
    for i, cfg in enumerate(cfgs):
        check_arguments(target, cfg, f'{name}.{i}', given)
    return [dict(cfg) for cfg in cfgs]


def with_defaults(
    cfgs: dict | Sequence[dict] | None, **defaults: Any
) -> dict | list[dict]:
    """``cfgs``, one dict or several, where each states what it leaves out.

    Example:
        >>> with_defaults([dict(a=1), {}], a=2)
        [{'a': 1}, {'a': 2}]
    """
    if cfgs is None or isinstance(cfgs, Mapping):
        return {**defaults, **(cfgs or {})}
    return [{**defaults, **cfg} for cfg in cfgs]
