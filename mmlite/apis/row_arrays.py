"""Rows of plain values as arrays, without pickled objects."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ['OFFSETS', 'npz_of_rows']

#: Behind the name of an array of lists of several lengths: where each row begins.
OFFSETS = '_offsets'
_HEADS = ('', 'pred_', 'gt_')
_OF_BOXES = ('bboxes', 'bboxes_labels', 'labels', 'names', 'scores')
_PLAIN = (bool, int, float, str)


def npz_of_rows(rows: Sequence[Mapping[str, Any]], text: Callable[[Any], str]) -> bytes:
    """An ``.npz`` file with an array for each key of the rows.

    Values of one shape are stacked. Lists of several lengths, as the boxes of pictures,
    are joined: those of row ``i`` are ``a['bboxes'][begin:end]`` with ``begin, end =
    a['bboxes_offsets'][i : i + 2]``. What belongs to boxes is joined whatever the
    lengths are. Anything else is text.

    Args:
        rows: Dicts of plain values.
        text: Writes a value as text.

    Example:
        >>> rows = [dict(bboxes=[[0, 0, 4, 4]], name='a'), dict(bboxes=[], name='b')]
        >>> found = np.load(io.BytesIO(npz_of_rows(rows, str)))
        >>> found['bboxes'].shape, found['bboxes_offsets'], found['name']
        ((1, 4), array([0, 1, 1]), array(['a', 'b'], dtype='<U1'))
    """
    columns = dict.fromkeys(key for row in rows for key in row)
    of_boxes = {
        head + key for head in _HEADS for key in _OF_BOXES if f'{head}bboxes' in columns
    }
    file = io.BytesIO()
    # np.savez takes names as arguments, and so has some that no array can have.
    with zipfile.ZipFile(file, 'w') as archive:
        for key in columns:
            values = [row.get(key) for row in rows]
            free = key + OFFSETS not in columns
            for name, array in _arrays(key, values, key in of_boxes, free, text):
                with archive.open(f'{name}.npy', 'w', force_zip64=True) as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)
    return file.getvalue()


def _arrays(
    key: str,
    values: Sequence[Any],
    of_boxes: bool,
    free: bool,
    text: Callable[[Any], str],
) -> Iterator[tuple[str, np.ndarray]]:
    """The array of a column, or two."""
    stacked = None if of_boxes and free else _stacked(values)
    joined = _joined(values, _none_of(key)) if free else None
    if stacked is not None:
        yield key, stacked
    elif joined is not None:
        lengths = [len(value) for value in values]
        yield key, joined
        yield key + OFFSETS, np.cumsum([0, *lengths])
    else:
        yield key, np.asarray([text(value) for value in values])


def _stacked(values: Sequence[Any]) -> np.ndarray | None:
    """The array of all values, if they have one shape."""
    try:
        found = np.asarray(values)
    except ValueError:  # of several shapes
        return None
    return None if found.dtype == object else found


def _none_of(key: str) -> np.ndarray:
    """The array of a key of boxes where there is none at all."""
    if key.endswith('bboxes'):
        return np.zeros((0, 4))
    kinds = {'names': str, 'labels': int}
    return np.zeros(0, next((k for e, k in kinds.items() if key.endswith(e)), float))


def _joined(values: Sequence[Any], none: np.ndarray) -> np.ndarray | None:
    """The entries of all lists in one array, if these have one shape.

    Args:
        values: The lists.
        none: What stands for no entry at all.
    """
    if not all(isinstance(value, (list, tuple)) for value in values):
        return None
    entries = [entry for value in values for entry in value]
    if not entries:
        return none
    # Numbers beside texts would become texts.
    kinds = {type(entry) for entry in entries if not isinstance(entry, (list, tuple))}
    if kinds and (not kinds <= set(_PLAIN) or (str in kinds and len(kinds) > 1)):
        return None
    return _stacked(entries)
