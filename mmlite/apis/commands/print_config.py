"""The command ``mmlite print-config``."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...given import CHECKPOINTS
from .common import Command, add_overrides, checked_config

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file, checkpoint or work_dir')
    add_overrides(parser)


def _run(args: argparse.Namespace) -> int:
    config = checked_config(args.config, say=False)
    if Path(config).suffix in CHECKPOINTS:
        from ..zoo.configs import config_at

        cfg = config_at(config, args.cfg_options, builds=False)
    else:  # without torch
        from ...config import load_config

        cfg = load_config(config, args.cfg_options)
    from ...config import config_text

    print(config_text(cfg), end='')
    return 0


COMMAND = Command('print-config', 'print a config as it is used', _add_arguments, _run)
