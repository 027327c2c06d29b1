"""Find the key map of a checkpoint of another project by how many entries match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from ...errors import CheckpointError
from ...structures.key_maps import KEY_MAPS, PREFIXES, KeyMap, convert_keys

__all__ = ['choose_key_map']

State = Mapping[str, Tensor]
_HEAD = 'backbone.'
#: Prefixes that are removed even where not every entry has them.
_MOSTLY = (*PREFIXES, 'net.', 'encoder.', 'student.')


def choose_key_map(
    state: State, model: nn.Module, project: str = ''
) -> tuple[str, KeyMap] | None:
    """The registered key map with which the most entries fit a model.

    It is found by names and shapes alone, and looked for only where both sides have
    entries without a match.

    Args:
        state: The entries of the checkpoint.
        model: The model that they are for.
        project: What the name of the map begins with, e.g. ``'timm'``; any, if empty.

    Returns:
        The name of the map and the map; None if none fits better than the names as
        they are.

    Example:
        >>> from mmlite.registry import MODELS
        >>> model = MODELS.build(dict(type='ImageClassifier', backbone=dict(
        ...     type='ResNet', depth=18), head=dict(
        ...     type='LinearClsHead', num_classes=2, in_channels=512)))
        >>> theirs = {'conv1.weight': torch.zeros(64, 3, 7, 7),
        ...           'fc.bias': torch.zeros(2)}
        >>> choose_key_map(theirs, model)[0]
        'torchvision-resnet'
    """
    wanted = {name: entry.shape for name, entry in model.state_dict().items()}
    shapes = {name: torch.empty_like(v, device='meta') for name, v in state.items()}
    known = max((form.keys() & wanted.keys() for form in _forms(shapes)), key=len)
    if len(known) in (len(wanted), len(shapes)):
        return None
    best, found = _fitting(shapes, wanted), None
    for name, key_map in _candidates(shapes, project):
        try:
            converted, _ = convert_keys(shapes, key_map)
        except CheckpointError:  # for another architecture
            continue
        fitting = _fitting(converted, wanted)
        if fitting > best:
            best, found = fitting, (name, key_map)
    return found


def _candidates(state: State, project: str) -> Iterator[tuple[str, KeyMap]]:
    heads = [''] + [
        p for p in _MOSTLY if 2 * sum(name.startswith(p) for name in state) > len(state)
    ]
    for head in heads:
        if head:
            yield f'without {head!r}', KeyMap(only=head)
        elif not project:  # only behind a prefix
            yield 'of our own names', KeyMap()
        for name, key_map in KEY_MAPS.items():
            if name.startswith(project) and not (head and key_map.only):
                yield name, replace(key_map, only=key_map.only or head)


def _forms(state: State) -> Iterator[State]:
    """The entries as they are, as those of a backbone, and those of the backbone."""
    yield state
    yield {_HEAD + name: value for name, value in state.items()}
    yield {k.removeprefix(_HEAD): v for k, v in state.items() if k.startswith(_HEAD)}


def _fitting(state: State, wanted: Mapping[str, torch.Size]) -> int:
    """How many entries of the model have one of their name and shape."""
    return max(
        sum(
            name in form and form[name].shape == shape for name, shape in wanted.items()
        )
        for form in _forms(state)
    )
