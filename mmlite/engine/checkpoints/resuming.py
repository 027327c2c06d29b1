"""What a checkpoint holds beside weights, so that training goes on as it was."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object
from mmengine.logging import MessageHub

from ...errors import CheckpointError
from ..history import SAVED_LENGTH, History
from .unpickler import Placeholder
from .writer import write_atomically

_LATEST = 'last_checkpoint'


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
    infos = {k: v for k, v in hub.runtime_info.items() if resumed.get(k) and k != 'cfg'}
    return dict(log_scalars=scalars, runtime_info=infos, resumed_keys=resumed)


def restore_hub(hub: MessageHub, state: Mapping[str, Any]) -> None:
    """Put back what :func:`hub_state`, or mmengine, saved."""
    scalars = {}
    for key, saved in state.get('log_scalars', {}).items():
        history = _history(saved)
        if history is not None:
            scalars[key] = history
    infos = {
        key: value
        for key, value in state.get('runtime_info', {}).items()
        if not isinstance(value, Placeholder)
    }
    names = scalars.keys() | infos.keys()
    kept = {k: v for k, v in state.get('resumed_keys', {}).items() if k in names}
    hub.load_state_dict(
        dict(log_scalars=scalars, runtime_info=infos, resumed_keys=kept)
    )


def _history(saved: Any) -> History | None:
    if isinstance(saved, Placeholder):  # mmengine's HistoryBuffer
        saved = saved.state or {}
        saved = dict(
            values=saved.get('_log_history'), counts=saved.get('_count_history')
        )
    values, counts = saved.get('values'), saved.get('counts')
    if values is None or counts is None:
        return None
    return History(np.asarray(values, dtype=float), np.asarray(counts, dtype=int))


def remember_latest(work_dir: str, checkpoint: str) -> None:
    """Note a checkpoint as the one to resume from."""
    write_atomically(
        Path(work_dir, _LATEST), lambda file: file.write(checkpoint.encode())
    )


def latest_checkpoint(work_dir: str) -> str | None:
    """The checkpoint to resume from, also if the folder was moved; None if none.

    Raises:
        CheckpointError: if the one that is noted is gone.
    """
    note = Path(work_dir, _LATEST)
    if not note.is_file():
        return None
    path = note.read_text().strip()
    for candidate in (path, os.path.join(work_dir, os.path.basename(path))):
        if os.path.exists(candidate):
            return candidate
    raise CheckpointError(
        f'{note} names {path}, which is gone; name another one with --resume PATH'
    )
