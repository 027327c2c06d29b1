"""The command ``mmlite check-config``."""

from __future__ import annotations

import argparse

from ...errors import ConfigError
from .common import Command, add_overrides

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('configs', nargs='+', help='config files')
    add_overrides(parser)


def _run(args: argparse.Namespace) -> int:
    from ...config import examine, load_config

    wrong = 0
    for path in args.configs:
        try:
            found = examine(load_config(path, args.cfg_options))
            problems = str(ConfigError(found.problems, path)) if found.problems else ''
            for advice in found.advice:
                print(f'{path}: warning: {advice}')
        except ConfigError as error:
            problems = str(error)
        wrong += bool(problems)
        print(problems or f'{path}: ok')
    return min(wrong, 1)


COMMAND = Command('check-config', 'find the mistakes in configs', _add_arguments, _run)
