"""What a run leaves for its report, beside its log: one JSON file."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import DataError
from .blocks import Block, block_of

__all__ = ['Change', 'Facts', 'read_facts', 'write_facts']

FILE = 'report.json'


@dataclass
class Change:
    """An entry of a config that is not what its base has.

    Args:
        path: Where it is.
        before: What the base has; empty where it has none.
        after: What the config has; empty where it has none.
    """

    path: str
    before: str = ''
    after: str = ''


@dataclass
class Facts:
    """What there is to say of a run.

    Args:
        mode: ``'train'``, ``'val'`` or ``'test'``.
        status: ``'finished'``, ``'interrupted'``, or why it failed.
        config: The file of its config; empty if it was a dict.
        checkpoint: Its last checkpoint, or the one that it tested.
        best: Its best checkpoint, where ``save_best`` keeps one.
        started: When it began.
        seconds: How long it took, validations and checkpoints included.
        iterations: How many its training has done, with those that it resumed.
        resumed: Whether it went on with an earlier training.
        has_test: Whether its config has a test.
        task: What the model is for.
        model: Class of the model.
        parameters: How many it has.
        data: Number of samples and the like, by ``'train'``, ``'val'``, ``'test'``.
        metrics: The results of its last evaluation that are numbers.
        environment: Versions, machine, seed.
        changes: What its config has that the base lacks; None if it has no base.
        pictures: Blocks, as plain data.
    """

    mode: str
    status: str = 'finished'
    config: str = ''
    checkpoint: str = ''
    best: str = ''
    started: float = field(default_factory=time.time)
    seconds: float = 0.0
    iterations: int = 0
    resumed: bool = False
    has_test: bool = True
    task: str = ''
    model: str = ''
    parameters: int = 0
    data: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    changes: Sequence[Change] | None = None
    pictures: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        if self.changes is not None:
            self.changes = [
                Change(**each) if isinstance(each, Mapping) else each
                for each in self.changes
            ]

    @property
    def blocks(self) -> list[Block]:
        """What it shows."""
        return [block_of(each) for each in self.pictures]


def _check_kinds(facts: Facts) -> None:
    """Check that every value is of the kind that its default is of."""
    default = Facts('train')
    for each in fields(Facts):
        value, like = getattr(facts, each.name), getattr(default, each.name)
        kinds = {
            float: (int, float),
            tuple: (list, tuple),
            type(None): (list, type(None)),
        }.get(type(like), type(like))
        if not isinstance(value, kinds):
            raise TypeError(f'{each.name} is a {type(value).__name__}')


def write_facts(facts: Facts, folder: str | Path) -> None:
    """Write them into the log folder of a run."""
    path = Path(folder, FILE)
    part = path.with_suffix('.part')
    part.write_text(json.dumps(asdict(facts), default=str), encoding='utf-8')
    part.replace(path)


def read_facts(folder: str | Path) -> Facts | None:
    """Read what a run has left in its log folder; None if it has left nothing.

    Raises:
        DataError: if the file is not one of these.
    """
    path = Path(folder, FILE)
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        if not isinstance(content, dict):
            raise TypeError(f'expected a dict, got a {type(content).__name__}')
        facts = Facts(**content)
        _check_kinds(facts)
        return facts
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f'{path} is not what a run of mmlite leaves: {error}; remove it to go on '
            'without'
        ) from error
