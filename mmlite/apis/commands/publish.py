"""The command ``mmlite publish``."""

from __future__ import annotations

import argparse

from ...given import check_checkpoint, resolved
from .common import Command

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('checkpoint', help='checkpoint or work_dir of a training')
    parser.add_argument(
        'out', nargs='?', help='file to write; a hash is added to its name'
    )


def _run(args: argparse.Namespace) -> int:
    checkpoint = resolved(args.checkpoint, say='weights')
    check_checkpoint(checkpoint)
    from ..publishing import publish

    print(f'written {publish(checkpoint, args.out)}')
    return 0


COMMAND = Command('publish', 'weights alone, named by their hash', _add_arguments, _run)
