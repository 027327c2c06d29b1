"""The command ``mmlite cam``."""

from __future__ import annotations

import argparse

from .common import Command, add_overrides, checked_words

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'words',
        nargs='+',
        metavar='[CONFIG] CHECKPOINT IMAGE...',
        help='a checkpoint, with its config if it does not hold it, and images',
    )
    add_overrides(parser)
    parser.add_argument(
        '--method',
        choices=('grad-cam', 'attention'),
        default='grad-cam',
        help='map of a class, or of the attention of a vision transformer',
    )
    parser.add_argument('--target', help='a class; by default the predicted one')
    parser.add_argument('--layer', help='name of a layer, e.g. backbone.layer4')
    parser.add_argument(
        '--out', default='cam', metavar='DIR', help='folder for the pictures'
    )
    parser.add_argument('--device', help='e.g. cpu or cuda:1')


def _run(args: argparse.Namespace) -> int:
    config, checkpoint, images = checked_words(args.words)
    from ..class_activation import cams

    for found, path in cams(
        config,
        checkpoint,
        images,
        args.out,
        method=args.method,
        target=args.target,
        layer=args.layer,
        device=args.device,
        overrides=args.cfg_options,
    ):
        of = f' of {found.target_name}' if found.target_name else ''
        layer = f' from {found.layer}' if found.layer else ''
        print(f'{path}: {found.method}{of}{layer}')
    return 0


COMMAND = Command('cam', 'see where in pictures a network looks', _add_arguments, _run)
