"""The command ``mmlite convert``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ...given import check_checkpoint, resolved
from .common import Command, published_models, suggest

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('checkpoint', help='checkpoint file or work_dir')
    parser.add_argument('out', help='file to write, e.g. of .pth or .safetensors')
    source = parser.add_argument(
        '--from',
        dest='source',
        default='mmlite',
        metavar='PROJECT',
        help='project of the checkpoint: timm, torchvision, mmpretrain, huggingface, '
        'opengait, ..., or a key map, e.g. timm-swin',
    )
    target = parser.add_argument(
        '--to',
        dest='target',
        default='mmlite',
        metavar='PROJECT',
        help='project whose names it gets, likewise',
    )
    model = parser.add_argument(
        '--model', help='config or name of the model, to see how the entries fit'
    )
    suggest(source, _projects)
    suggest(target, _projects)
    suggest(model, published_models)


def _projects() -> Sequence[str]:
    from ..converting_checkpoints import projects

    return projects()


def _run(args: argparse.Namespace) -> int:
    checkpoint = resolved(args.checkpoint, say='weights')
    check_checkpoint(checkpoint)
    from ..converting_checkpoints import convert_checkpoint

    print(
        convert_checkpoint(checkpoint, args.out, args.source, args.target, args.model)
    )
    return 0


COMMAND = Command('convert', 'a checkpoint of another project', _add_arguments, _run)
