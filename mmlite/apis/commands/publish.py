"""The command ``mmlite publish``."""

from __future__ import annotations

import argparse

from .common import Command

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('checkpoint', help='checkpoint of a training')
    parser.add_argument(
        'out', nargs='?', help='file to write; a hash is added to its name'
    )


def _run(args: argparse.Namespace) -> int:
    from ..publishing import publish

    print(f'written {publish(args.checkpoint, args.out)}')
    return 0


COMMAND = Command('publish', 'weights alone, named by their hash', _add_arguments, _run)
