"""The command ``mmlite list-models``."""

from __future__ import annotations

import argparse

from .common import Command

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'pattern', nargs='?', help="pattern of the names, e.g. '*resnet*', or a part"
    )
    parser.add_argument(
        '--pretrained', action='store_true', help='only those with published weights'
    )
    parser.add_argument('--cards', action='store_true', help='print their cards')


def _run(args: argparse.Namespace) -> int:
    from ..zoo.cards import list_models, model_card

    names = list_models(args.pattern, args.pretrained)
    for name in names:
        print(f'{model_card(name)}\n' if args.cards else name)
    if not names:
        raise_no_model(args.pattern)
    return 0


def raise_no_model(pattern: str | None) -> None:
    """Say that no name is like a pattern.

    Raises:
        UserError: always.
    """
    from ...errors import UserError, did_you_mean
    from ..zoo.cards import list_models

    hint = did_you_mean(pattern, list_models())
    raise UserError(f'no model matches {pattern!r}{hint}')


COMMAND = Command('list-models', 'list models and their cards', _add_arguments, _run)
