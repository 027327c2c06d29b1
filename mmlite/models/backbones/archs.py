"""Settings of a network by the name of its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import did_you_mean, wrong_choice
from ..layers import check_arguments

__all__ = ['check_lengths', 'one_each', 'pick_arch', 'with_defaults', 'zoo']


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
    arch: str | int | Mapping[str, Any] | Sequence[Any],
    known: Mapping[str, Any],
    optional: str = '',
) -> Any:
    """The settings that ``arch`` names, or is.

    Where settings are dicts, those of a user must have the keys that all known ones
    have, and may have those that some have.

    Args:
        arch: A name, in any case, or the settings.
        known: Settings by name.
        optional: Keys that a user's settings need not have, or that have no effect.

    Raises:
        ValueError: if there is no such name, or a key is missing or unknown.

    Example:
        >>> pick_arch('S', zoo('depth width', small=('s small', (2, 8))))
        {'depth': 2, 'width': 8}
    """
    if isinstance(arch, (str, int)):
        name = str(arch)
        names = {key.lower(): key for key in known} | {key: key for key in known}
        name = names.get(name, names.get(name.lower()))
        if name is None:
            raise ValueError(wrong_choice('arch', arch, known))
        found = known[name]
        return dict(found) if isinstance(found, Mapping) else found
    if isinstance(arch, Mapping):
        _check_keys(arch, known, set(optional.split()))
        return dict(arch)
    return arch


def _check_keys(
    arch: Mapping[str, Any], known: Mapping[str, Any], optional: set[str]
) -> None:
    tables = [set(table) for table in known.values() if isinstance(table, Mapping)]
    if not tables:
        raise ValueError(wrong_choice('arch', arch, known))
    must = set.intersection(*tables) - optional
    may = set.union(*tables) | optional
    if missing := sorted(must - set(arch)):
        raise ValueError(f'arch lacks the keys {", ".join(missing)}')
    for key in set(arch) - may:
        hint = did_you_mean(key, may) or f'; it has {", ".join(sorted(may))}'
        raise ValueError(f'arch has no key {key!r}{hint}')


def check_lengths(count: int, unit: str, /, **settings: Sequence[Any]) -> None:
    """Check that sequences have an entry for each of so many units.

    Args:
        count: How many there are.
        unit: What they are, in the plural.
        settings: The sequences by name.

    Raises:
        ValueError: if one has another length.

    Example:
        >>> check_lengths(4, 'stages', strides=(1, 2))
        Traceback (most recent call last):
        ValueError: strides has 2 entries for 4 stages; give one for each
    """
    for name, values in settings.items():
        if len(values) != count:
            raise ValueError(
                f'{name} has {len(values)} entries for {count} {unit}; give one for '
                'each'
            )


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
        unit = name.removesuffix('_cfgs')
        raise ValueError(
            f'{name} has {len(cfgs)} entries for {count} {unit}s; give one for each, '
            'or one dict for all'
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
