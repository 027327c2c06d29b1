"""The command line: ``mmlite train | test | print-config | ...``.

The scripts under ``tools/`` call the same commands.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from ..errors import UserError, did_you_mean
from ..version import __version__
from .commands import COMMANDS
from .signals import ending_by_signals


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code.

    Without a command it lists them. A mistake of the user ends in a few lines on
    stderr and exit code 1, Ctrl-C in 130, a signal in 128 and its number (SIGTERM:
    143), a pipe such as ``| head`` that reads no further in 141; anything else is a
    defect and keeps its traceback.

    Args:
        argv: The command and its arguments; by default those of the process.
    """
    parser = _parser()
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help(sys.stderr)
        return 2
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        _refuse(args.parser, unknown)
    _refuse_empty(args)
    try:
        with ending_by_signals():
            return args.run(args)
    except KeyboardInterrupt as error:
        print(f'interrupted{error}', file=sys.stderr)
        return getattr(error, 'exit_code', 128 + signal.SIGINT)
    except BrokenPipeError:
        if not _nobody_reads():
            raise
        return 141  # as of a program that SIGPIPE ends
    except UserError as error:
        if os.environ.get('MMLITE_TRACEBACK'):
            raise
        if _should_report(error):
            kind = 'error: ' if error.exit_code == 1 else ''
            print(f'{kind}{error}', file=sys.stderr)
        return error.exit_code


class _HelpFormatter(argparse.HelpFormatter):
    """Shows words that say themselves how often they come, ``INPUT...``, once."""

    def _format_args(self, action: argparse.Action, default_metavar: str) -> str:
        if isinstance(action.metavar, str) and action.metavar.endswith('...'):
            return action.metavar
        return super()._format_args(action, default_metavar)


def _nobody_reads() -> bool:
    """Whether it is stdout that is closed; what is left for it is then dropped."""
    try:
        os.write(sys.stdout.fileno(), b'\n')
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _refuse(parser: argparse.ArgumentParser, unknown: Sequence[str]) -> NoReturn:
    """End with the usage of the command, and the flags that were meant."""
    flags = [flag for action in parser._actions for flag in action.option_strings]
    words = [word.partition('=')[0] for word in unknown]
    hints = [did_you_mean(w, flags) if w.startswith('-') else '' for w in words]
    parts = [word + hint for word, hint in zip(unknown, hints, strict=True)]
    parser.error(f'unrecognized arguments: {", ".join(parts)}')


def _refuse_empty(args: argparse.Namespace) -> None:
    """End with the usage of the command if a word is empty: none can be.

    As a path it would be the working directory.
    """
    for action in args.parser._actions:
        value = getattr(args, action.dest, None)
        words = value if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(word, str) and not word.strip() for word in words):
            name = '/'.join(action.option_strings) or action.metavar or action.dest
            args.parser.error(
                f'argument {name}: is empty; is a variable of the shell not set?'
            )


def _should_report(error: UserError) -> bool:
    """Whether this process is the one that reports a mistake that all have met."""
    if 'torch' not in sys.modules:  # the processes have not joined
        return int(os.environ.get('LOCAL_RANK', 0)) == 0
    from ..engine.ranks import should_report

    return should_report(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='mmlite', description=__doc__.replace('``', '')
    )
    parser.add_argument('--version', action='version', version=__version__)
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for command in COMMANDS:
        sub = commands.add_parser(
            command.name,
            help=command.summary,
            description=command.summary,
            formatter_class=_HelpFormatter,
            allow_abbrev=False,
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run, parser=sub)
    return parser
