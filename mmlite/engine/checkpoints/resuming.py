"""What a checkpoint holds beside weights, so that training goes on as it was."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object
from mmengine.logging import MessageHub, print_log

from ...errors import CheckpointError
from ...given import LATEST_NOTE, NOTHING_YET, best_noted
from ...saved import Placeholder
from ..history import SAVED_LENGTH, History
from .best import remember_best
from .content import mapping, odd, storable
from .reader import load_checkpoint
from .writer import write_atomically


def rng_state() -> dict[str, Any]:
    """The state of all generators of random numbers, as plain values."""
    kind, keys, *rest = np.random.get_state()
    state = dict(
        python=random.getstate(),
        numpy=(kind, torch.as_tensor(keys.astype(np.int64)), *rest),
        torch=torch.get_rng_state(),
    )
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state()
    return state


def set_rng_state(state: Mapping[str, Any]) -> None:
    """Put all generators of random numbers where :func:`rng_state` found them."""
    version, internal, gauss = state['python']
    random.setstate((version, tuple(internal), gauss))
    kind, keys, *rest = state['numpy']
    np.random.set_state((kind, np.asarray(keys, dtype=np.uint32), *rest))
    torch.set_rng_state(state['torch'].cpu())
    if torch.cuda.is_available() and 'cuda' in state:
        torch.cuda.set_rng_state(state['cuda'].cpu())


def gathered_rng_states() -> list[dict[str, Any]]:
    """The states of all processes, by rank; all of them have to call this."""
    return all_gather_object(rng_state())


@contextmanager
def preserved_rng() -> Iterator[None]:
    """Let what happens inside leave no trace in later random numbers."""
    state = rng_state()
    try:
        yield
    finally:
        set_rng_state(state)


def hub_state(hub: MessageHub) -> dict[str, Any]:
    """The message hub as plain values, with the latest of its histories.

    Example:
        >>> hub = MessageHub('example')
        >>> hub.update_scalar('train/loss', 0.5)
        >>> hub_state(hub)['log_scalars']['train/loss']
        {'values': [0.5], 'counts': [1]}
    """
    resumed = dict(hub._resumed_keys)  # state_dict would copy the histories
    scalars = {}
    for key, buffer in hub.log_scalars.items():
        values, counts = buffer.data
        scalars[key] = dict(
            values=values[-SAVED_LENGTH:].tolist(),
            counts=counts[-SAVED_LENGTH:].tolist(),
        )
    infos, lost = {}, {}
    for key, value in hub.runtime_info.items():
        if resumed.get(key) and key != 'cfg':
            kept = storable(value, key, lost)
            if not any(place == key or place.startswith(f'{key}.') for place in lost):
                infos[key] = kept
    if lost:
        print_log(
            'a checkpoint holds plain data only, so that of the message hub it lacks '
            + ', '.join(f'{place} ({kind})' for place, kind in lost.items()),
            logger='current',
            level=logging.WARNING,
        )
    return dict(log_scalars=scalars, runtime_info=infos, resumed_keys=resumed)


def readable_hub(saved: Any, source: str) -> dict[str, Any]:
    """What :func:`hub_state`, or mmengine, saved, as a state of the message hub.

    Args:
        saved: What was saved; None is nothing.
        source: The file, for messages.

    Raises:
        CheckpointError: if it is no such state.
    """
    parts = mapping(saved or {}, source, 'message_hub')
    scalars, infos, resumed = (
        mapping(parts.get(key) or {}, source, f'message_hub.{key}')
        for key in ('log_scalars', 'runtime_info', 'resumed_keys')
    )
    histories = {
        key: _history(value, source, f'message_hub.log_scalars.{key}')
        for key, value in scalars.items()
    }
    infos = {k: v for k, v in infos.items() if not isinstance(v, Placeholder)}
    names = histories.keys() | infos.keys()
    kept = {k: bool(v) for k, v in resumed.items() if k in names}
    for key in names:
        if not isinstance(key, str):
            raise odd(source, 'message_hub', key, 'a dict whose keys are strings')
    return dict(log_scalars=histories, runtime_info=infos, resumed_keys=kept)


def _history(saved: Any, source: str, place: str) -> History:
    if isinstance(saved, Placeholder):  # mmengine's HistoryBuffer
        state = saved.state if isinstance(saved.state, Mapping) else {}
        saved = dict(
            values=state.get('_log_history'), counts=state.get('_count_history')
        )
    saved = mapping(saved, source, place)
    try:
        values = np.asarray(saved['values'], dtype=float)
        counts = np.asarray(saved['counts'], dtype=int)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise odd(source, place, saved, 'a list of values and one of counts') from error
    if values.ndim != 1 or values.shape != counts.shape:
        raise odd(source, place, saved, 'as many values as counts')
    return History(values, counts)


def remember_latest(work_dir: str, checkpoint: str) -> None:
    """Note a checkpoint as the one to resume from."""
    write_atomically(
        Path(work_dir, LATEST_NOTE), lambda file: file.write(checkpoint.encode())
    )
    if best_noted(work_dir) == [NOTHING_YET]:
        remember_best(work_dir, ())


def latest_checkpoint(work_dir: str) -> str | None:
    """The checkpoint to resume from, also if the folder was moved; None if none.

    Raises:
        CheckpointError: if the one that is noted is gone.
    """
    note = Path(work_dir, LATEST_NOTE)
    if not note.is_file():
        return None
    path = note.read_bytes().decode(errors='replace').strip()
    if not path:
        raise CheckpointError(f'{note} is empty{whole_one(work_dir)}')
    # In a copy of the folder, its own one.
    for candidate in (os.path.join(work_dir, os.path.basename(path)), path):
        if os.path.exists(candidate):
            return candidate
    raise CheckpointError(f'{note} names {path}, which is gone{whole_one(work_dir)}')


def whole_one(work_dir: str | Path, damaged: str | Path = '') -> str:
    """Which checkpoint a training can go on from instead, as the end of a message.

    Args:
        work_dir: The folder of the training.
        damaged: A file there that cannot be read.
    """
    files = [p for p in Path(work_dir).glob('*.pth') if p != Path(damaged)]
    for path in sorted(files, key=lambda p: p.stat().st_mtime, reverse=True):
        try:
            checkpoint = load_checkpoint(path)
        except CheckpointError:
            continue
        if 'optimizer' in checkpoint:
            done = mapping(checkpoint.get('meta') or {}, str(path), 'meta').get('iter')
            return f'; {path} is whole ({done} iterations): go on with --resume {path}'
    return (
        '; there is no other checkpoint to go on from in its folder: train anew, '
        'without --resume'
    )


def superseded(work_dir: str, checkpoint: str) -> bool:
    """Whether the folder has another checkpoint to resume from than that one."""
    path = Path(checkpoint)
    latest = latest_checkpoint(work_dir)
    return bool(latest) and path.is_file() and not path.samefile(latest)
