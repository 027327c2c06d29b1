"""The command ``mmlite test``."""

from __future__ import annotations

import argparse

from ...collecting import starting
from ...given import check_names_checkpoint
from .common import Command, add_running, checked_pair, export_rank

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_running(parser, config_help='config file, or a work_dir or checkpoint alone')
    parser.add_argument(
        'checkpoint', nargs='?', help='checkpoint file, or the work_dir that holds it'
    )
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
    config, checkpoint = checked_pair(args.config, args.checkpoint)
    if checkpoint is None:
        check_names_checkpoint(config)
    with starting():
        from ..testing import test

    export_rank(args)
    test(
        config,
        checkpoint,
        args.cfg_options,
        work_dir=args.work_dir,
        out=args.out,
        out_whole=args.out_whole,
        tta=args.tta,
        launcher=args.launcher,
    )
    return 0


COMMAND = Command('test', 'test a checkpoint', _add_arguments, _run)
