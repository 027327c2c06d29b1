"""Write the page of a run again, or one of several runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from ..report import comparison_page, read_run, write_page, write_report

__all__ = ['report']


def report(
    work_dirs: str | Path | Sequence[str | Path], out: str | Path | None = None
) -> Path:
    """Write the page of a run again, or a page that compares several runs.

    Args:
        work_dirs: Folders that trainings or tests wrote to.
        out: The file; by default ``report.html`` in the folder, and of several
            ``comparison.html`` in the current one.

    Returns:
        The file.

    Raises:
        DataError: if a folder holds no run.
        UserError: if no folder is named, or the file cannot be written.

    Example:
        >>> report('absent')
        Traceback (most recent call last):
        mmlite.errors.DataError: there is no work_dir absent
    """
    one = isinstance(work_dirs, (str, os.PathLike))
    folders = [Path(work_dirs)] if one else [Path(each) for each in work_dirs]
    if not folders:
        raise UserError('name one work_dir or more to report on')
    if len(folders) == 1:
        return write_report(folders[0], out)
    path = Path(out or 'comparison.html')
    write_page(comparison_page([read_run(folder) for folder in folders]), path)
    return path
