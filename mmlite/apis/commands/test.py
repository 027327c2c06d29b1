"""The command ``mmlite test``."""

from __future__ import annotations

import argparse

from .common import Command, add_running, export_rank

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_running(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='write predictions to a .json, .csv, .npz or .pkl file',
    )
    parser.add_argument(
        '--out-whole',
        action='store_true',
        help='write ground truth and maps to that file too',
    )
    parser.add_argument(
        '--tta', action='store_true', help='average over augmented views'
    )


def _run(args: argparse.Namespace) -> int:
    from ..testing import test

    export_rank(args)
    test(
        args.config,
        args.checkpoint,
        args.cfg_options,
        work_dir=args.work_dir,
        out=args.out,
        out_whole=args.out_whole,
        tta=args.tta,
        launcher=args.launcher,
    )
    return 0


COMMAND = Command('test', 'test a checkpoint', _add_arguments, _run)
