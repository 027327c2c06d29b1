"""The command ``mmlite prepare-gait``."""

from __future__ import annotations

import argparse

from .common import Command

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('source', help='folder of the data set')
    parser.add_argument('out', help='folder to write')
    parser.add_argument(
        '--layout',
        default='casiab',
        help='casiab, oumvlp, gait3d, grew or sustech1k',
    )
    parser.add_argument('--size', type=int, default=64, help='pixels of a frame')


def _run(args: argparse.Namespace) -> int:
    from ..preparing_gait import prepare_gait

    found = prepare_gait(args.source, args.out, args.layout, args.size)
    print(f'written {found.walks} walks to {args.out}')
    for name, dropped in (
        ('frames that show nobody', found.dropped_frames),
        ('walks without a frame', found.dropped_walks),
        ('walks of fewer than 5 frames', found.short_walks),
    ):
        if dropped:
            print(f'{len(dropped)} {name}:', *dropped, sep='\n  ')
    return 0


COMMAND = Command(
    'prepare-gait', 'cut and centre silhouettes of walks', _add_arguments, _run
)
