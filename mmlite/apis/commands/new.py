"""The command ``mmlite new``."""

from __future__ import annotations

import argparse

from ...given import check_folder
from .common import Command, add_data

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, required=True)
    parser.add_argument(
        '--out', metavar='FILE', help='recipe to write; by default FOLDER_MODEL.py'
    )


def _run(args: argparse.Namespace) -> int:
    check_folder(args.data)
    from ..recipes import new_recipe

    path = new_recipe(
        args.data,
        args.out,
        task=args.task,
        model=args.model,
        pretrained=args.pretrained,
        epochs=args.epochs,
    )
    print(f'written {path}; mmlite train {path}')
    return 0


COMMAND = Command('new', 'write a recipe for a folder of data', _add_arguments, _run)
