"""Check files that are to be written, before the work begins."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError

__all__ = ['FIGURES', 'target_file']

#: Endings of drawings.
FIGURES = ('.png', '.pdf', '.svg', '.jpg')


def target_file(path: str | Path, endings: Sequence[str], what: str) -> Path:
    """Check that a file can be written, before there is anything to write.

    Args:
        path: The file; its folder need not be there.
        endings: What its name may end in.
        what: What is written, in the plural, for messages.

    Returns:
        The path.

    Raises:
        UserError: if the ending is another one, the path is a folder, or the folder
            around it cannot be written to.

    Example:
        >>> target_file('net.zip', ('.onnx', ), 'models')
        Traceback (most recent call last):
        mmlite.errors.UserError: models are written to .onnx files, got 'net.zip'
    """
    target = Path(path).expanduser()
    if target.is_dir() or str(path).endswith(('/', os.sep)):
        raise UserError(
            f'{path} is a folder; name a file in it, e.g. {target / "name"}{endings[0]}'
        )
    if target.suffix not in endings:
        *others, last = endings
        listed = f'{", ".join(others)} or {last}' if others else last
        raise UserError(f'{what} are written to {listed} files, got {str(path)!r}')
    there = next(parent for parent in target.absolute().parents if parent.exists())
    if not there.is_dir():
        raise UserError(f'cannot write {path}: {there} is a file, not a folder')
    if not os.access(there, os.W_OK):
        raise UserError(f'no permission to write {path}; name another folder')
    return target
