"""Analyse logs: curves as a picture, and the time of an iteration."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError, suggestion
from ..report import Scalars, scalars_at, why_unmeasured
from .targets import FIGURES, target_file

__all__ = ['analyze']


def analyze(
    logs: str | Path | Sequence[str | Path],
    keys: Sequence[str] = (),
    out: str | Path | None = None,
) -> list[dict[str, Any]]:
    """Draw the curves of logs, and say how long an iteration takes.

    Args:
        logs: Work_dirs, log folders or ``scalars.json`` files.
        keys: What is drawn, e.g. ``('loss', 'accuracy/top1')``; by default the loss,
            the learning rate and the results of validations.
        out: The picture, e.g. ``'curves.png'``; without it nothing is drawn.

    Returns:
        A row for each log: its ``log``, ``iterations``, seconds of an iteration
        (``time``), how many of them were spent waiting for data (``data_time``), and
        the last value of each key.

    Raises:
        DataError: if there is no such log.
        UserError: if no log has a key, or the picture cannot be written.

    Example:
        >>> _ = Path('scalars.json').write_text('{"lr": 0.1, "loss": 2.0, "iter": 5}')
        >>> analyze('scalars.json')[0]['loss']
        2.0
    """
    if out is not None:
        out = target_file(out, FIGURES, 'plots')
    one = isinstance(logs, (str, os.PathLike))
    paths = [logs] if one else list(logs)
    if not paths:
        raise UserError('name one log or more')
    found = {str(path): scalars_at(path) for path in paths}
    known = list(dict.fromkeys(key for each in found.values() for key in _keys(each)))
    for key in keys:
        if key not in known:
            hint = suggestion(key, known)
            raise UserError(f'no log has a value {key!r}{hint}')
    chosen = list(keys) or [key for key in known if not _is_part(key)]
    if out is not None:
        _draw(found, chosen, out)
    return [_row(name, scalars, chosen) for name, scalars in found.items()]


def _keys(scalars: Scalars) -> list[str]:
    names = [*scalars.train, *scalars.val]
    return [key for key in names if key not in ('time', 'data_time')]


def _is_part(key: str) -> bool:
    """Whether it is one of several losses or rates, which are left out by default."""
    return ('loss' in key and key != 'loss') or (key.endswith('lr') and key != 'lr')


def _points(scalars: Scalars, key: str) -> list[tuple[int, float]]:
    points = scalars.train.get(key) or scalars.val.get(key) or []
    return [point for point in points if not why_unmeasured(key, point[1])]


def _row(name: str, scalars: Scalars, keys: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = dict(
        log=name,
        iterations=scalars.iterations,
        time=scalars.mean_time(),
        data_time=scalars.mean_time('data_time'),
    )
    for key in keys:
        points = _points(scalars, key)
        row[key] = points[-1][1] if points else None
    return row


def _draw(found: dict[str, Scalars], keys: Sequence[str], out: Path) -> None:
    from matplotlib.figure import Figure

    columns = min(2, len(keys))
    rows = -(-len(keys) // max(columns, 1)) or 1
    figure = Figure(figsize=(6.5 * max(columns, 1), 3.6 * rows), layout='constrained')
    places = figure.subplots(rows, max(columns, 1), squeeze=False).ravel()
    for axes, key in zip(places, keys, strict=False):
        for name, scalars in found.items():
            points = _points(scalars, key)
            marker = 'o' if len(points) < 2 else None
            axes.plot(
                [x for x, _ in points],
                [y for _, y in points],
                marker=marker,
                label=name,
            )
        axes.set(title=key, xlabel='iteration')
        axes.grid(alpha=0.3)
        axes.spines[['top', 'right']].set_visible(False)
        if len(found) > 1:
            axes.legend(fontsize='small')
    for axes in places[len(keys) :]:
        axes.set_axis_off()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=120)
    except (OSError, ValueError) as error:
        raise UserError(f'cannot write {out}: {error}') from error
