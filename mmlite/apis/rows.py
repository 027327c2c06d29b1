"""Rows of plain values in a file: JSON, CSV, NumPy or pickle."""

from __future__ import annotations

import csv
import io
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from .targets import target_file

__all__ = ['check_rows_path', 'write_rows']

Rows = Sequence[Mapping[str, Any]]


def check_rows_path(path: str | Path) -> Path:
    """Check that rows can be written to a file, before there are any.

    Args:
        path: A ``.json``, ``.csv``, ``.npz`` or ``.pkl`` file; its folder is made if
            needed.

    Raises:
        UserError: if the ending is another one, or the folder is not writable.

    Example:
        >>> check_rows_path('predictions.txt')
        Traceback (most recent call last):
        mmlite.errors.UserError: rows are written to .json, .csv, .npz or .pkl files...
    """
    path = target_file(path, tuple(_WRITERS), 'rows')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f'cannot make the folder of {path}: {error}') from error
    return path


def write_rows(rows: Rows, path: str | Path) -> None:
    """Write rows to a file, whole or not at all.

    In a CSV file a list becomes its JSON text, and a value that a row lacks an empty
    cell. An ``.npz`` file has an array for each key that all rows have in one shape,
    and JSON text in the place of others.

    Args:
        rows: Dicts of plain values.
        path: The file; its ending says in which format.

    Raises:
        UserError: if it cannot be written.

    Example:
        >>> write_rows([dict(name='a.png', label=3, scores=[0.1, 0.9])], 'rows.csv')
        >>> print(Path('rows.csv').read_text())
        name,label,scores
        a.png,3,"[0.1, 0.9]"
        <BLANKLINE>
    """
    path = check_rows_path(path)
    part = path.with_name(f'.{path.name}.part')
    try:
        part.write_bytes(_WRITERS[path.suffix](list(rows)))
        part.replace(path)
    except OSError as error:
        raise UserError(f'cannot write {path}: {error}') from error


def _json(rows: Rows) -> bytes:
    return json.dumps([dict(row) for row in rows], indent=1).encode()


def _csv(rows: Rows) -> bytes:
    text = io.StringIO()
    columns = dict.fromkeys(key for row in rows for key in row)
    writer = csv.DictWriter(text, list(columns), lineterminator='\n')
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, tuple, dict)) else value


def _npz(rows: Rows) -> bytes:
    columns = dict.fromkeys(key for row in rows for key in row)
    arrays = {key: _array([row.get(key) for row in rows]) for key in columns}
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _array(values: Sequence[Any]) -> np.ndarray:
    try:
        found = np.asarray(values)
    except ValueError:  # of several shapes
        found = np.asarray(None)
    if found.dtype == object:
        found = np.asarray([json.dumps(value) for value in values])
    return found


#: How a file of each ending is written.
_WRITERS: dict[str, Callable[[Rows], bytes]] = {
    '.json': _json,
    '.csv': _csv,
    '.npz': _npz,
    '.pkl': pickle.dumps,
}
