"""The command ``mmlite browse``."""

from __future__ import annotations

import argparse

from .common import Command, add_overrides, checked_config

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file, checkpoint or work_dir')
    add_overrides(parser)
    parser.add_argument(
        '--out', default='browsed', metavar='DIR', help='folder for the pictures'
    )
    parser.add_argument(
        '--phase',
        choices=('train', 'val', 'test'),
        default='train',
        help='whose data',
    )
    parser.add_argument('--number', type=int, default=4, help='how many samples')
    parser.add_argument('--start', type=int, default=0, help='the first of them')
    parser.add_argument('--seed', type=int, default=0, help='of the augmentation')


def _run(args: argparse.Namespace) -> int:
    config = checked_config(args.config)
    from ..browsing import browse

    sheet = browse(
        config,
        args.out,
        args.cfg_options,
        phase=args.phase,
        number=args.number,
        start=args.start,
        seed=args.seed,
    )
    print(f'written {sheet}')
    return 0


COMMAND = Command(
    'browse', 'see what a pipeline makes of the data', _add_arguments, _run
)
