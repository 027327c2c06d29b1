"""Changes of a config as texts: ``KEY=VALUE`` on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ConfigError, Problem
from .values import parse_value

__all__ = ['Override', 'OverrideAction', 'as_overrides', 'parse_override']


class Override(NamedTuple):
    """One change of a config.

    Args:
        keys: The path to what is changed.
        value: What it becomes.
        new: Whether unknown keys may be added.
    """

    keys: tuple[str, ...]
    value: Any
    new: bool = False

    @property
    def path(self) -> str:
        """The path as one writes it."""
        return '.'.join(self.keys)


def parse_override(text: str) -> Override:
    """Read ``KEY=VALUE`` or ``+KEY=VALUE``.

    Raises:
        ValueError: if there is no ``=`` or no key, a bracket or quote is left open, or
            the value is nested too deep.

    Example:
        >>> parse_override('optim_wrapper.optimizer.lr=1e-3')
        Override(keys=('optim_wrapper', 'optimizer', 'lr'), value=0.001, new=False)
    """
    key, sign, value = text.partition('=')
    key = key.strip()
    if not sign or not key.strip('+'):
        raise ValueError(f'expected KEY=VALUE, got {text!r}')
    try:
        parsed = parse_value(value)
    except RecursionError:
        raise ValueError(f'the value of {key} is nested too deep') from None
    return Override(tuple(key.removeprefix('+').split('.')), parsed, key[0] == '+')


def as_overrides(
    overrides: Sequence[str | Override] | Mapping[str, Any],
) -> list[Override]:
    """Overrides from any form of them.

    Raises:
        ConfigError: if a text is no ``KEY=VALUE``; names them all.
    """
    if isinstance(overrides, Mapping):
        return [
            Override(tuple(key.removeprefix('+').split('.')), value, key[:1] == '+')
            for key, value in overrides.items()
        ]
    parsed, problems = [], []
    for item in overrides:
        try:
            parsed.append(parse_override(item) if isinstance(item, str) else item)
        except ValueError as error:
            problems.append(Problem('', str(error)))
    if problems:
        raise ConfigError(problems)
    return parsed


class OverrideAction(argparse.Action):
    """Collects the ``KEY=VALUE`` texts behind ``--cfg-options``, as they are.

    Give it ``nargs='+'``; the option may be repeated.

    Example:
        >>> parser = argparse.ArgumentParser()
        >>> _ = parser.add_argument(
        ...     '--cfg-options', nargs='+', action=OverrideAction, default=[])
        >>> parser.parse_args(['--cfg-options', 'a=1', 'b=[2, 3]']).cfg_options
        ['a=1', 'b=[2, 3]']
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Add the texts of one occurrence of the option."""
        texts = [values] if isinstance(values, str) else list(values)
        for text in texts:
            try:
                parse_override(text)
            except ValueError as error:
                raise argparse.ArgumentError(self, str(error)) from None
        before = getattr(namespace, self.dest, None) or []
        setattr(namespace, self.dest, [*before, *texts])
