"""The command ``mmlite flops``."""

from __future__ import annotations

import argparse

from .common import Command, add_overrides, checked_config

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'config', help='config file, checkpoint or work_dir, or the name of a model'
    )
    add_overrides(parser)
    parser.add_argument(
        '--size',
        type=int,
        nargs='+',
        metavar='PIXELS',
        help='height and width, or the shape of the input without the batch',
    )
    parser.add_argument(
        '--depth', type=int, default=2, help='how deep modules are listed'
    )
    parser.add_argument('--json', action='store_true', help='print JSON')


def _run(args: argparse.Namespace) -> int:
    config = checked_config(args.config, say=not args.json)
    import json

    from ..counting import flops

    found = flops(config, args.size, args.cfg_options, args.depth)
    print(json.dumps(found.to_dict()) if args.json else found)
    return 0


COMMAND = Command('flops', 'count parameters and operations', _add_arguments, _run)
