"""The command ``mmlite predict``."""

from __future__ import annotations

import argparse

from ...collecting import starting
from ..rows import check_rows_path
from .common import Command, add_overrides, checked_words

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'words',
        nargs='+',
        metavar='[CONFIG] CHECKPOINT INPUT...',
        help='a checkpoint, with its config if it does not hold it, or a work_dir, and '
        'images, folders, patterns or addresses',
    )
    add_overrides(parser)
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='write predictions to a .json, .csv, .npz or .pkl file',
    )
    parser.add_argument(
        '--show-dir', metavar='DIR', help='write the pictures with their predictions'
    )
    parser.add_argument('--device', help='e.g. cpu or cuda:1')
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--num-workers', type=int, default=0)
    parser.add_argument(
        '--on-error',
        choices=('raise', 'skip'),
        default='raise',
        help='what to do about a picture that cannot be read',
    )


def _run(args: argparse.Namespace) -> int:
    if args.out is not None:
        check_rows_path(args.out)
    config, checkpoint, inputs = checked_words(args.words)
    with starting():
        from ..predicting import predict

    found = predict(
        config,
        checkpoint,
        inputs,
        args.cfg_options,
        out=args.out,
        show_dir=args.show_dir,
        device=args.device,
        batch_size=args.batch_size,
        num_workers=args.num_workers,
        on_error=args.on_error,
        report=lambda each: print(f'{each.name}: {each.text()}', flush=True),
    )
    for hint in dict.fromkeys(each.hint for each in found if each.hint):
        print(hint)
    if written := _written(args, len(found)):
        print(f'written   {written}')
    return 0


def _written(args: argparse.Namespace, count: int) -> str:
    """What lies where now."""
    places = []
    if args.show_dir is not None:
        places.append(f'{count} picture{"" if count == 1 else "s"} in {args.show_dir}')
    if args.out is not None:
        places.append(f'predictions in {args.out}')
    return ', '.join(places)


COMMAND = Command('predict', 'predict on pictures', _add_arguments, _run)
