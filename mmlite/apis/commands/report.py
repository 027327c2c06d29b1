"""The command ``mmlite report``."""

from __future__ import annotations

import argparse

from ...given import check_work_dir
from .common import Command

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'work_dirs', nargs='+', metavar='WORK_DIR', help='folders of runs'
    )
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='the page; by default report.html in the folder, and comparison.html '
        'here of several',
    )


def _run(args: argparse.Namespace) -> int:
    for folder in args.work_dirs:
        check_work_dir(folder)
    from ..reporting import report

    print(report(args.work_dirs, args.out))
    return 0


COMMAND = Command(
    'report', 'write the page of a run, or compare several', _add_arguments, _run
)
