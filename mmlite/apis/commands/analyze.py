"""The command ``mmlite analyze``."""

from __future__ import annotations

import argparse

from .common import Command

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'logs', nargs='+', metavar='LOG', help='work_dirs, or scalars.json files'
    )
    parser.add_argument(
        '--keys',
        nargs='+',
        default=(),
        metavar='KEY',
        help='what to look at, e.g. loss accuracy/top1',
    )
    parser.add_argument('--out', metavar='FILE', help='draw the curves, e.g. into .png')


def _run(args: argparse.Namespace) -> int:
    from ..analyzing import analyze

    for row in analyze(args.logs, args.keys, args.out):
        print(row.pop('log'))
        print(f'  {"iterations":<20} {row.pop("iterations")}')
        for name in ('time', 'data_time'):
            seconds = row.pop(name)
            if seconds is not None:
                print(f'  {name + " (s)":<20} {seconds:.4g} an iteration')
        for name, value in row.items():
            shown = 'none' if value is None else f'{value:.4g}'
            print(f'  {name:<20} {shown}')
    if args.out:
        print(f'written {args.out}')
    return 0


COMMAND = Command(
    'analyze', 'analyse logs: curves, and time an iteration', _add_arguments, _run
)
