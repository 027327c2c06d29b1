"""The command ``mmlite reparameterize``."""

from __future__ import annotations

import argparse

from .common import Command, add_overrides, checked_pair

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file, or a work_dir or checkpoint alone')
    parser.add_argument(
        'checkpoint', nargs='?', help='checkpoint file, or the work_dir that holds it'
    )
    parser.add_argument('out', help='file to write')
    add_overrides(parser)


def _run(args: argparse.Namespace) -> int:
    config, checkpoint = checked_pair(args.config, args.checkpoint)
    from ..reparameterizing import reparameterize

    out = reparameterize(config, checkpoint, args.out, args.cfg_options)
    print(f'fused; build the model with model.backbone.deploy=True to load {out}')
    return 0


COMMAND = Command(
    'reparameterize', 'fuse a network for deployment', _add_arguments, _run
)
