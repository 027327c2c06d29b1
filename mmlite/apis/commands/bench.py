"""The command ``mmlite bench``."""

from __future__ import annotations

import argparse

from .common import Command, add_overrides, checked_config

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file, checkpoint or work_dir')
    add_overrides(parser)
    parser.add_argument(
        '--iterations', type=int, default=50, help='iterations to measure'
    )
    parser.add_argument('--warmup', type=int, default=10, help='iterations before that')


def _run(args: argparse.Namespace) -> int:
    config = checked_config(args.config)
    from ..benching import bench

    print(
        bench(
            config,
            args.cfg_options,
            iterations=args.iterations,
            warmup=args.warmup,
        )
    )
    return 0


COMMAND = Command(
    'bench', 'see where the time of a training goes', _add_arguments, _run
)
