"""Load weights into a model, and report what matched and what did not."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import Tensor, nn

from ...errors import CheckpointError
from ...saved import Placeholder
from ...structures.key_maps import KeyMap, convert_keys, without_wrappers
from .choosing import choose_key_map

__all__ = ['LoadReport', 'load_state', 'unwrapped']

_REVISE_KEYS = ((r'^module\.', ''),)
#: Buffers that older checkpoints do not have.
_FILLED_IN = 'num_batches_tracked'
#: What torch says when it leaves an entry as it was.
_OTHER_SHAPE = re.compile(r'size mismatch for ([^:]+):')
_SHOWN = 4
#: What share of a part fits if it is a part of the other side.
_NEARLY_ALL = 0.9


@dataclass
class LoadReport:
    """How the entries of a checkpoint compare with those of a model.

    Args:
        matched: How many went into the model.
        wanted: How many the model has.
        given: How many the checkpoint has.
        missing: Names that only the model has.
        unexpected: Names that only the checkpoint has.
        mismatched: Name, shape in the checkpoint, and shape in the model.
        outside: How many of the checkpoint were not wanted, e.g. not under a prefix.
    """

    matched: int
    wanted: int
    given: int
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    mismatched: list[tuple[str, tuple, tuple]] = field(default_factory=list)
    outside: int = 0

    @property
    def complete(self) -> bool:
        """Whether every entry has its match."""
        return not (self.missing or self.unexpected or self.mismatched)

    @property
    def whole(self) -> bool:
        """Whether every entry of the model has its match."""
        return not (self.missing or self.mismatched)

    @property
    def foreign(self) -> bool:
        """Whether it is a checkpoint of another model.

        It is of this one if half of either side matches, or if nearly all of one
        side does, which then is a part of the other, e.g. its backbone.
        """
        if not self.wanted:
            return False
        if not self.matched:
            return True
        shares = self.matched / self.wanted, self.matched / self.given
        return min(shares) < 0.5 and max(shares) < _NEARLY_ALL

    def loaded(self, source: str) -> str:
        """A line that says what was loaded."""
        entries = '1 entry' if self.matched == 1 else f'{self.matched} entries'
        others = f'; {self.outside} others left out' if self.outside else ''
        return f'{"loaded":<9} {source}, {entries}{others}'

    def differences(self) -> list[str]:
        """Lines on what differs: the first few of each kind."""
        lines = [
            f'{name}  {theirs} in the checkpoint, {ours} in the model'
            for name, theirs, ours in self.mismatched[:_SHOWN]
        ]
        if len(self.mismatched) > _SHOWN:
            lines.append(f'and {len(self.mismatched) - _SHOWN} more of another shape')
        if self.missing:
            lines.append(_listed('only in the model: ', self.missing))
        if self.unexpected:
            lines.append(_listed('only in the checkpoint: ', self.unexpected))
        return lines

    def __str__(self) -> str:
        matched = (
            '1 entry matches' if self.matched == 1 else f'{self.matched} entries match'
        )
        head = f'{matched}; the checkpoint has {self.given}, the model {self.wanted}'
        return '\n'.join([head, *('  ' + line for line in self.differences())])


def _listed(head: str, items: Sequence[str]) -> str:
    more = f', and {len(items) - _SHOWN} more' if len(items) > _SHOWN else ''
    return head + ', '.join(items[:_SHOWN]) + more


def load_state(
    model: nn.Module,
    checkpoint: Mapping[str, Any],
    *,
    strict: bool = False,
    whole: bool = False,
    prefix: str | None = None,
    revise_keys: Iterable[Sequence[str]] = _REVISE_KEYS,
    key_map: KeyMap | str | None = None,
    source: str = 'the checkpoint',
    quiet: bool = False,
) -> LoadReport:
    """Put weights into a model.

    Prefixes may differ: those of parallel, averaged and compiled models, and
    ``backbone.`` before the names of one side are taken into account. Entries of
    another shape, e.g. a classifier for another number of classes, are left as they
    were initialised, with a warning.

    Args:
        model: A model, wrapped or not.
        checkpoint: What :func:`load_checkpoint` gives, or a state dict.
        strict: Whether every entry must have its match.
        whole: Whether every entry of the model must have one; the checkpoint may
            hold more.
        prefix: Take only the entries whose names begin so, without it.
        revise_keys: Pairs of a regular expression and what to replace it with,
            applied to the names in the checkpoint.
        key_map: How the checkpoint of another project becomes one of ours, before all
            else; the name of a map that is registered. Without one, where entries on
            both sides have no match, the registered map is taken with which the most
            fit, e.g. for weights of timm; the log says which.
        source: Where the checkpoint came from, for messages.
        quiet: Whether to omit the warning.

    Raises:
        CheckpointError: if there are no weights, if they are of another model
            (see :attr:`LoadReport.foreign`), or if any entry has no match where
            ``strict`` or ``whole`` ask for it.

    Example:
        >>> other = nn.Linear(2, 2).state_dict()
        >>> print(load_state(nn.Linear(2, 2), dict(state_dict=other)))
        2 entries match; the checkpoint has 2, the model 2
    """
    model = unwrapped(model)
    state = checkpoint
    if isinstance(checkpoint, Mapping):
        state = checkpoint.get('state_dict', checkpoint)
    if not isinstance(state, Mapping) or isinstance(state, Placeholder):
        raise CheckpointError(
            f'{source} holds a value of type {_kind(state)} instead of weights'
        )
    metadata = getattr(state, '_metadata', None) or {}
    state = _bare(_tensors(state, source), model)
    if key_map is not None:
        state, converted = convert_keys(state, key_map)
        print_log(f'{source}: {converted}', logger='current')
    for pattern, replacement in revise_keys:
        state = {re.sub(pattern, replacement, k): v for k, v in state.items()}
    # A prefix that is there says where the backbone lies, whose names are ours then.
    named = prefix is not None and any(key.startswith(prefix) for key in state)
    if key_map is None and not named and (found := choose_key_map(state, model)):
        state, converted = convert_keys(state, found[1])
        print_log(f'{source}: key map {found[0]}: {converted}', logger='current')
    given = len(state)
    if prefix is not None:
        state = _under(prefix, state, source)
    outside = given - len(state)
    state = _renamed(state, model)
    report = _load(model, state, metadata)
    _check_numbers(model, state, source)
    report.outside = outside + len(report.unexpected)
    if report.foreign:
        raise CheckpointError(f'{source} is of another model: {report}')
    if strict and not report.complete:
        raise CheckpointError(f'{source} does not fit the model: {report}')
    if whole and not report.whole:
        raise CheckpointError(f'{source} does not fill the model: {report}')
    if not report.complete and not quiet:
        message = f'{source} does not fit everywhere, the rest stays as initialised: '
        print_log(f'{message}{report}', logger='current', level=logging.WARNING)
    return report


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside a parallel or test-time-augmentation wrapper."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model


def _tensors(state: Mapping[str, Any], source: str) -> dict[str, Tensor]:
    tensors = {k: v for k, v in state.items() if isinstance(v, Tensor)}
    unnamed = [k for k in tensors if not isinstance(k, str)]
    if unnamed:
        raise CheckpointError(
            f'{source} holds weights whose names are not strings, e.g. {unnamed[0]!r}; '
            'use another one'
        )
    for name, value in tensors.items():
        if value.layout != torch.strided or value.is_quantized:
            kind = 'quantized' if value.is_quantized else 'sparse'
            raise CheckpointError(
                f'{source}: {name} is a {kind} tensor, which is not read into a model; '
                'save dense weights'
            )
    if not tensors:
        found = [f'{k} ({_kind(v)})' for k, v in state.items()]
        has = f'; it has {_listed("", found)}' if found else ''
        raise CheckpointError(f'{source} holds no weights{has}; use another one')
    return tensors


def _kind(value: Any) -> str:
    named = isinstance(value, Placeholder)
    return value.name if named else type(value).__name__


def _under(prefix: str, state: dict[str, Tensor], source: str) -> dict[str, Tensor]:
    prefix = prefix.rstrip('.') + '.'
    # What a parallel wrapper adds to all names is taken off when a file is read.
    for head in (prefix, prefix.removeprefix('module.')):
        inner = {k[len(head) :]: v for k, v in state.items() if k.startswith(head)}
        if inner:
            return inner
    heads = sorted({k.split('.')[0] for k in state})
    raise CheckpointError(
        f'{source} has no entries under {prefix!r}; there are {", ".join(heads)}'
    )


def _bare(state: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """The state without what wrappers add, unless the model is one itself."""
    names = model.state_dict().keys()
    bare, _ = without_wrappers(state)
    return max((bare, state), key=lambda s: len(names & s.keys()))


def _renamed(state: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """The state with or without ``backbone.``, as more of the model's names have it."""
    names = set(model.state_dict())
    head = 'backbone.'
    cut = {k.removeprefix(head): v for k, v in state.items() if k.startswith(head)}
    grown = {head + k: v for k, v in state.items()}
    return max((state, cut, grown), key=lambda s: len(names & s.keys()))


def _load(
    model: nn.Module, state: dict[str, Tensor], metadata: Mapping[str, Any]
) -> LoadReport:
    given = _important(state)
    errors: list[str] = []

    def load(module: nn.Module, head: str) -> None:
        # Modules may rename or resize their own entries of ``state`` here.
        module._load_from_state_dict(
            state, head, dict(metadata.get(head[:-1], {})), True, [], [], errors
        )
        for name, child in module.named_children():
            load(child, f'{head}{name}.')

    load(model, '')
    for hook in model._state_dict_hooks.values():  # names as state_dict() has them
        hook(model, state, '', {})
    refused = {m[1] for e in errors if (m := _OTHER_SHAPE.match(e))}
    other = [e for e in errors if not _OTHER_SHAPE.match(e)]
    if other:
        raise CheckpointError('\n'.join(other))
    ours = _important(model.state_dict())
    state = _important(state)
    mismatched = [
        (k, tuple(state[k].shape), tuple(v.shape))
        for k, v in ours.items()
        if k in state and (k in refused or state[k].numel() != v.numel())
    ]
    return LoadReport(
        matched=len(ours.keys() & state.keys()) - len(mismatched),
        wanted=len(ours),
        given=len(given),
        missing=[k for k in ours if k not in state],
        unexpected=[k for k in state if k not in ours],
        mismatched=mismatched,
    )


def _check_numbers(model: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Check that parameters were given floating-point numbers."""
    for name, parameter in model.named_parameters():
        given = state.get(name)
        if given is None or not parameter.is_floating_point():
            continue
        if not given.is_floating_point():
            raise CheckpointError(
                f'{source}: {name} is {given.dtype}, but {parameter.dtype} in the '
                'model; save the weights as floating-point numbers'
            )


def _important(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """The entries that count: not those that modules fill in on their own."""
    return {
        k: v for k, v in state.items() if isinstance(v, Tensor) and _FILLED_IN not in k
    }
