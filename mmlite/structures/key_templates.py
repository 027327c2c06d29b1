"""Steps of a key map that go both ways: pairs of names with places to fill in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import CheckpointError

__all__ = ['Joined', 'Names', 'Parted', 'Turned', 'put']

State = dict[str, Tensor]
_FIELD = re.compile(r'\{(\w+|\*)([+-]\d+)?\}')


@cache
def _pattern(template: str) -> tuple[re.Pattern, tuple[tuple[str, int], ...]]:
    """The expression of a template, and its places with what is added to each."""
    parts, places, end = [], [], 0
    for found in _FIELD.finditer(template):
        parts.append(re.escape(template[end : found.start()]))
        parts.append('(.*)' if found[1] == '*' else r'(\d+)')
        places.append((found[1], int(found[2] or 0)))
        end = found.end()
    parts.append(re.escape(template[end:]))
    return re.compile(''.join(parts)), tuple(places)


def _match(template: str, name: str) -> dict[str, str] | None:
    """What stands at the places of a template in a name; None if it is another one."""
    pattern, places = _pattern(template)
    found = pattern.fullmatch(name)
    if found is None:
        return None
    values: dict[str, str] = {}
    for (key, plus), text in zip(places, found.groups(), strict=True):
        value = text if key == '*' else str(int(text) - plus)
        if values.setdefault(key, value) != value or value.startswith('-'):
            return None
    return values


def _filled(template: str, values: dict[str, str]) -> str:
    def text(found: re.Match) -> str:
        value = values[found[1]]
        return value if found[1] == '*' else str(int(value) + int(found[2] or 0))

    return _FIELD.sub(text, template)


@dataclass(frozen=True)
class Names:
    """Give entries our names; one that no pair fits keeps its own.

    Args:
        pairs: Their name and ours. ``{i}`` stands for a number, ``{i+1}`` for one more
            than ``{i}`` of the other side, ``{*}`` for anything. The first pair that
            fits counts.

    Example:
        >>> step = Names([('blocks.{i}.norm1.{*}', 'layers.{i+1}.ln1.{*}')])
        >>> step.apply({'blocks.0.norm1.bias': torch.zeros(1)})
        ({'layers.1.ln1.bias': tensor([0.])}, 1)
        >>> step.inverse().apply({'layers.1.ln1.bias': torch.zeros(1)})
        ({'blocks.0.norm1.bias': tensor([0.])}, 1)
    """

    pairs: Sequence[tuple[str, str]]

    words = 'renamed'

    @cached_property
    def _index(self) -> dict[str, list[int]]:
        """The places of pairs by what their names begin with, up to a dot."""
        found: dict[str, list[int]] = {}
        for place, (theirs, _) in enumerate(self.pairs):
            literal = theirs.partition('{')[0]
            found.setdefault(literal[: literal.rfind('.') + 1], []).append(place)
        return found

    def apply(self, state: State) -> tuple[State, int]:
        """The entries, and how many of them a pair fits."""
        found: State = {}
        count = 0
        for name, value in state.items():
            new = self.renamed(name)
            count += new is not None
            put(found, name if new is None else new, value, name)
        return found, count

    def renamed(self, name: str) -> str | None:
        """Our name of an entry; None if no pair fits."""
        heads = ['', *(name[: at + 1] for at, sign in enumerate(name) if sign == '.')]
        near = sorted(place for head in heads for place in self._index.get(head, ()))
        for place in near:
            theirs, ours = self.pairs[place]
            values = _match(theirs, name)
            if values is not None:
                return _filled(ours, values)
        return None

    def inverse(self) -> Names:
        """From ours to theirs."""
        return Names([(ours, theirs) for theirs, ours in self.pairs])


class Joined(NamedTuple):
    """Join their tensors to one of ours, e.g. query, key and value.

    Args:
        pieces: Templates of their names, in their order; see :class:`Names`.
        whole: Template of ours.
        dim: Dimension along which they are joined.
    """

    pieces: Sequence[str]
    whole: str
    dim: int = 0

    words = 'joined from several'

    def apply(self, state: State) -> tuple[State, int]:
        """The entries with the wholes, and how many there are."""
        found = dict(state)
        count = 0
        for name in state:
            values = _match(self.pieces[0], name)
            if values is None:
                continue
            names = [_filled(piece, values) for piece in self.pieces]
            if all(n in found for n in names):
                whole = torch.cat([found.pop(n) for n in names], self.dim)
                put(found, _filled(self.whole, values), whole, name)
                count += 1
        return found, count

    def inverse(self) -> Parted:
        """From ours to theirs."""
        return Parted(self.whole, self.pieces, self.dim)


class Parted(NamedTuple):
    """Cut one tensor into several of one size.

    Args:
        whole: Template of its name; see :class:`Names`.
        pieces: Templates of the names of the pieces, in their order.
        dim: Dimension that is cut.
    """

    whole: str
    pieces: Sequence[str]
    dim: int = 0

    words = 'cut into several'

    def apply(self, state: State) -> tuple[State, int]:
        """The entries with the pieces, and how many tensors were cut."""
        found: State = {}
        count = 0
        for name, value in state.items():
            values = _match(self.whole, name)
            pieces = len(self.pieces)
            if (
                values is None
                or value.dim() <= self.dim
                or value.size(self.dim) % pieces
            ):
                put(found, name, value, name)
                continue
            for piece, part in zip(
                self.pieces, value.chunk(pieces, self.dim), strict=True
            ):
                put(found, _filled(piece, values), part, name)
            count += 1
        return found, count

    def inverse(self) -> Joined:
        """From ours to theirs."""
        return Joined(self.pieces, self.whole, self.dim)


class Turned(NamedTuple):
    """Change tensors, e.g. the order of their channels.

    Args:
        name: Template of the names; see :class:`Names`.
        function: From their tensor to ours.
        back: From ours to theirs.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    back: Callable[[Tensor], Tensor]

    words = 'laid out otherwise'

    def apply(self, state: State) -> tuple[State, int]:
        """The entries, and how many of them were changed."""
        names = [name for name in state if _match(self.name, name) is not None]
        return {**state, **{n: self.function(state[n]) for n in names}}, len(names)

    def inverse(self) -> Turned:
        """From ours to theirs."""
        return Turned(self.name, self.back, self.function)


def put(state: State, name: str, value: Tensor, source: str) -> None:
    """Enter a tensor under its new name.

    Raises:
        CheckpointError: if there is one of that name.
    """
    if name in state:
        raise CheckpointError(
            f'{source} becomes {name}, which another entry of the checkpoint is already'
        )
    state[name] = value
