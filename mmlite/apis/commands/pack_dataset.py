"""The command ``mmlite pack-dataset``."""

from __future__ import annotations

import argparse

from .common import Command, add_overrides

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('source', help='folder of images, or config file')
    parser.add_argument('out', help='folder to write')
    add_overrides(parser)
    parser.add_argument(
        '--split',
        choices=('train', 'val', 'test'),
        help="which part of the folder, or which of a config's datasets",
    )
    parser.add_argument(
        '--short-edge',
        type=int,
        metavar='PIXELS',
        help='resize so that the shorter edge has this length',
    )
    parser.add_argument(
        '--center-crop',
        action='store_true',
        help='cut a square out of the centre, of the length of the shorter edge',
    )
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        metavar=('WIDTH', 'HEIGHT'),
        help='resize to this size, whatever the shape was',
    )
    parser.add_argument(
        '--interpolation',
        default='bilinear',
        help='how to resize: bilinear, bicubic, area, lanczos, nearest',
    )
    parser.add_argument(
        '--on-error',
        choices=('raise', 'skip'),
        help='what to do about an image that cannot be read',
    )
    parser.add_argument('--num-workers', type=int, help='processes that decode')


def _run(args: argparse.Namespace) -> int:
    from ..packing import pack_dataset

    out = pack_dataset(
        args.source,
        args.out,
        args.cfg_options,
        split=args.split,
        short_edge=args.short_edge,
        center_crop=args.center_crop,
        size=args.size,
        interpolation=args.interpolation,
        on_error=args.on_error,
        num_workers=args.num_workers,
    )
    print(f"packed; read it with dict(type='PackedDataset', data_root={str(out)!r})")
    return 0


COMMAND = Command(
    'pack-dataset', 'decode a dataset once, into one file', _add_arguments, _run
)
