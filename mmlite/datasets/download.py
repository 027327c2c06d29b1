"""Fetch published files, so that a file under its final name is complete."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import shutil
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from mmengine import dist

from ..errors import DataError, DataNotFoundError
from .progress import Progress

__all__ = ['RemoteFile', 'extract', 'fetch', 'on_first_process']

_CHUNK = 1 << 18
_TIMEOUT = 20  # seconds without a byte


class RemoteFile(NamedTuple):
    """A file as it was published.

    Args:
        name: File name.
        md5: Its check sum, in hexadecimal digits.
        urls: Where it can be downloaded; tried in order.
    """

    name: str
    md5: str
    urls: tuple[str, ...]


def fetch(file: RemoteFile, folder: str | Path) -> Path:
    """Download a file, unless it is there and complete.

    It is written under another name, and takes its own when its check sum is
    right; an interruption at any moment leaves nothing that could be mistaken
    for it. A damaged file of that name is replaced.

    Args:
        file: What to fetch.
        folder: Where to; made if need be.

    Returns:
        The path of the whole file.

    Raises:
        DataNotFoundError: if no URL works, or the folder cannot be written to.
    """
    path = Path(folder) / file.name
    if path.is_file():
        if md5_of(path) == file.md5:
            return path
        _say(f'{path} is damaged or not complete (wrong md5 sum): fetching it again')
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    failures = []
    try:
        for url in file.urls:
            try:
                _download(url, part, file)
            except urllib.error.HTTPError as error:
                failures.append(f'{url}: {error}')
            except urllib.error.URLError as error:
                failures.append(f'{url}: {error.reason}')
            except (http.client.HTTPException, _BrokenError) as error:
                failures.append(f'{url}: {error or type(error).__name__}')
            else:
                os.replace(part, path)
                return path
    except OSError as error:
        raise _not_writable(path, error) from error
    finally:
        _remove(part)
    tried = '\n'.join(f'  tried {failure}' for failure in failures)
    raise DataNotFoundError(
        f'{file.name} could not be downloaded\n{tried}\n'
        f'  fetch it by hand and put it at {path}'
    )


def _remove(part: Path) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        part.unlink()


class _BrokenError(Exception):
    """What came is not what was published, or not all of it."""


def _download(url: str, part: Path, file: RemoteFile) -> None:
    _say(f'downloading {url}')
    digest = hashlib.md5(usedforsecurity=False)
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as source:
        total = int(source.headers.get('Content-Length') or 0)
        part.parent.mkdir(parents=True, exist_ok=True)
        with (
            contextlib.closing(Progress(file.name, total, 'MB', 1e6)) as progress,
            part.open('wb') as target,
        ):
            for chunk in _chunks(source):
                target.write(chunk)
                digest.update(chunk)
                progress.update(len(chunk))
    if total and progress.done != total:
        raise _BrokenError(f'it stopped after {progress.done} of {total} bytes')
    if digest.hexdigest() != file.md5:
        raise _BrokenError(
            f'its md5 sum is {digest.hexdigest()}, expected {file.md5}: the file was '
            'changed, or something else was sent in its place'
        )


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    while True:
        try:
            chunk = source.read(_CHUNK)
        except OSError as error:  # of the network, not of the disk
            raise _BrokenError(f'it stopped: {error}') from error
        if not chunk:
            return
        yield chunk


def md5_of(path: Path) -> str:
    """The md5 sum of a file, in hexadecimal digits."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open('rb') as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def extract(archive: Path, folder: Path, wanted: Sequence[str]) -> None:
    """Take files out of a tar archive.

    Only regular files that are asked for are written, each at its own name when
    it is whole; links and paths that lead elsewhere are refused.

    Args:
        archive: The archive.
        folder: Where to.
        wanted: Names of the files in it, e.g. ``'cifar-10-batches-py/test_batch'``.

    Raises:
        DataError: if the archive lacks one of them, or is damaged.
    """
    missing = set(wanted)
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = str(PurePosixPath(member.name))
                if name in missing and member.isfile():
                    _write(tar.extractfile(member), folder / name)
                    missing.discard(name)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise DataError(
            f'{archive} is damaged ({error}); delete it and start again'
        ) from error
    if missing:
        raise DataError(
            f'{archive} does not hold {sorted(missing)}; delete it and start again'
        )


def _write(source: BinaryIO, path: Path) -> None:
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open('wb') as target:
            shutil.copyfileobj(source, target)
        os.replace(part, path)
    except OSError as error:
        raise _not_writable(path, error) from error
    finally:
        _remove(part)


def _not_writable(path: Path, error: OSError) -> DataNotFoundError:
    return DataNotFoundError(
        f'cannot write {path}: {error.strerror or error}; make room or give '
        'permission, or set data_root to another folder'
    )


def on_first_process(action: Callable[[], None]) -> None:
    """Let the first of several processes do something while the others wait.

    If it fails there, it fails everywhere, with the same words: none is left
    waiting for a file that does not come.

    Raises:
        DataNotFoundError: if the action did.
        DataError: if anything else went wrong in the first process.
    """
    failure: Exception | None = None
    if dist.get_rank() == 0:
        try:
            action()
        except Exception as error:  # the others must not wait for ever
            failure = error
    absent = isinstance(failure, DataNotFoundError)
    outcome = [None if failure is None else str(failure), absent]
    if dist.is_distributed():
        dist.broadcast_object_list(outcome)
    if failure is not None:
        raise failure
    message, absent = outcome
    if message is not None:
        raise (DataNotFoundError if absent else DataError)(message)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
