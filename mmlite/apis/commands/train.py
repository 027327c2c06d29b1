"""The command ``mmlite train``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ...collecting import starting
from ...errors import UserError
from ...given import check_checkpoint, check_folder
from .common import Command, add_data, add_running, export_rank, suggest

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_running(parser, config_is_needed=False)
    add_data(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='PATH',
        help='continue from a checkpoint, or the latest of a work_dir; without PATH of '
        'the own one',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument(
        '--no-validate', action='store_true', help='do not validate while training'
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the total batch size',
    )
    log = parser.add_argument(
        '--log',
        nargs='+',
        default=(),
        metavar='SERVICE',
        help='where else to log: tensorboard, wandb, mlflow, ...',
    )
    suggest(log, _services)
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='two iterations, a short validation and a checkpoint; nothing is kept',
    )


def _services() -> Sequence[str]:
    from ...config.backends import SERVICES

    return sorted(SERVICES)


def _run(args: argparse.Namespace) -> int:
    if args.data is not None:
        check_folder(args.data)
    if args.resume not in (None, 'auto') and not Path(args.resume).is_dir():
        check_checkpoint(args.resume)
    if args.dry_run:
        return _dry_run(args)
    with starting():
        from ..training import train

    export_rank(args)
    train(
        args.config,
        args.cfg_options,
        data=args.data,
        task=args.task,
        model=args.model,
        pretrained=args.pretrained,
        epochs=args.epochs,
        work_dir=args.work_dir,
        resume=args.resume or False,
        amp=args.amp,
        validate=not args.no_validate,
        auto_scale_lr=args.auto_scale_lr,
        log=args.log,
        launcher=args.launcher,
    )
    return 0


def _dry_run(args: argparse.Namespace) -> int:
    with starting():
        from mmengine.dist import is_main_process

        from ..dry_running import dry_run

    if args.config is None:
        raise UserError('--dry-run takes a config; mmlite new --data writes one')

    done = dry_run(
        args.config,
        args.cfg_options,
        amp=args.amp,
        validate=not args.no_validate,
        auto_scale_lr=args.auto_scale_lr,
    )
    if is_main_process():
        print(done)
    return 0


COMMAND = Command('train', 'train a model', _add_arguments, _run)
