"""Rows of plain values in a file: JSON, CSV, NumPy or pickle."""

from __future__ import annotations

import csv
import io
import json
import math
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from logging import WARNING
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from ..errors import DataError, UserError
from .row_arrays import npz_of_rows
from .targets import target_file

__all__ = ['check_rows_path', 'write_rows']

Rows = Sequence[Mapping[str, Any]]

#: Keys by which a row is called in a message.
_NAMES = ('input', 'img_path', 'sample_idx')
_EDGES = ('x1', 'y1', 'x2', 'y2')
#: Lists with an entry a box, as predictions and tests call them, and their columns.
_OF_BOXES = {'labels': 'label', 'names': 'name', 'scores': 'score'}


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
    cell; the boxes of a picture become a row each (``x1, y1, x2, y2, label, name,
    score``), or one with empty cells if there are none. A column of the boxes that a
    row has a value of its own for is called ``box_label`` and so on. A name of a file
    that is not UTF-8 is written with the bytes that it has. An ``.npz`` file has an
    array for each key that all rows have in one shape. Lists of several lengths, as
    boxes are, are joined to one array; ``KEY_offsets`` says where each row begins.
    Other values are JSON text. It holds no pickled objects.

    JSON has no word for NaN and infinite values: they become null, which is reported.

    Args:
        rows: Dicts of plain values.
        path: The file; its ending says in which format.

    Raises:
        UserError: if it cannot be written.
        DataError: if in a CSV file a row does not have one label, name or score a box.

    Example:
        >>> write_rows([dict(name='a.png', label=3, scores=[0.1, 0.9])], 'rows.csv')
        >>> print(Path('rows.csv').read_text())
        name,label,scores
        a.png,3,"[0.1, 0.9]"
        <BLANKLINE>
    """
    path = check_rows_path(path)
    part = path.with_name(f'.{path.name}.part')
    rows = list(rows)
    _report_not_finite(rows, path)
    try:
        part.write_bytes(_WRITERS[path.suffix](rows))
        part.replace(path)
    except OSError as error:
        raise UserError(f'cannot write {path}: {error}') from error


def _report_not_finite(rows: Rows, path: Path) -> None:
    """Say which rows hold NaN or infinite values, which seldom are meant."""
    wrong = [
        (place, key)
        for place, row in enumerate(rows)
        for key, value in row.items()
        if not _is_finite(value)
    ]
    if not wrong:
        return
    place, key = wrong[0]
    name = _name_of(rows[place], place)
    count = len({place for place, _ in wrong})
    null = '' if path.suffix == '.pkl' else '; they are null in JSON'
    print_log(
        f'{path}: {count} of {len(rows)} rows hold NaN or infinite values{null}; the '
        f'first is {key} of {name}',
        'current',
        WARNING,
    )


def _name_of(row: Mapping[str, Any], place: int) -> Any:
    """By what a row is called in a message."""
    return next((row[name] for name in _NAMES if name in row), f'row {place}')


def _is_finite(value: Any) -> bool:
    """Whether there is no NaN or infinite number in a value, however it is nested."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return _has_finite_sum(value) or all(map(_is_finite, value))
    return True


def _has_finite_sum(values: Sequence[Any]) -> bool:
    """Whether they are finite by their sum, as most are: faster than one by one."""
    try:
        return math.isfinite(sum(values))
    except (OverflowError, TypeError):  # other values than numbers
        return False


def _finite(value: Any) -> Any:
    """The value with None in the place of NaN and infinite numbers."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return value


def _text(value: Any, **how: Any) -> str:
    """The value as JSON that every program reads."""
    try:
        return json.dumps(value, allow_nan=False, **how)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False, **how)


def _json(rows: Rows) -> bytes:
    return _text([dict(row) for row in rows], indent=1).encode()


def _csv(rows: Rows) -> bytes:
    heads = [_head_of_boxes(row) for row in rows]
    parts = list(map(_without_boxes, rows, heads))
    taken = {key for rest in parts for key in rest}
    rows = [
        one
        for place, (row, head, rest) in enumerate(zip(rows, heads, parts, strict=True))
        for one in ([rest] if head is None else _by_box(place, row, head, rest, taken))
    ]
    text = io.StringIO()
    columns = dict.fromkeys(key for row in rows for key in row)
    writer = csv.DictWriter(text, list(columns), lineterminator='\n')
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    return text.getvalue().encode(errors='surrogateescape')


def _head_of_boxes(row: Mapping[str, Any]) -> str | None:
    """What stands before ``bboxes`` in the keys of a row; None if it has no boxes."""
    return next((head for head in ('', 'pred_') if f'{head}bboxes' in row), None)


def _without_boxes(row: Mapping[str, Any], head: str | None) -> Mapping[str, Any]:
    """What a row says of the whole picture."""
    if head is None:
        return row
    gone = {f'{head}{key}' for key in ('bboxes', *_OF_BOXES)}
    return {key: value for key, value in row.items() if key not in gone}


def _by_box(
    place: int, row: Mapping[str, Any], head: str, rest: Mapping[str, Any], taken: set
) -> Iterator[Mapping[str, Any]]:
    """The row of a detector as one for each of its boxes."""
    boxes = row[f'{head}bboxes']
    edges = [_free(edge, taken) for edge in _EDGES]
    columns = {}
    for key, column in _OF_BOXES.items():
        values = row.get(f'{head}{key}', boxes)
        if not isinstance(values, (list, tuple)) or len(values) != len(boxes):
            raise DataError(
                f'{_name_of(row, place)} has {len(boxes)} {head}bboxes, but as '
                f'{head}{key} {_length(values)}; a table needs a list with one for '
                'each box'
            )
        if f'{head}{key}' in row:
            columns[_free(column, taken)] = values
    if not boxes:
        yield rest | dict.fromkeys((*edges, *columns))
    for number, box in enumerate(boxes):
        if len(box) != len(edges):
            raise DataError(
                f'box {number} of {_name_of(row, place)} has {len(box)} numbers; a '
                f'table needs {len(edges)}, {", ".join(_EDGES)}'
            )
        own = {column: values[number] for column, values in columns.items()}
        yield rest | dict(zip(edges, box, strict=True)) | own


def _free(column: str, taken: set) -> str:
    """The name of a column of boxes that no row has as a key of its own."""
    while column in taken:
        column = f'box_{column}'
    return column


def _length(values: Any) -> str:
    return str(len(values)) if isinstance(values, (list, tuple)) else repr(values)


def _cell(value: Any) -> Any:
    return _text(value) if isinstance(value, (list, tuple, dict)) else value


def _npz(rows: Rows) -> bytes:
    return npz_of_rows(rows, _text)


#: How a file of each ending is written.
_WRITERS: dict[str, Callable[[Rows], bytes]] = {
    '.json': _json,
    '.csv': _csv,
    '.npz': _npz,
    '.pkl': pickle.dumps,
}
