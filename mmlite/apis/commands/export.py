"""The command ``mmlite export``."""

from __future__ import annotations

import argparse

from .common import Command, add_overrides, checked_pair

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file, or a work_dir or checkpoint alone')
    parser.add_argument(
        'checkpoint', nargs='?', help='checkpoint file, or the work_dir that holds it'
    )
    add_overrides(parser)
    parser.add_argument('--out', metavar='FILE', help='file to write')
    parser.add_argument('--format', choices=('onnx', 'torch-export'), default='onnx')
    parser.add_argument(
        '--size',
        type=int,
        nargs='+',
        metavar='PIXELS',
        help='height and width; by default those of the test pipeline, or of the '
        'crops in training',
    )
    parser.add_argument(
        '--dynamic', action='store_true', help='let batch and image sizes vary'
    )
    parser.add_argument(
        '--preprocessing',
        action='store_true',
        help='include the normalisation; the input is RGB from 0 to 255',
    )
    parser.add_argument('--image', help='a picture to compare the outputs on')


def _run(args: argparse.Namespace) -> int:
    config, checkpoint = checked_pair(args.config, args.checkpoint)
    from ..exporting import export

    described: list[str] = []
    path = export(
        config,
        checkpoint,
        args.out,
        args.format,
        args.cfg_options,
        size=args.size,
        dynamic=args.dynamic,
        preprocessing=args.preprocessing,
        image=args.image,
        report=described.append,
    )
    print(
        f'written {path} for an input of {described[0]}: the same as in PyTorch on '
        'random and on real input'
    )
    return 0


COMMAND = Command(
    'export', 'export a model to ONNX or torch.export', _add_arguments, _run
)
