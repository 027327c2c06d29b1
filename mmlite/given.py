"""Files and folders that a user names, looked at before torch is imported."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .errors import (
    CheckpointError,
    DataError,
    DataNotFoundError,
    UserError,
    did_you_mean,
)

__all__ = [
    'BEST_NOTE',
    'CHECKPOINTS',
    'LATEST_NOTE',
    'NOTHING_YET',
    'absence',
    'best_noted',
    'check_checkpoint',
    'check_folder',
    'check_input',
    'check_names_checkpoint',
    'check_there',
    'check_work_dir',
    'checkpoint_in',
    'is_pattern',
    'is_url',
    'resolved',
    'split_words',
]

#: Endings of files that are checkpoints rather than configs.
CHECKPOINTS = ('.pth', '.pt', '.ckpt', '.bin', '.safetensors')
#: Files of a work_dir: the latest checkpoint of its last training, and the best ones.
LATEST_NOTE, BEST_NOTE = 'last_checkpoint', 'best_checkpoint'
#: Stands in the second one until a training has saved something.
NOTHING_YET = '# nothing saved yet: what lies here is of an earlier training'


def is_url(path: str) -> bool:
    """Whether it is the address of a file rather than a path."""
    return path.startswith(('http://', 'https://'))


def is_pattern(path: str) -> bool:
    """Whether it may stand for several files, as ``photos/*.jpg`` does."""
    return any(sign in path for sign in '*?[')


def check_folder(path: str | Path) -> None:
    """Check that a folder of data is there.

    Raises:
        DataNotFoundError: if it is not.

    Example:
        >>> check_folder('absent')
        Traceback (most recent call last):
        mmlite.errors.DataNotFoundError: the folder ...absent does not exist
    """
    whole = Path(os.path.abspath(Path(path).expanduser()))
    if not whole.exists():
        hint = _meant(whole)
        raise DataNotFoundError(f'the folder {whole} does not exist{hint}')
    if not whole.is_dir():
        raise DataNotFoundError(f'{whole} is not a folder; name the folder of the data')


def check_work_dir(path: str | Path) -> Path:
    """Check that the folder of a run is there.

    Raises:
        DataError: if it is not.
    """
    folder = Path(path).expanduser()
    if folder.exists() and not folder.is_dir():
        raise DataError(f'{folder} is not a folder; name a work_dir')
    if not folder.is_dir():
        raise DataError(f'there is no work_dir {folder}{_meant(folder)}')
    return folder


def check_checkpoint(path: str | Path) -> None:
    """Check that a checkpoint file is there; addresses are not asked.

    Raises:
        CheckpointError: if it is not, or it is not named.

    Example:
        >>> check_checkpoint('')
        Traceback (most recent call last):
        mmlite.errors.CheckpointError: expected the path or URL of a checkpoint, got ''
    """
    _check_named(path)
    file = Path(path).expanduser()
    if '://' in str(path) or file.is_file():
        return
    if file.exists():
        raise CheckpointError(f'{file} {absence(file)}; name a checkpoint')
    raise CheckpointError(f'there is no checkpoint {file}{_meant(file)}')


def _check_named(path: Any) -> None:
    if not isinstance(path, (str, os.PathLike)) or not str(path).strip():
        raise CheckpointError(f'expected the path or URL of a checkpoint, got {path!r}')


def absence(path: str | Path) -> str:
    """Why no file can be read at a path, for a message.

    Example:
        >>> absence('nowhere'), absence('.')
        ('does not exist', 'is a folder, not a file')
    """
    place = Path(path).expanduser()
    if place.is_dir():
        return 'is a folder, not a file'
    return 'is a device, not a file' if place.exists() else 'does not exist'


def check_there(path: str | Path, models: Iterable[str] | None = None) -> None:
    """Check that what stands for a config or a trained model is there.

    Args:
        path: A config, a checkpoint or the work_dir of a training.
        models: Names of models that could have been meant instead; None where a name
            is not taken.

    Raises:
        UserError: if it is not; names what beside it, or which model, is nearest.

    Example:
        >>> check_there('absent')
        Traceback (most recent call last):
        mmlite.errors.UserError: there is no config, work_dir or checkpoint absent
    """
    file = Path(path).expanduser()
    if file.exists():
        return
    what, hint = 'config, work_dir or checkpoint', _meant(file, models or ())
    if models is not None:
        what, hint = f'model, {what}', hint or "; see list_models('*')"
    raise UserError(f'there is no {what} {path}{hint}')


def check_names_checkpoint(config: str | Path) -> None:
    """Check that what stands in the place of a config is a checkpoint.

    Raises:
        UserError: if it is not.
    """
    file = Path(config).expanduser()
    if file.suffix in CHECKPOINTS:
        return
    check_there(file)
    raise UserError(
        f'there is no checkpoint to test {config} with; name one after it, or the '
        'work_dir of its training'
    )


def check_input(path: str) -> None:
    """Check that what is predicted on is there; addresses and patterns are not asked.

    Raises:
        DataError: if it is not.
    """
    whole = os.path.expanduser(path)
    if is_url(path) or os.path.exists(whole) or is_pattern(path):
        return
    raise DataError(f'there is no file {whole}{_meant(Path(whole))}')


def _meant(path: Path, others: Iterable[str] = ()) -> str:
    """Which name beside it was meant, or which of some others."""
    parent = path.parent
    names = os.listdir(parent) if parent.is_dir() else ()
    return did_you_mean(path.name, [*others, *names])


def best_noted(work_dir: str | Path) -> list[str] | None:
    """The best checkpoints of the last training, as they are noted; None if unknown."""
    note = Path(work_dir, BEST_NOTE)
    if not note.is_file():
        return None
    return note.read_text(encoding='utf-8').splitlines()


def checkpoint_in(work_dir: str | Path) -> Path:
    """The checkpoint of a work_dir that a user most likely means.

    It is the best one of the last training, as ``best_checkpoint`` names it, else the
    one that ``last_checkpoint`` names, else the newest of all. Where nothing is noted,
    as by other programs, the newest ``best_*.pth`` goes first. Files that were cut off
    are passed over.

    Args:
        work_dir: The folder of a training.

    Raises:
        CheckpointError: if there is no whole checkpoint in it.

    Example:
        >>> checkpoint_in('.')
        Traceback (most recent call last):
        mmlite.errors.CheckpointError: there is no checkpoint (*.pth) in the folder ...
    """
    return _chosen(Path(work_dir).expanduser())[0]


def _chosen(folder: Path) -> tuple[Path, str]:
    """The checkpoint of a work_dir, and in a few words which one it is."""
    every = sorted(folder.glob('*.pth'), key=lambda path: path.stat().st_mtime)
    every.reverse()
    for path, which in _candidates(folder, every):
        if path.is_file() and _is_whole(path):
            return path, which
    what = 'whole checkpoint' if every else 'checkpoint'
    raise CheckpointError(
        f'there is no {what} (*.pth) in the folder {folder}; name a checkpoint, or the '
        'work_dir of a training'
    )


def _candidates(folder: Path, every: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Checkpoints in the order in which they are meant, and which ones they are."""
    noted, note = best_noted(folder), folder / LATEST_NOTE
    newest = [path for path in every if path.name.startswith('best_')]
    latest = f'the latest of {folder}'
    if noted is None:
        yield from ((path, f'the newest best of {folder}') for path in newest)
    elif noted == [NOTHING_YET]:
        latest += ', of an earlier training: the last one has saved nothing yet'
    else:
        for name in noted:
            yield _there(folder, name), f'the best of the last training in {folder}'
        latest = f'the latest of the last training in {folder}'
        if newest and not noted:
            latest += f'; {newest[0].name} is of an earlier one'
    if named := note.read_text(encoding='utf-8').strip() if note.is_file() else '':
        yield _there(folder, named), latest
    yield from ((path, f'the newest of {folder}') for path in every)


def _there(folder: Path, named: str) -> Path:
    """A checkpoint that is noted in a folder, which may have been moved."""
    own = folder / Path(named).name
    return own if own.is_file() else Path(named)


def resolved(path: str | Path, say: str = '') -> str:
    """A checkpoint as it was named, or that of a work_dir.

    Args:
        path: A file, an address, or a work_dir.
        say: What is taken from it, e.g. ``'weights'``: prints which one that is of a
            work_dir.

    Raises:
        CheckpointError: if there is none.
    """
    if not isinstance(path, (str, os.PathLike)):
        _check_named(path)
    if is_url(str(path)) or not Path(path).expanduser().is_dir():
        return str(path)
    found, which = _chosen(Path(path).expanduser())
    if say:
        print(f'{say:<9} {found}, {which}', flush=True)
    return str(found)


def split_words(words: Sequence[str]) -> tuple[str, str | None, list[str]]:
    """``[CONFIG] CHECKPOINT INPUT...`` of a command line, apart.

    A work_dir stands for its checkpoint, see :func:`checkpoint_in`.

    Raises:
        UserError: if there is no checkpoint or no input among them.

    Example:
        >>> split_words(['a.py', 'a.pth', 'cat.jpg'])
        ('a.py', 'a.pth', ['cat.jpg'])
        >>> split_words(['a.pth', 'cat.jpg', 'dog.jpg'])
        ('a.pth', None, ['cat.jpg', 'dog.jpg'])
    """
    if words and (_is_checkpoint(words[0]) or Path(words[0]).expanduser().is_dir()):
        config, checkpoint, inputs = words[0], None, words[1:]
    elif len(words) > 1 and _is_checkpoint(words[1]):
        config, checkpoint, inputs = words[0], words[1], words[2:]
    else:
        first = Path(words[0] if words else '').expanduser()
        hint = '' if first.exists() else f': there is no {first}{_meant(first)}'
        raise UserError(
            'expected [CONFIG] CHECKPOINT INPUT..., but found no checkpoint '
            f'({", ".join(CHECKPOINTS)}) and no work_dir that holds one in the first '
            f'two of {" ".join(words)}{hint}'
        )
    if not inputs:
        raise UserError('there is no input: name an image, a folder or a pattern')
    return config, checkpoint, list(inputs)


def _is_whole(path: Path) -> bool:
    try:
        return zipfile.is_zipfile(path)
    except (OSError, ValueError, zipfile.BadZipFile):  # a flipped bit
        return False


def _is_checkpoint(word: str) -> bool:
    folder = Path(word).expanduser()
    of_training = folder.is_dir() and any(folder.glob('*.pth'))
    return Path(word).suffix in CHECKPOINTS or of_training
