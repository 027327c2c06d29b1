"""What a work_dir holds of its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..config import config_of_text, flattened
from ..errors import ConfigError, DataError
from ..given import check_work_dir
from ..visualization import read_image
from .blocks import Block, Matrix, Picture, Pictures
from .facts import Change, Facts, read_facts
from .scalars import Scalars, read_scalars

__all__ = ['OF_THE_RUN', 'Run', 'read_run', 'scalars_at']

#: What is not said of a config: it is of the run, not of the recipe.
OF_THE_RUN = ('work_dir', 'launcher', 'resume')
_MOST_PICTURES = 12
_SCALARS = 'vis_data/scalars.json'
_CONFIG = 'vis_data/config.py'


@dataclass
class Run:
    """What a report is made of.

    Args:
        work_dir: The folder.
        scalars: What the training has logged.
        trained: What the last training has left; None if there was none.
        tested: What the last test after it has left.
        seconds: How long the training took, with those that it resumed.
        config_text: The config of the last training, as it lies in the work_dir.
        resolved_text: The same with all that it inherits and what the command line
            changed, whatever has been run in the folder since.
        pictures: What the visualizer has written.
    """

    work_dir: Path
    scalars: Scalars
    trained: Facts | None = None
    tested: Facts | None = None
    seconds: float = 0.0
    config_text: str = ''
    resolved_text: str = ''
    pictures: list[Block] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What it is called: the name of its folder."""
        return self.work_dir.resolve().name

    @property
    def facts(self) -> Facts:
        """What is known of the training, or else of the test."""
        return self.trained or self.tested or Facts('train', status='', started=0.0)

    @property
    def iterations(self) -> int:
        """How many the training has done; of one that was killed, the last logged."""
        return self.facts.iterations or self.scalars.iterations

    @property
    def metrics(self) -> dict[str, float]:
        """The results of the last test, or else of the last validation."""
        if self.tested is not None and self.tested.metrics:
            return dict(self.tested.metrics)
        if self.trained is not None and self.trained.metrics:
            return dict(self.trained.metrics)
        found = self.scalars.last()
        return {k: v for k, v in found.items() if k not in ('time', 'data_time')}

    @property
    def checkpoint(self) -> str:
        """The last checkpoint that is still there, as it would be typed."""
        marked = self.work_dir / 'last_checkpoint'
        named = Path(marked.read_text().strip()) if marked.is_file() else None
        if named is not None and not named.is_file():
            named = self.work_dir / named.name  # the folder has been moved
        if named is None or not named.is_file():
            files = sorted(self.work_dir.glob('*.pth'), key=lambda p: p.stat().st_mtime)
            named = files[-1] if files else None
        return self.facts.checkpoint if named is None else self._typed(named)

    @property
    def best(self) -> str:
        """The best checkpoint of the training; the last one where none is kept."""
        named = Path(self.trained.best) if self.trained and self.trained.best else None
        if named is not None and not named.is_file():
            named = self.work_dir / named.name  # the folder has been moved
        known = named is not None and named.is_file()
        return self._typed(named) if known else self.checkpoint

    def _typed(self, path: Path) -> str:
        own = _is_in(path, self.work_dir)
        return str(self.work_dir / path.name if own else path)

    @property
    def config(self) -> str:
        """The config file to go on with: the copy in the work_dir, if there is one."""
        copy = self.config_copy
        return str(copy) if copy else self.facts.config

    @property
    def config_copy(self) -> Path | None:
        """The config in the work_dir."""
        return _config_in(self.work_dir, self.facts.config)

    @property
    def blocks(self) -> list[Block]:
        """Pictures and the like: of the test, or else of the training."""
        tested = self.tested.blocks if self.tested else []
        trained = self.trained.blocks if self.trained else []
        return [*(tested or trained), *self.pictures]


def read_run(work_dir: str | Path) -> Run:
    """What a work_dir holds.

    Args:
        work_dir: The folder that a training or test wrote to.

    Raises:
        DataError: if there is no such folder, or no run in it.
    """
    folder = check_work_dir(work_dir)
    logs = list(_log_folders(folder))
    if not logs:
        raise DataError(
            f'{folder} is no work_dir: it holds no log of a training or test '
            f'(TIME/{_SCALARS}); name the folder that mmlite train calls work_dir'
        )
    left = {log: read_facts(log) for log in logs}
    every = [facts for facts in left.values() if facts is not None]
    trained = next((f for f in reversed(every) if f.mode == 'train'), None)
    if trained is not None and trained.changes is None:
        # It resumed with the copy in the work_dir, which inherits nothing.
        own = Path(trained.config).resolve().parent == folder.resolve()
        trained.changes = _changes_since(left, trained) if own else None
    later = [f for f in every if trained is None or f.started >= trained.started]
    tested = next((f for f in reversed(later) if f.mode != 'train'), None)
    logged = [log / _SCALARS for log in logs if (log / _SCALARS).is_file()]
    run = Run(folder, read_scalars(logged), trained, tested, _train_seconds(every))
    copy = run.config_copy
    run.config_text = copy.read_text(encoding='utf-8') if copy else ''
    kept = _config_of(left, trained or tested)
    run.resolved_text = kept.read_text(encoding='utf-8') if kept else run.config_text
    tables = any(isinstance(block, Matrix) and block.counts for block in run.blocks)
    run.pictures = _pictures_in(logs, with_matrix=not tables)
    return run


def _changes_since(
    left: Mapping[Path, Facts | None], trained: Facts
) -> list[Change] | None:
    """What a training changes that went on with the config of one before it."""
    known = [(log, f) for log, f in left.items() if f is not None and f.mode == 'train']
    earlier = [(log, facts) for log, facts in known if facts.changes]
    if not earlier:
        return None
    log, facts = earlier[-1]
    changes = {change.path: change for change in facts.changes or ()}
    before = _entries_at(log)
    now = next(_entries_at(log) for log, facts in known if facts is trained)
    for path in {**before, **now} if before and now else ():
        old, new = before.get(path, ''), now.get(path, '')
        if old != new and path not in OF_THE_RUN:
            inherited = changes[path].before if path in changes else old
            changes[path] = Change(path, inherited, new)
    return [change for change in changes.values() if change.before != change.after]


def _entries_at(log: Path) -> dict[str, str]:
    """Every entry of the config that a run has kept; none if it cannot be read."""
    path = log / _CONFIG
    if not path.is_file():
        return {}
    try:
        cfg = config_of_text(path.read_text(encoding='utf-8'), str(path), False)
    except ConfigError:
        return {}
    return flattened(cfg.to_dict())


def _train_seconds(every: list[Facts]) -> float:
    """How long the last training took, with those that it goes on with."""
    total = 0.0
    for facts in reversed([f for f in every if f.mode == 'train']):
        total += facts.seconds
        if not facts.resumed:
            break
    return total


def scalars_at(path: str | Path) -> Scalars:
    """The values of a log.

    Args:
        path: A work_dir, the folder of one of its runs, or a ``scalars.json``.

    Raises:
        DataError: if there is no log.
    """
    path = Path(path).expanduser()
    if path.is_file():
        beside = path.parent / _SCALARS
        return read_scalars([beside if path.suffix == '.log' else path])
    if (path / _SCALARS).is_file():
        return read_scalars([path / _SCALARS])
    return read_run(path).scalars


def _log_folders(folder: Path) -> Iterator[Path]:
    """The log folders of runs, the oldest first, by their names."""
    for path in sorted(folder.iterdir()):
        holds = (path / 'vis_data').is_dir() or (path / 'report.json').is_file()
        if path.is_dir() and holds:
            yield path


def _config_of(left: Mapping[Path, Facts | None], chosen: Facts | None) -> Path | None:
    """The config that a run has kept beside its log.

    Of runs that left nothing but a log, the latest is taken.
    """
    for log, facts in reversed(left.items()):
        path = log / _CONFIG
        if (facts is chosen or chosen is None) and path.is_file():
            return path
    return None


def _config_in(folder: Path, named: str) -> Path | None:
    own = folder / Path(named).name if named else None
    if own is not None and own.is_file():
        return own
    files = [p for p in folder.glob('*.py') if p.is_file()]
    return max(files, key=lambda path: path.stat().st_mtime, default=None)


def _is_in(path: Path, folder: Path) -> bool:
    return path.resolve().parent == folder.resolve()


def _pictures_in(logs: list[Path], with_matrix: bool) -> list[Block]:
    """What the visualizer has written, each picture at its last step."""
    latest: dict[str, tuple[int, Path]] = {}
    for log in logs:
        for path in (log / 'vis_data/vis_image').glob('*.png'):
            name, _, step = path.stem.rpartition('_')
            number = int(step) if step.isdigit() else -1
            if number >= latest.get(name, (-1, path))[0]:
                latest[name] = number, path
    if not with_matrix:  # as it is there as a table
        latest = {n: p for n, p in latest.items() if 'confusion_matrix' not in n}
    if not latest:
        return []
    shown = [
        Picture.of(
            read_image(path),
            f'{name}, step {step}' if step >= 0 else path.stem,
            f'{name} as the visualizer has drawn it',
        )
        for name, (step, path) in sorted(latest.items())[:_MOST_PICTURES]
    ]
    more = len(latest) - len(shown)
    note = f'{more} more are in TIME/vis_data/vis_image.' if more else ''
    return [Pictures('Pictures of the visualizer', note, shown)]
