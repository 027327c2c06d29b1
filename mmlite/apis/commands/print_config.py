"""The command ``mmlite print-config``."""

from __future__ import annotations

import argparse

from .common import Command, add_overrides

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file')
    add_overrides(parser)


def _run(args: argparse.Namespace) -> int:
    from ...config import config_text, load_config

    print(config_text(load_config(args.config, args.cfg_options)), end='')
    return 0


COMMAND = Command('print-config', 'print a config as it is used', _add_arguments, _run)
