"""Files and folders that a user names, looked at before torch is imported."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

from .errors import (
    CheckpointError,
    DataError,
    DataNotFoundError,
    UserError,
    did_you_mean,
)

__all__ = [
    'CHECKPOINTS',
    'check_checkpoint',
    'check_folder',
    'check_input',
    'check_names_checkpoint',
    'check_work_dir',
    'checkpoint_in',
    'is_pattern',
    'is_url',
    'resolved',
    'split_words',
]

#: Endings of files that are checkpoints rather than configs.
CHECKPOINTS = ('.pth', '.pt', '.ckpt', '.bin', '.safetensors')


def is_url(path: str) -> bool:
    """Whether it is the address of a file rather than a path."""
    return path.startswith(('http://', 'https://'))


def is_pattern(path: str) -> bool:
    """Whether it may stand for several files, as ``photos/*.jpg`` does."""
    return any(sign in path for sign in '*?[')


def check_folder(path: str | Path) -> None:
    """See that a folder of data is there.

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


def check_work_dir(path: str | Path) -> Path:
    """See that the folder of a run is there.

    Raises:
        DataError: if it is not.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise DataError(f'there is no work_dir {folder}{_meant(folder)}')
    return folder


def check_checkpoint(path: str | Path) -> None:
    """See that a checkpoint file is there; addresses are not asked.

    Raises:
        CheckpointError: if it is not.
    """
    file = Path(path).expanduser()
    if '://' in str(path) or file.is_file():
        return
    if file.is_dir():
        raise CheckpointError(f'{file} is a folder, not a checkpoint file')
    raise CheckpointError(f'there is no checkpoint {file}{_meant(file)}')


def check_names_checkpoint(config: str | Path) -> None:
    """See that what stands in the place of a config is a checkpoint.

    Raises:
        UserError: if it is not.
    """
    file = Path(config).expanduser()
    if file.suffix in CHECKPOINTS:
        return
    if not file.exists():
        raise UserError(
            f'there is no config, work_dir or checkpoint {config}{_meant(file)}'
        )
    raise UserError(
        f'there is no checkpoint to test {config} with; name one after it, or the '
        'work_dir of its training'
    )


def check_input(path: str) -> None:
    """See that what is predicted on is there; addresses and patterns are not asked.

    Raises:
        DataError: if it is not.
    """
    whole = os.path.expanduser(path)
    if is_url(path) or os.path.exists(whole) or is_pattern(path):
        return
    raise DataError(f'there is no file {whole}{_meant(Path(whole))}')


def _meant(path: Path) -> str:
    """Which name beside it was meant."""
    parent = path.parent
    names = os.listdir(parent) if parent.is_dir() else ()
    return did_you_mean(path.name, names)


def checkpoint_in(work_dir: str | Path) -> Path:
    """The checkpoint of a work_dir that a user most likely means.

    It is the newest ``best_*.pth``, else the one that ``last_checkpoint`` names, else
    the newest of all. Files that were cut off are passed over.

    Args:
        work_dir: The folder of a training.

    Raises:
        CheckpointError: if there is no whole checkpoint in it.

    Example:
        >>> checkpoint_in('.')
        Traceback (most recent call last):
        mmlite.errors.CheckpointError: there is no checkpoint (*.pth) in the folder ...
    """
    folder = Path(work_dir).expanduser()
    every = sorted(folder.glob('*.pth'), key=lambda path: path.stat().st_mtime)
    every.reverse()
    best = [path for path in every if path.name.startswith('best_')]
    note = folder / 'last_checkpoint'
    named = note.read_text(encoding='utf-8').strip() if note.is_file() else ''
    last = [folder / Path(named).name] if named else []
    for path in (*best, *last, *every):
        if path.is_file() and zipfile.is_zipfile(path):
            return path
    what = 'whole checkpoint' if every else 'checkpoint'
    raise CheckpointError(
        f'there is no {what} (*.pth) in the folder {folder}; name a checkpoint, or the '
        'work_dir of a training'
    )


def resolved(path: str | Path, say: bool = False) -> str:
    """A checkpoint as it was named, or that of a work_dir.

    Args:
        path: A file, an address, or a work_dir.
        say: Whether to print which one is taken of a work_dir.

    Raises:
        CheckpointError: if there is none.
    """
    if is_url(str(path)) or not Path(path).expanduser().is_dir():
        return str(path)
    found = checkpoint_in(path)
    if say:
        what = 'the newest best' if found.name.startswith('best_') else 'the latest'
        print(f'{"weights":<9} {found}, {what} of {path}', flush=True)
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
        raise UserError(
            'expected [CONFIG] CHECKPOINT INPUT..., but found no checkpoint '
            f'({", ".join(CHECKPOINTS)}) and no work_dir that holds one in the first '
            f'two of {" ".join(words)}'
        )
    if not inputs:
        raise UserError('there is no input: name an image, a folder or a pattern')
    return config, checkpoint, list(inputs)


def _is_checkpoint(word: str) -> bool:
    folder = Path(word).expanduser()
    of_training = folder.is_dir() and any(folder.glob('*.pth'))
    return Path(word).suffix in CHECKPOINTS or of_training
