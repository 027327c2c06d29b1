"""Checkpoints of other projects with our names, and ours with theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from ..engine import load_checkpoint
from ..engine.checkpoints import (
    KEY_MAPS,
    KeyMap,
    choose_key_map,
    convert_keys,
    load_state,
    plain,
    save_checkpoint,
    write_weights_file,
)
from ..errors import CheckpointError, UserError, suggestion
from ..given import CHECKPOINTS, resolved
from ..registry import MODELS
from ..structures.key_maps import (
    KeyMapReport,
    part_removed,
    without_prefixes,
    without_wrappers,
)
from ..structures.key_templates import Names
from .publishing import SAFETENSORS, write_safetensors
from .targets import target_file

__all__ = ['Converted', 'convert_checkpoint', 'projects']

State = Mapping[str, Tensor]
#: Projects whose names are ours.
_OURS = ('mmlite', 'mmpretrain')


class Converted(NamedTuple):
    """What :func:`convert_checkpoint` has done.

    Args:
        path: The file that was written.
        key_map: Name of the key map, or ``'the same names'``.
        report: What the map did.
        fit: How the entries compare with those of the model, if one was given.
    """

    path: Path
    key_map: str
    report: KeyMapReport | None
    fit: Any = None

    def __str__(self) -> str:
        lines = [f'{self.path}: {self.key_map}']
        lines += [str(part) for part in (self.report, self.fit) if part is not None]
        return '\n'.join(lines)


def projects() -> list[str]:
    """The projects and key maps that there are, e.g. ``'timm'`` and ``'timm-swin'``."""
    MODELS.get('ImageClassifier')  # whose packages enter the maps
    return sorted({*_OURS, *(name.partition('-')[0] for name in KEY_MAPS), *KEY_MAPS})


def convert_checkpoint(
    checkpoint: str | Path,
    out: str | Path,
    source: str = 'mmlite',
    target: str = 'mmlite',
    model: Any = None,
) -> Converted:
    """Write a checkpoint with the names of another project.

    What parallel, averaged and compiled models put before names is left out, and the
    counter of an average.

    Args:
        checkpoint: The checkpoint, or the work_dir that holds it.
        out: The file to write; of safetensors if it ends so.
        source: The project it comes from, e.g. ``'timm'``, whose key map is found by
            the names of the entries, or a key map, e.g. ``'timm-swin'``.
        target: The project whose names it gets, likewise.
        model: A config or the name of a model that it is for, which then decides which
            key map is taken; it is also said how the entries fit.

    Raises:
        UserError: if there is no such project, or ``out`` is the checkpoint itself.
        CheckpointError: if none of its key maps is for these entries, or their names
            are ours already.

    Example:
        >>> import tempfile, torch
        >>> folder = Path(tempfile.mkdtemp())
        >>> torch.save({'fc.bias': torch.zeros(2), 'layer1.0.conv1.weight':
        ...     torch.zeros(1)}, folder / 'theirs.pth')
        >>> done = convert_checkpoint(
        ...     folder / 'theirs.pth', folder / 'ours.pth', 'torchvision')
        >>> list(load_checkpoint(done.path)['state_dict'])
        ['head.fc.bias', 'backbone.layer1.0.conv1.weight']
    """
    for project in (source, target):
        _check_project(project)
    path = target_file(out, CHECKPOINTS, 'checkpoints')
    checkpoint = resolved(checkpoint)
    if Path(out).exists() and Path(out).samefile(checkpoint):
        raise UserError(
            f'{out} is the checkpoint itself, which keeps more than its weights; name '
            'another file to write'
        )
    content = load_checkpoint(checkpoint)
    named = content['state_dict'].items()
    state = {k: v for k, v in named if isinstance(k, str) and isinstance(v, Tensor)}
    if not state:
        raise CheckpointError(f'{checkpoint} holds no weights: no tensor has a name')
    state, removed = without_wrappers(state)
    network = _build(model)
    meta = content.get('meta')
    meta = meta if isinstance(meta, dict) else {}
    name, report = 'the same names', None
    if source not in _OURS:
        if 'mmlite_version' in meta:
            raise CheckpointError(_nothing_to_do(checkpoint, source))
        name, key_map = _map_for(state, source, str(checkpoint), network)
        before = state
        state, report = convert_keys(state, key_map)
        kept = len(before.keys() & state.keys())
        if kept == len(before):
            name = f'{name}: nothing is converted, the names are ours already'
        elif kept > len(before) / 2:  # a map for something else
            raise CheckpointError(_nothing_to_do(checkpoint, source))
    fit = None
    if network is not None:
        fit = load_state(network, state, source=str(checkpoint), quiet=True)
    if target not in _OURS:
        name, key_map = _map_back(state, target, str(checkpoint))
        state, report = convert_keys(state, key_map)
    if report is not None:
        report.removed[:0] = removed
    elif removed:
        name = f'{name}, without {", ".join(map(part_removed, removed))}'
    _write(state, path, meta, target)
    return Converted(path, name, report, fit)


def _nothing_to_do(checkpoint: str | Path, source: str) -> str:
    return (
        f'{checkpoint} is no checkpoint of {source}: its entries have the names of '
        'mmlite already, so there is nothing to convert; leave out --from, or name '
        'with --to the project whose names they get'
    )


def _check_project(name: str) -> None:
    known = projects()
    if name not in known:
        hint = suggestion(name, known)
        raise UserError(f'there is no key map for a project {name!r}{hint}')


def _build(model: Any) -> Any:
    if model is None:
        return None
    import torch

    from .zoo.configs import read_config

    with torch.device('meta'):
        return MODELS.build(read_config(model).model).to_empty(device='cpu')


def _map_for(
    state: State, project: str, source: str, network: Any
) -> tuple[str, KeyMap]:
    if project in KEY_MAPS:
        return project, KEY_MAPS[project]
    if network is not None:
        found = choose_key_map(state, network, project)
        if found is not None:
            return found
    return _most_fitting(state, _maps_of(project), project, source)


def _map_back(state: State, project: str, source: str) -> tuple[str, KeyMap]:
    maps = list(_backwards(project))
    if not maps:
        short = [name for name in projects() if '-' not in name and name not in _OURS]
        others = [name for name in short if any(_backwards(name))]
        raise CheckpointError(
            f'checkpoints of {project} can be read, but not written: its key map goes '
            f'one way only; --to takes {", ".join([*_OURS, *others])}'
        )
    if project in KEY_MAPS:
        return maps[0]
    return _most_fitting(state, maps, project, source)


def _backwards(project: str) -> Iterator[tuple[str, KeyMap]]:
    """The key maps from our names to those of a project, of those that go both ways."""
    named = [(project, KEY_MAPS[project])] if project in KEY_MAPS else None
    for name, key_map in named or _maps_of(project):
        try:
            yield name, key_map.inverse()
        except CheckpointError:
            continue


def _maps_of(project: str) -> Iterator[tuple[str, KeyMap]]:
    return ((n, m) for n, m in KEY_MAPS.items() if n.partition('-')[0] == project)


def _most_fitting(
    state: State, maps: Any, project: str, source: str
) -> tuple[str, KeyMap]:
    """The map that has a name for the most entries, and the fewest beside them.

    Of two that differ in the head alone, it is that of the usual head.
    """
    scores, maps = {}, list(maps)
    for name, key_map in maps:
        try:
            convert_keys({n: v.to('meta') for n, v in state.items()}, key_map)
        except CheckpointError:  # for another architecture
            continue
        tables = [step for step in key_map.steps if isinstance(step, Names)]
        plain_names, _ = without_prefixes(state, key_map.prefixes)
        fits = sum(any(t.renamed(n) is not None for t in tables) for n in plain_names)
        usual = not name.endswith('-linear')
        beside = sum(len(table.pairs) for table in tables)
        scores[name] = (fits, usual, -beside), key_map
    best = max(scores, key=lambda name: scores[name][0], default=None)
    if best is None or not scores[best][0][0]:
        first = ', '.join(list(state)[:3])
        raise CheckpointError(
            f'no key map of {project} is for {source}, whose entries are {first} and '
            f'so on; there are {", ".join(name for name, _ in maps)}'
        )
    return best, scores[best][1]


def _write(state: State, path: Path, meta: dict[str, Any], target: str) -> None:
    kept = {k: meta[k] for k in ('cfg', 'dataset_meta', 'CLASSES') if k in meta}
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == SAFETENSORS:
        write_safetensors(state, path, kept)
    elif target in _OURS:
        save_checkpoint(dict(meta=kept, state_dict=dict(state)), path)
    else:  # others read the weights alone
        import torch

        content = plain(dict(state))
        write_weights_file(path, lambda file: torch.save(content, file))
