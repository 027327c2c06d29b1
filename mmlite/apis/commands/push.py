"""The command ``mmlite push``."""

from __future__ import annotations

import argparse

from ...given import check_checkpoint, resolved
from .common import Command

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('checkpoint', help='checkpoint file or work_dir')
    parser.add_argument('repo', help='owner/name on the Hugging Face Hub')
    parser.add_argument('--config', help='config, if the checkpoint does not hold it')
    parser.add_argument(
        '--private', action='store_true', help='make a new repository private'
    )


def _run(args: argparse.Namespace) -> int:
    checkpoint = resolved(args.checkpoint, say='weights')
    check_checkpoint(checkpoint)
    from ..zoo.hub import push

    done = push(checkpoint, args.repo, args.config, private=args.private)
    print(f'pushed: {done}')
    return 0


COMMAND = Command('push', 'a model to the Hugging Face Hub', _add_arguments, _run)
