"""What the commands share: the form of one, and arguments of several."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...given import CHECKPOINTS, check_checkpoint, check_input, resolved, split_words

__all__ = [
    'Command',
    'add_data',
    'add_overrides',
    'add_running',
    'checked_config',
    'checked_pair',
    'checked_words',
    'export_rank',
    'published_models',
    'suggest',
    'suggested',
]

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


class _Overrides(argparse.Action):
    """``OverrideAction``, imported where the option is given: ``--help`` is quick."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        from ...config import OverrideAction

        action = OverrideAction(self.option_strings, self.dest, nargs=self.nargs)
        action(parser, namespace, values, option_string)


class Command(NamedTuple):
    """A sub-command of ``mmlite``.

    Args:
        name: What the user types, e.g. ``'check-config'``.
        summary: A few words for ``--help``.
        add_arguments: Adds the arguments to the parser of the command.
        run: Runs it on the parsed arguments, and returns the exit code. What it
            needs is imported within, so that ``--help`` answers at once.
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def checked_pair(config: str, checkpoint: str | None) -> tuple[str, str | None]:
    """A config and a checkpoint, of which either may hold the other; see if both are.

    A work_dir stands for its checkpoint, which is said.
    """
    if checkpoint is not None:
        checkpoint = resolved(checkpoint, say='weights')
        check_checkpoint(checkpoint)
        return config, checkpoint
    config = resolved(config, say='weights')
    if Path(config).suffix in CHECKPOINTS:
        check_checkpoint(config)
    return config, None


def checked_config(config: str, say: bool = True) -> str:
    """A config, or a checkpoint that holds one, which is seen to be there.

    A work_dir stands for its checkpoint.

    Args:
        config: What the user names.
        say: Whether to print which checkpoint is taken of a work_dir.
    """
    config = resolved(config, 'config' if say else '')
    if Path(config).suffix in CHECKPOINTS:
        check_checkpoint(config)
    return config


def checked_words(words: Sequence[str]) -> tuple[str, str | None, list[str]]:
    """``[CONFIG] CHECKPOINT INPUT...`` of a command line, apart, if they are there."""
    config, checkpoint, inputs = split_words(words)
    config, checkpoint = checked_pair(config, checkpoint)
    for each in inputs:
        check_input(each)
    return config, checkpoint, inputs


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=_Overrides,
        default=[],
        metavar='KEY=VALUE',
        help='change entries of the config, e.g. model.backbone.depth=34 '
        '"param_scheduler.milestones=[3,5]"; a new key needs a leading +',
    )


def add_running(
    parser: argparse.ArgumentParser,
    config_is_needed: bool = True,
    config_help: str = 'config file',
) -> None:
    """Add what training and testing share."""
    count = dict() if config_is_needed else dict(nargs='?')
    parser.add_argument('config', help=config_help, **count)
    add_overrides(parser)
    parser.add_argument('--work-dir', help='where logs and checkpoints go')
    parser.add_argument(
        '--launcher',
        choices=LAUNCHERS,
        help='what started the processes; torchrun is detected',
    )
    # Older launchers pass the rank as an argument instead of LOCAL_RANK.
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, help=argparse.SUPPRESS
    )


def add_data(parser: argparse.ArgumentParser, **of_data: Any) -> None:
    """Add the folder of data, and the settings of its recipe."""
    parser.add_argument(
        '--data', metavar='FOLDER', help='folder to make a recipe for', **of_data
    )
    task = parser.add_argument(
        '--task',
        metavar='TASK',
        help='classification, detection, gait, stereo, selfsup or retrieval, if the '
        'folder does not show it',
    )
    model = parser.add_argument(
        '--model', metavar='NAME', help='e.g. resnet50; by default a small one'
    )
    pretrained = parser.add_argument(
        '--pretrained',
        metavar='FILE_OR_NAME',
        help='a checkpoint, or the name of a published model, to start from',
    )
    suggest(task, _tasks)
    suggest(model, _base_models)
    suggest(pretrained, published_models)
    parser.add_argument('--epochs', type=int, help='how long to train')


def suggest(option: argparse.Action, values: Callable[[], Sequence[str]]) -> None:
    """Let shells complete an option whose values argparse does not compare.

    Args:
        option: The option.
        values: Gives the values; it is called when the script for a shell is made.
    """
    option.suggested = values


def suggested(option: argparse.Action) -> list[str]:
    """The values that a shell completes an option with."""
    values = getattr(option, 'suggested', None)
    return [str(value) for value in (values() if values else option.choices or ())]


def published_models() -> Sequence[str]:
    """Names of the models that have published weights."""
    from ..zoo.cards import list_models

    return list_models(pretrained=True)


def _tasks() -> Sequence[str]:
    from ..recipes.bases import DEFAULTS

    return list(DEFAULTS)


def _base_models() -> Sequence[str]:
    from ..recipes.bases import model_names

    return model_names()


def export_rank(args: argparse.Namespace) -> None:
    """Set ``LOCAL_RANK`` from the argument of older launchers."""
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
