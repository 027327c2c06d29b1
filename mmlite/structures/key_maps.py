"""From the names in the checkpoints of other projects to ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import CheckpointError, suggestion
from .key_map_report import KeyMapReport, part_removed
from .key_templates import Joined, Names, Parted, Turned, put

__all__ = [
    'KEY_MAPS',
    'Change',
    'Drop',
    'KeyMap',
    'KeyMapReport',
    'Merge',
    'Rename',
    'Split',
    'convert_keys',
    'part_removed',
    'register_key_map',
    'without_prefixes',
    'without_wrappers',
]

State = dict[str, Tensor]

#: What others put before all names; removed where every name begins so.
PREFIXES = ('module.', 'image_encoder.0.', 'model.', 'backbone.')
#: What parallel and averaged models put before all names, and torch.compile before
#: those of what is compiled.
_WRAPPED, _COMPILED = 'module.', '_orig_mod.'
#: What stands beside the weights of an average: torch's counter, and mmengine's.
_COUNTERS = ('n_averaged', 'steps')


class Rename(NamedTuple):
    r"""Give entries another name.

    Args:
        pattern: Regular expression that is searched in a name.
        replacement: What stands for it, with ``\1`` for its first group.
    """

    pattern: str
    replacement: str

    words = 'renamed'

    def apply(self, state: State) -> tuple[State, int]:
        """The entries, and how many of them are named otherwise."""
        found: State = {}
        for name, value in state.items():
            put(found, re.sub(self.pattern, self.replacement, name), value, name)
        return found, len(state.keys() - found.keys())


class Drop(NamedTuple):
    """Leave entries out.

    Args:
        pattern: Regular expression that is searched in a name.
    """

    pattern: str

    words = 'left out'

    def apply(self, state: State) -> tuple[State, int]:
        """The entries that stay, and how many do not."""
        kept = {k: v for k, v in state.items() if not re.search(self.pattern, k)}
        return kept, len(state) - len(kept)


class Change(NamedTuple):
    """Change tensors, e.g. their shapes.

    Args:
        pattern: Regular expression that is searched in a name.
        function: From their tensor to ours.
    """

    pattern: str
    function: Callable[[Tensor], Tensor]

    words = 'laid out otherwise'

    def apply(self, state: State) -> tuple[State, int]:
        """The entries, and how many of them were changed."""
        names = [name for name in state if re.search(self.pattern, name)]
        return {**state, **{n: self.function(state[n]) for n in names}}, len(names)


class Split(NamedTuple):
    r"""Cut one tensor into several of one size.

    Args:
        pattern: Regular expression that a whole name matches.
        targets: Names of the pieces in their order, with ``\1`` for the first group.
        dim: Dimension that is cut.
    """

    pattern: str
    targets: Sequence[str]
    dim: int = 0

    words = 'cut into several'

    def apply(self, state: State) -> tuple[State, int]:
        """The entries with the pieces, and how many tensors were cut."""
        found: State = {}
        count = 0
        for name, value in state.items():
            match = re.fullmatch(self.pattern, name)
            if match is None:
                put(found, name, value, name)
                continue
            pieces = len(self.targets)
            if value.ndim <= self.dim or value.size(self.dim) % pieces:
                raise CheckpointError(
                    f'{name} of shape {tuple(value.shape)} cannot be cut into {pieces} '
                    f'along dimension {self.dim}'
                )
            parts = value.chunk(pieces, self.dim)
            for target, part in zip(self.targets, parts, strict=True):
                put(found, match.expand(target), part, name)
            count += 1
        return found, count


class Merge(NamedTuple):
    r"""Join several tensors to one.

    Args:
        sources: Regular expressions of the pieces in their order; the first matches a
            whole name, the others are its names with ``\1`` for the first group.
        target: Name of the merged tensor, with ``\1`` likewise.
        dim: Dimension along which they are joined.
    """

    sources: Sequence[str]
    target: str
    dim: int = 0

    words = 'joined from several'

    def apply(self, state: State) -> tuple[State, int]:
        """The entries with the merged ones, and how many there are."""
        first, *others = self.sources
        found = dict(state)
        count = 0
        for name in state:
            match = re.fullmatch(first, name)
            if match is None:
                continue
            names = [name, *(match.expand(other) for other in others)]
            missing = [n for n in names if n not in found]
            if missing:
                raise CheckpointError(
                    f'{name} is joined with {", ".join(names[1:])}, but there is no '
                    f'{", ".join(missing)}'
                )
            whole = torch.cat([found.pop(n) for n in names], self.dim)
            put(found, match.expand(self.target), whole, name)
            count += 1
        return found, count


Step = Rename | Drop | Change | Split | Merge | Names | Joined | Parted | Turned


@dataclass(frozen=True)
class KeyMap:
    """How the checkpoint of another project becomes one of ours.

    Args:
        steps: What is done, one after the other.
        prefixes: What is removed from the names before, where all begin so; as often
            as it takes.
        only: Take only the entries whose names begin so, without it.
        unless: Regular expression of names that show another architecture.
    """

    steps: Sequence[Step] = ()
    prefixes: Sequence[str] = PREFIXES
    only: str = ''
    unless: str = ''

    def inverse(self) -> KeyMap:
        """From ours to the other project's.

        Raises:
            CheckpointError: if a step goes one way only.

        Example:
            >>> key_map = KeyMap([Names([('fc.{*}', 'head.fc.{*}')])])
            >>> ours = {'head.fc.bias': torch.zeros(1)}
            >>> list(convert_keys(ours, key_map.inverse())[0])
            ['fc.bias']
        """
        steps = []
        for step in reversed(self.steps):
            if isinstance(step, Drop):
                continue  # what was left out follows from the architecture
            if not hasattr(step, 'inverse'):
                raise CheckpointError(
                    f'the step {type(step).__name__} {step[0]!r} of the key map cannot '
                    'be taken back'
                )
            steps.append(step.inverse())
        return KeyMap(steps, prefixes=())


#: The key maps by name; each family enters those of its peers.
KEY_MAPS: dict[str, KeyMap] = {}


def register_key_map(name: str, key_map: KeyMap) -> None:
    """Enter the key map of a project, so that a config can name it.

    Args:
        name: E.g. ``'opengait'``.
        key_map: The map.

    Raises:
        ValueError: if there is one of that name.
    """
    if name in KEY_MAPS:
        raise ValueError(f'there is a key map {name!r} already; use another name')
    KEY_MAPS[name] = key_map


def convert_keys(
    state: Mapping[str, Tensor], key_map: KeyMap | str
) -> tuple[State, KeyMapReport]:
    r"""The entries of a checkpoint under our names, and what was done to them.

    Args:
        state: The entries, tensors by name.
        key_map: The map, or the name of one that is registered.

    Raises:
        CheckpointError: if no map has that name, or the entries are not those that it
            is for.

    Example:
        >>> key_map = KeyMap([Rename(r'^fc\.', 'head.fc.')])
        >>> state, report = convert_keys({'module.fc.bias': torch.zeros(1)}, key_map)
        >>> list(state)
        ['head.fc.bias']
        >>> print(report)
        1 entries of the checkpoint became 1
          without the prefix 'module.'
          1 renamed, e.g. fc.bias -> head.fc.bias
    """
    if isinstance(key_map, str):
        if key_map not in KEY_MAPS:
            hint = suggestion(key_map, sorted(KEY_MAPS))
            raise CheckpointError(f'there is no key map {key_map!r}{hint}')
        key_map = KEY_MAPS[key_map]
    found = {k: v for k, v in state.items() if k.startswith(key_map.only)}
    if not found:
        raise CheckpointError(f'no entry of the checkpoint begins with {key_map.only}')
    if key_map.unless:
        other = next((k for k in found if re.search(key_map.unless, k)), None)
        if other is not None:
            raise CheckpointError(
                f'{other} is of another architecture than the key map'
            )
    found = {k[len(key_map.only) :]: v for k, v in found.items()}
    report = KeyMapReport(given=len(state), made=0)
    found, report.removed = without_prefixes(found, key_map.prefixes)
    bare = found
    for step in key_map.steps:
        before = found
        found, count = step.apply(before)
        report.note(step, count, before, found)
    report.made = len(found)
    report.kept = [name for name in found if name in bare]
    return found, report


def without_prefixes(
    state: Mapping[str, Tensor], prefixes: Sequence[str] = PREFIXES
) -> tuple[State, list[str]]:
    """The entries without what all their names begin with, and what that was.

    Args:
        state: The entries, tensors by name.
        prefixes: What is removed, where all begin so; as often as it takes.

    Example:
        >>> without_prefixes({'module.fc.bias': torch.zeros(1)})
        ({'fc.bias': tensor([0.])}, ['module.'])
    """
    found, removed = dict(state), []
    while prefix := _common(found, prefixes):
        removed.append(prefix)
        found = {k[len(prefix) :]: v for k, v in found.items()}
    return found, removed


def _common(state: Mapping[str, Tensor], prefixes: Sequence[str]) -> str:
    for prefix in prefixes:
        if state and all(name.startswith(prefix) for name in state):
            return prefix
    return ''


def without_wrappers(state: Mapping[str, Tensor]) -> tuple[State, list[str]]:
    """The entries under the names of the model itself, and what was taken away.

    Parallel models and averages put ``module.`` before all names, averages have a
    counter beside them, and ``torch.compile`` puts ``_orig_mod.`` before the names of
    what is compiled. Some may be within others.

    Args:
        state: The entries, tensors by name.

    Example:
        >>> zero = torch.zeros(1)
        >>> without_wrappers({'module._orig_mod.fc.bias': zero, 'n_averaged': zero})
        ({'fc.bias': tensor([0.])}, ['module.', 'n_averaged', '_orig_mod.'])
    """
    found, removed = dict(state), []
    while True:
        counters = [name for name in _COUNTERS if name in found]
        inner = {k: v for k, v in found.items() if k not in counters}
        if not _common(inner, [_WRAPPED]):
            break
        found = {name[len(_WRAPPED) :]: value for name, value in inner.items()}
        removed += [_WRAPPED, *counters]
    bare = {
        re.sub(rf'(^|(?<=\.)){re.escape(_COMPILED)}', '', k): v
        for k, v in found.items()
    }
    if bare.keys() == found.keys() or len(bare) < len(found):
        return found, removed
    found, more = without_wrappers(bare)
    return found, [*removed, _COMPILED, *more]
