"""Say what is wrong with a file that cannot be read as a checkpoint."""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from pathlib import Path

from ..errors import CheckpointError

__all__ = ['ODD_ARCHIVE', 'check_archive', 'damaged', 'is_archive']

_ARCHIVE = b'PK\x03\x04'
_PICKLE = b'\x80'
_POINTER = b'version https://git-lfs'
#: What reading an archive ends in whose directory has a flipped bit.
ODD_ARCHIVE = (
    EOFError,
    MemoryError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
#: Up to how many bytes a file is checked before it is read.
_CHECKED = 2 * 1024**3
_CHUNK = 1024**2


def check_archive(file: Path) -> None:
    """Compare the contents of a file that torch wrote with their checksums.

    torch itself does not, and would read weights with flipped bits. This costs
    about 0.3 ms per MB. Files of 2 GB and more are not checked, nor those that
    were written without checksums or in torch's format of before 1.6.

    Raises:
        CheckpointError: if something differs.
    """
    if file.stat().st_size >= _CHECKED or not is_archive(file):
        return
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                if entry.CRC:  # 0 is what torch writes if it makes none
                    with archive.open(entry) as content:
                        while content.read(_CHUNK):
                            pass
    except ODD_ARCHIVE as error:
        raise damaged(file, error) from error


def is_archive(file: Path) -> bool:
    """Whether a file is a zip archive, whole or damaged."""
    try:
        return zipfile.is_zipfile(file)
    except ODD_ARCHIVE:
        return True


def damaged(file: Path, error: Exception) -> CheckpointError:
    """What to say of a file that could not be read.

    Args:
        file: The file.
        error: What reading it ended in.
    """
    # A cut archive has torch seek to before its beginning, which is invalid.
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        return CheckpointError(f'cannot read {file}: {error.strerror}')
    if str(error).startswith('Attempting to deserialize'):
        return CheckpointError(
            f'{file} cannot be read to a device that this machine lacks; read it to '
            "the CPU with map_location='cpu'"
        )
    with file.open('rb') as opened:
        head = opened.read(len(_POINTER))
    if head == _POINTER:
        return CheckpointError(
            f'{file} is a pointer of git-lfs, not the file itself; git lfs pull it'
        )
    known = head.startswith((_ARCHIVE, _PICKLE)) or file.suffix == '.safetensors'
    if is_archive(file):  # complete, so that its contents decide
        known = isinstance(error, zipfile.BadZipFile)
    what = 'is cut off or damaged' if known else 'is not a checkpoint, or damaged'
    if not head:
        what = 'is empty'
    return CheckpointError(
        f'{file} {what} ({file.stat().st_size:,} bytes); copy or download it again, '
        'or use another one'
    )
