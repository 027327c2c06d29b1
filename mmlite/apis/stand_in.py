"""What a front-door config does where its data cannot be had."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

from ..errors import ConfigError
from ..registry import DATASETS


def find_data(cfg: Config) -> None:
    """Find or download the data of a config, without reading it in.

    Raises:
        DataNotFoundError: if some of it is absent and cannot be downloaded.
    """
    for split in ('train', 'val', 'test'):
        loader = cfg.get(f'{split}_dataloader')
        dataset = loader.get('dataset') if isinstance(loader, dict) else None
        if isinstance(dataset, dict) and _prepares(dataset['type']):
            DATASETS.build(dict(dataset, lazy_init=True)).prepare()


def _prepares(kind: str | type) -> bool:
    """Whether a dataset can look for its files without reading them in."""
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    return callable(getattr(kind, 'prepare', None))


def stand_in_of(cfg: Config) -> Path:
    """The config file that ``cfg.stand_in`` names, relative to the config's own."""
    path = Path(cfg.filename).parent / cfg.stand_in
    if not path.is_file():
        raise ConfigError(
            f'stand_in names {cfg.stand_in!r}, but {path} is no file', cfg.filename
        )
    return path


def announce(wanted: Config, cfg: Config, reason: Exception) -> str:
    """Say on the terminal that a stand-in is trained; return the closing word."""
    rule = '=' * 78
    print(
        f'{rule}\n{reason}\n'
        f'STAND-IN: training {cfg.filename} instead of {wanted.filename}.\n'
        f'Its results go to {cfg.work_dir}.\n{rule}'
    )
    return (
        f'{rule}\nSTAND-IN: the figures above are those of {cfg.filename}, not of '
        f'{wanted.filename}, whose data was absent.\n{rule}'
    )
