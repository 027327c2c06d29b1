"""Fetch the file of an address once per machine, and see that it is the right one."""

from __future__ import annotations

import hashlib
import re
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, get_local_rank, is_main_process

from ..errors import CheckpointError

__all__ = ['download', 'place_of']

_HASH = re.compile(r'-([a-f0-9]{8,})\.')
_CHUNK = 1024**2


def place_of(url: str) -> Path:
    """Where the file of an address is kept: in torch hub's cache, under its own name.

    Example:
        >>> place_of('https://example.com/zoo/resnet18-f37072fd.pth').name
        'resnet18-f37072fd.pth'
    """
    return Path(torch.hub.get_dir(), 'checkpoints', Path(urlparse(url).path).name)


def download(url: str) -> Path:
    """The file of an address, fetched if it is not there.

    A file that was put there by hand is taken as well. Where the name carries
    a hash, as in ``resnet18-f37072fd.pth``, the file is compared with it.

    Raises:
        CheckpointError: if it cannot be fetched, saying how to place it by hand, or it
            is another file than the hash says.
    """
    file = place_of(url)
    found = _HASH.search(file.name)
    digest = found[1] if found else None
    if get_local_rank() == 0:
        if file.exists():
            _check(file, digest, url)
        else:
            _fetch(url, file, digest)
    barrier()
    return file


def _fetch(url: str, file: Path, digest: str | None) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(
            url, str(file), digest, progress=is_main_process()
        )
    except (URLError, HTTPException, OSError, RuntimeError) as error:
        raise CheckpointError(
            f'cannot download {url}: {error}; download it by other means, and put it '
            f'as {file.name} into {file.parent}, or give the path of the file'
        ) from error


def _check(file: Path, digest: str | None, url: str) -> None:
    if digest is None:
        return
    found = hashlib.sha256()
    with open(file, 'rb') as content:
        while chunk := content.read(_CHUNK):
            found.update(chunk)
    if not found.hexdigest().startswith(digest):
        raise CheckpointError(
            f'{file} is not the file of {url}: its SHA-256 begins with '
            f'{found.hexdigest()[: len(digest)]}, not with {digest}; remove it, or put '
            'the right file there'
        )
