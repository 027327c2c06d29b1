"""The command ``mmlite knn``."""

from __future__ import annotations

import argparse

from ...given import check_folder
from .common import Command, add_overrides, checked_pair

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file, or a work_dir or checkpoint alone')
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help='checkpoint file or work_dir; without any the weights are random',
    )
    add_overrides(parser)
    parser.add_argument(
        '--data',
        metavar='FOLDER',
        help='folder of classes, in the place of the images of the config',
    )
    parser.add_argument('--k', type=int, default=20, help='number of neighbours')
    parser.add_argument(
        '--temperature',
        type=float,
        default=0.07,
        help='the lower, the more the nearest ones count',
    )
    parser.add_argument(
        '--shots', type=int, help='labelled images of each class; all by default'
    )
    parser.add_argument('--draws', type=int, default=5, help='how often to draw them')
    parser.add_argument(
        '--pixels', action='store_true', help='compare the pixels, not the features'
    )


def _run(args: argparse.Namespace) -> int:
    if args.data is not None:
        check_folder(args.data)
    config, checkpoint = checked_pair(args.config, args.checkpoint)
    from ..neighbours import knn

    found = knn(
        config,
        checkpoint,
        args.cfg_options,
        k=args.k,
        temperature=args.temperature,
        shots=args.shots,
        draws=args.draws,
        pixels=args.pixels,
        data=args.data,
    )
    for name, value in found.items():
        print(f'{name}  {value:.2f}')
    return 0


COMMAND = Command('knn', 'judge features by nearest neighbours', _add_arguments, _run)
