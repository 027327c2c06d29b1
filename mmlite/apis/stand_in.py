"""Train a stand-in where the data of a config cannot be obtained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import is_main_process

from ..config import load_config, loaders_in
from ..datasets.unread import can_wait, unread
from ..errors import ConfigError, DataNotFoundError
from ..registry import DATASETS


def find_data(cfg: Config) -> None:
    """Find or download the data that training takes, without reading it in.

    Those of ``test_dataloader`` are none of it.

    Raises:
        DataNotFoundError: if some of it is absent and cannot be downloaded.
    """
    loaders = [cfg.get(f'{split}_dataloader') for split in ('train', 'val')]
    for loader in (*loaders, *(loader for _, loader in loaders_in(cfg.get('model')))):
        described = isinstance(loader, Mapping)
        for dataset in _innermost(loader.get('dataset') if described else None):
            if _prepares(dataset['type']):
                unread(dataset).prepare()


def _innermost(dataset: Any) -> Iterator[Mapping[str, Any]]:
    """The configs of datasets that are around no other ones."""
    if isinstance(dataset, (list, tuple)):
        for each in dataset:
            yield from _innermost(each)
    elif isinstance(dataset, Mapping):
        inner = dataset.get('datasets') or dataset.get('dataset')
        around = isinstance(inner, (list, tuple, Mapping))
        yield from _innermost(inner) if around else [dataset]


def _prepares(kind: str | type) -> bool:
    """Whether a dataset can look for its files without reading them in."""
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    return callable(getattr(kind, 'prepare', None)) and can_wait(kind)


def names_stand_in(cfg: Config) -> bool:
    """Whether a config itself names a stand-in; an inherited one does not count."""
    if cfg.get('stand_in') is None or cfg.filename is None:
        return False
    return 'stand_in' in Path(cfg.filename).read_text(encoding='utf-8')


def stand_in_of(cfg: Config, reason: DataNotFoundError) -> Path:
    """The config file that ``cfg.stand_in`` names, relative to the config's own.

    Raises:
        DataNotFoundError: with the reason for needing it, if it is absent too.
    """
    path = Path(cfg.filename).parent / cfg.stand_in
    if not path.is_file():
        raise DataNotFoundError(
            f'{reason}\n  its stand_in {path} is absent too'
        ) from reason
    return path


def fitting(path: Path, overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part the overrides into those that a config has a place for, and the rest."""
    kept: list[str] = []
    dropped: list[str] = []
    for override in overrides:
        try:
            load_config(path, [*kept, override])
        except ConfigError:
            dropped.append(override)
        else:
            kept.append(override)
    return kept, dropped


def announce(
    wanted: Config,
    cfg: Config,
    reason: Exception,
    dropped: Sequence[str],
    kept: bool = True,
) -> str:
    """Say on the terminal that a stand-in is trained; return the closing word.

    Args:
        wanted: The config whose data are absent.
        cfg: The stand-in.
        reason: Why it is needed.
        dropped: The overrides that it has no place for.
        kept: Whether its results are; not those of a dry run.
    """
    rule = '=' * 78
    left_out = f'It has no place for {", ".join(dropped)}.\n' if dropped else ''
    results = f'Its results go to {cfg.work_dir}.\n' if kept else ''
    opening = (
        f'{rule}\n{reason}\n'
        f'STAND-IN: training {cfg.filename} instead of {wanted.filename}.\n'
        f'{left_out}{results}{rule}'
    )
    if is_main_process():
        print(opening, flush=True)
    checkpoints = f'Test its checkpoints with {cfg.filename}.\n' if kept else ''
    return (
        f'{rule}\nSTAND-IN: the figures above are those of {cfg.filename}, not of '
        f'{wanted.filename}, whose data was absent.\n'
        f'{checkpoints}{rule}'
    )
