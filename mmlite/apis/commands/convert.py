"""The command ``mmlite convert``."""

from __future__ import annotations

import argparse

from .common import Command

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('out', help='file to write, e.g. of .pth or .safetensors')
    parser.add_argument(
        '--from',
        dest='source',
        default='mmlite',
        metavar='PROJECT',
        help='project of the checkpoint: timm, torchvision, mmpretrain, huggingface, '
        'opengait, ..., or a key map, e.g. timm-swin',
    )
    parser.add_argument(
        '--to',
        dest='target',
        default='mmlite',
        metavar='PROJECT',
        help='project whose names it gets, likewise',
    )
    parser.add_argument(
        '--model', help='config or name of the model, to see how the entries fit'
    )


def _run(args: argparse.Namespace) -> int:
    from ..converting_checkpoints import convert_checkpoint

    print(
        convert_checkpoint(
            args.checkpoint, args.out, args.source, args.target, args.model
        )
    )
    return 0


COMMAND = Command('convert', 'a checkpoint of another project', _add_arguments, _run)
