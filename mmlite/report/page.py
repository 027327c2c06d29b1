"""The pages: of one run, and of several beside each other."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config import config_of_text, flattened
from ..errors import ConfigError, UserError
from ..version import __version__
from .blocks import Curves, Line
from .charts import Chart, chart_of, short_number, shown_number
from .figures import leading, lower_is_better, measured, why_unmeasured
from .runs import OF_THE_RUN, Run, read_run

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ['comparison_page', 'run_page', 'write_page', 'write_report']

_TEMPLATES = Path(__file__).parent / 'templates'
_MOST_CHARTS = 6  # that are shown at once


class Card(NamedTuple):
    """A figure at the head of the page."""

    name: str
    value: str
    note: str = ''


class Command(NamedTuple):
    """A command to go on with, and what it is for."""

    purpose: str
    words: str


class Compared(NamedTuple):
    """A run in the table of several."""

    run: Run
    cells: list[tuple[str, bool]]  # what stands there, and whether it is the best


def write_report(work_dir: str | Path, out: str | Path | None = None) -> Path:
    """Write the page of a run, from what it has left in its work_dir.

    Args:
        work_dir: The folder.
        out: The file, or a folder for ``report.html``; by default the work_dir.

    Raises:
        DataError: if there is no run in it.
        UserError: if the file cannot be written.
    """
    path = Path(work_dir if out is None else out)
    if out is None or path.is_dir():
        path /= 'report.html'
    write_page(run_page(read_run(work_dir)), path)
    return path


def write_page(page: str, path: Path) -> None:
    """Write a page, whole or not at all.

    Raises:
        UserError: if it cannot be written.
    """
    part = path.with_name(f'.{path.name}.part')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(page, encoding='utf-8')
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise UserError(f'cannot write {path}: {error}') from error


def run_page(run: Run) -> str:
    """The page of one run, HTML that needs no other file.

    Args:
        run: What a work_dir holds.
    """
    charts, more = _charts(run.scalars.charts())
    sections = [
        ('results', 'Results', bool(_results(run))),
        ('curves', 'Curves', bool(charts)),
        ('pictures', 'Pictures', bool(run.blocks)),
        ('config', 'Config', True),
        ('environment', 'Environment', bool(run.facts.environment)),
        ('continue', 'How to continue', True),
    ]
    return _rendered(
        'run.html',
        title=run.name,
        run=run,
        facts=run.facts,
        cards=_cards(run),
        results=_results(run),
        charts=charts,
        more_charts=more,
        sections=[(anchor, name) for anchor, name, there in sections if there],
        commands=_commands(run),
        started=_date(run.facts.started),
    )


def comparison_page(runs: Sequence[Run]) -> str:
    """The page of several runs beside each other.

    Args:
        runs: What their work_dirs hold.
    """
    names = _names(runs)
    columns = list(dict.fromkeys(name for run in runs for name in run.metrics))
    columns = leading(dict.fromkeys(columns), most=8)
    charts, more = _charts_over_each_other(runs, names)
    return _rendered(
        'comparison.html',
        title=f'{len(runs)} runs',
        names=names,
        columns=columns,
        rows=_compared(runs, columns),
        charts=charts,
        more_charts=more,
        changes=_unlike(runs),
        unread=[name for run, name in zip(runs, names, strict=True) if not _cfg(run)],
        sections=[
            ('results', 'Results'),
            ('curves', 'Curves'),
            ('config', 'What differs'),
        ],
    )


def _rendered(template: str, **values: Any) -> str:
    style, script = (
        (_TEMPLATES / name).read_text(encoding='utf-8')
        for name in ('style.css', 'script.js')
    )
    page = _environment().get_template(template)
    written = time.strftime('%Y-%m-%d %H:%M')
    version = f'mmlite {__version__}'
    return page.render(
        style=style, script=script, written=written, version=version, **values
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters['number'] = shown_number
    made.filters['duration'] = _duration
    made.filters['short'] = _short
    made.filters['breakable'] = _breakable
    made.globals['chart_of'] = chart_of
    return made


def _charts(curves: Sequence[Curves]) -> tuple[list[Chart], list[Chart]]:
    """The charts that are shown, and those that are shown if they are asked for."""
    drawn = {each.key: chart_of(replace(each, x_label='iteration')) for each in curves}
    found = {key: chart for key, chart in drawn.items() if chart is not None}
    first = [key for key in ('Loss', 'Learning rate') if key in found]
    others = {key: None for key in found if key not in first}
    order = [*first, *leading(others, most=len(others))]
    charts = [found[key] for key in order]
    return charts[:_MOST_CHARTS], charts[_MOST_CHARTS:]


def _cards(run: Run) -> list[Card]:
    cards = []
    metrics = measured(run.metrics)
    where = 'test' if run.tested and run.tested.metrics else 'last validation'
    for name in leading(metrics):
        history = [value for _, value in run.scalars.val.get(name, ())]
        note = where
        if len(history) > 1 and where != 'test':
            best = min(history) if lower_is_better(name) else max(history)
            note = f'{where}; best {short_number(best)}'
        cards.append(Card(name, short_number(metrics[name]), note))
    losses = run.scalars.train.get('loss')
    if losses:
        cards.append(Card('loss', short_number(losses[-1][1]), _of_losses(losses)))
    if run.iterations:
        epochs = run.scalars.epochs
        epochs = f'{epochs} epoch{"s" * (epochs > 1)}' if epochs else ''
        number = f'{run.iterations:,}'
        cards.append(Card('iterations', number, epochs))
    if run.trained is not None:
        pace = run.scalars.mean_time()
        notes = ['with validation'] if run.scalars.val else []
        if pace:
            notes.append(f'{_pace(pace)} an iteration')
        cards.append(Card('training time', _duration(run.seconds), '; '.join(notes)))
    if run.facts.parameters:
        cards.append(Card('parameters', _thousands(run.facts.parameters)))
    return cards


def _result(name: str, value: float) -> str:
    why = why_unmeasured(name, value)
    return f'– ({why})' if why else shown_number(value)


def _of_losses(points: Sequence[tuple[int, float]]) -> str:
    """What the last loss is a mean of, and where it came from."""
    note = f'from {short_number(points[0][1])}'
    if len(points) > 1:  # a log line has the mean of all since the one before
        note = f'mean since iteration {points[-2][0]:,}; {note}'
    return note


def _results(run: Run) -> list[tuple[str, ...]]:
    """Name, last and best validation, and test if there is one, of each result."""
    validated = run.scalars.val
    tested = dict(run.tested.metrics) if run.tested else {}
    trained = dict(run.trained.metrics) if run.trained else {}
    rows = []
    for name in dict.fromkeys([*trained, *validated, *tested]):
        if name in ('time', 'data_time'):
            continue
        history = [value for _, value in validated.get(name, ())]
        best = ''
        if history:
            extreme = min(history) if lower_is_better(name) else max(history)
            best = _result(name, extreme)
        last = trained.get(name, history[-1] if history else None)
        test = tested.get(name)
        cells = ['' if v is None else _result(name, v) for v in (last, test)]
        rows.append((name, cells[0], best, cells[1]))
    return rows if tested else [row[:3] for row in rows]


def _commands(run: Run) -> list[Command]:
    def line(*words: str) -> str:
        return shlex.join(['mmlite', *words])

    folder = str(run.work_dir)
    commands = []
    if run.trained is not None and run.config:
        words = ['train', run.config, '--work-dir', folder, '--resume']
        commands.append(Command('Go on with the training', line(*words)))
    best = run.best
    if best and run.config and run.facts.has_test:
        words = ['test', run.config, best, '--work-dir', folder]
        commands.append(Command('Test', line(*words)))
    # A checkpoint imports nothing, so classes of one's own take the config as well.
    imports = '\ncustom_imports = ' in f'\n{run.resolved_text}'
    own = [run.config] if run.config and imports else []
    if best:
        picture = {
            'stereo': 'LEFT.png RIGHT.png',
            'gait': 'FOLDER_OF_SILHOUETTES',
        }.get(run.facts.task, 'PICTURE.jpg')
        commands += [
            Command('Predict', f'{line("predict", *own, best)} {picture}'),
            Command('Export to ONNX', line('export', *own, best)),
        ]
    commands.append(Command('Write this page again', line('report', folder)))
    return commands


def _names(runs: Sequence[Run]) -> list[str]:
    """What runs are called: their folders, longer where two have the same name."""
    short = [run.name for run in runs]
    return [
        name if short.count(name) == 1 else str(run.work_dir)
        for name, run in zip(short, runs, strict=True)
    ]


def _compared(runs: Sequence[Run], columns: Sequence[str]) -> list[Compared]:
    best = {}
    known = [measured(run.metrics) for run in runs]
    for name in columns:
        values = [metrics[name] for metrics in known if name in metrics]
        if values:
            best[name] = min(values) if lower_is_better(name) else max(values)
    rows = []
    for run in runs:
        cells = []
        for name in columns:
            value = run.metrics.get(name)
            is_best = value is not None and value == best.get(name) and len(runs) > 1
            cells.append(('' if value is None else _result(name, value), is_best))
        rows.append(Compared(run, cells))
    return rows


def _charts_over_each_other(
    runs: Sequence[Run], names: Sequence[str]
) -> tuple[list[Chart], list[Chart]]:
    """The curves of all runs in one chart each; of several losses the whole one."""
    lines: dict[str, list[Line]] = {}
    for run, name in zip(runs, names, strict=True):
        for curves in run.scalars.charts():
            first = curves.lines[0]
            lines.setdefault(curves.key, []).append(Line(name, first.x, first.y))
    return _charts([Curves(key, '', drawn, key=key) for key, drawn in lines.items()])


def _unlike(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """The entries of the configs that are not the same in all runs.

    A file that lies in the work_dir of each is the same. Of a run whose config cannot
    be read, nothing is stated.
    """
    known = [(run, _entries(run)) for run in runs]
    paths = dict.fromkeys(path for _, own in known for path in own)
    found = []
    for path in paths:
        values = [own.get(path, '') for _, own in known]
        unlike = {value for value, (_, own) in zip(values, known, strict=True) if own}
        within = {
            own.get(path, '').replace(f'{run.work_dir.resolve()}/', '')
            for run, own in known
            if own
        }
        if path not in OF_THE_RUN and len(unlike) > 1 and len(within) > 1:
            found.append((path, values))
    return found


def _entries(run: Run) -> dict[str, str]:
    return flattened(_cfg(run) or {})


def _cfg(run: Run) -> dict[str, Any] | None:
    try:
        return config_of_text(run.resolved_text, run.config, False).to_dict() or None
    except ConfigError:
        return None  # it is Python of one's own, which is not run for a report


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds))) if seconds >= 1 else '< 1 s'


def _pace(seconds: float) -> str:
    return f'{seconds:.3g} s' if seconds >= 1 else f'{seconds * 1000:.3g} ms'


def _date(stamp: float) -> str:
    return time.strftime('%Y-%m-%d %H:%M', time.localtime(stamp)) if stamp else ''


def _thousands(count: int) -> str:
    for unit, name in ((10**9, 'G'), (10**6, 'M'), (10**3, 'k')):
        if count >= unit:
            return f'{count / unit:.3g} {name}'
    return str(count)


def _breakable(name: str) -> Markup:
    """A metric's name that a browser may break after a slash or an underscore."""
    from markupsafe import Markup, escape

    return Markup(re.sub('([/_])', r'\1<wbr>', str(escape(name))))


def _short(text: str, most: int = 160) -> str:
    return text if len(text) <= most else f'{text[: most - 1]}…'
