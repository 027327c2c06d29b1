"""The command ``mmlite reparameterize``."""

from __future__ import annotations

import argparse

from .common import Command, add_overrides

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('out', help='file to write')
    add_overrides(parser)


def _run(args: argparse.Namespace) -> int:
    from ..reparameterizing import reparameterize

    out = reparameterize(args.config, args.checkpoint, args.out, args.cfg_options)
    print(f'fused; build the model with model.backbone.deploy=True to load {out}')
    return 0


COMMAND = Command(
    'reparameterize', 'fuse a network for deployment', _add_arguments, _run
)
