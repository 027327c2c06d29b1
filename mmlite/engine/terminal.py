"""What a run shows on the terminal: a few lines and a bar; the log file has all."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from logging import Logger, LogRecord

import mmengine
from mmengine.logging.logger import FilterDuplicateWarning
from termcolor import colored

#: Warnings that mmengine gives about itself; a user can do nothing about them.
_NOISE = (
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
    'has no metainfo. ``dataset_meta``',
)
#: Where the code lies that logs more than belongs on the terminal.
_FRAMEWORKS = tuple(
    f'{os.path.dirname(os.path.abspath(file))}{os.sep}'
    for file in (os.path.dirname(__file__), mmengine.__file__)
)
_COLOURS = {logging.WARNING: 'yellow', logging.ERROR: 'red', logging.CRITICAL: 'red'}


class StatusLine:
    """A line at the bottom of a terminal that is written over and over.

    On anything but a terminal it shows nothing.
    """

    def __init__(self) -> None:
        self._length = 0

    @property
    def alive(self) -> bool:
        """Whether stdout is a terminal."""
        return sys.stdout.isatty()

    def show(self, text: str) -> None:
        """Write ``text`` over what was shown, cut to the terminal's width."""
        if not self.alive:
            return
        text = text[: shutil.get_terminal_size().columns - 1]
        sys.stdout.write('\r' + text.ljust(self._length))
        sys.stdout.flush()
        self._length = len(text)

    def clear(self) -> None:
        """Make room for an ordinary line."""
        if self._length and self.alive:
            sys.stdout.write('\r' + ' ' * self._length + '\r')
            sys.stdout.flush()
        self._length = 0


STATUS_LINE = StatusLine()


class TerminalHandler(logging.Handler):
    """Prints warnings, errors, records marked with ``terminal=True``, and a user's.

    Of what mmlite and mmengine log as information, most is for the file alone; what a
    hook or a metric of a user's own logs is meant to be seen.
    """

    def filter(self, record: LogRecord) -> bool:
        """Whether the record belongs on the terminal."""
        if record.levelno < logging.INFO:
            return False
        if record.levelno < logging.WARNING:
            shown = getattr(record, 'terminal', False) or _is_of_user(record)
            return shown and super().filter(record)
        noisy = any(words in str(record.msg) for words in _NOISE)
        return not noisy and super().filter(record)

    def format(self, record: LogRecord) -> str:
        """The message alone; the level goes before it if it is a warning or worse."""
        message = record.getMessage()
        if record.levelno < logging.WARNING:
            return message
        level = record.levelname.lower() + ':'
        if sys.stdout.isatty():
            level = colored(level, _COLOURS.get(record.levelno))
        return f'{level} {message}'

    def emit(self, record: LogRecord) -> None:
        """Print the record above the status line."""
        STATUS_LINE.clear()
        print(self.format(record), flush=True)


def _is_of_user(record: LogRecord) -> bool:
    return not record.pathname.startswith(_FRAMEWORKS)


class FailureNote:
    """Takes the place of a handler's ``handleError``, which prints tracebacks.

    Args:
        handler: The handler of a log file.
    """

    def __init__(self, handler: logging.FileHandler) -> None:
        self.path = handler.baseFilename
        self.reported = False

    def __call__(self, record: LogRecord) -> None:
        """Report once why the file cannot be written to, and go on without it."""
        if not self.reported:
            self.reported = True
            STATUS_LINE.clear()
            reason = sys.exc_info()[1]
            print(f'warning: cannot write to {self.path}: {reason}', flush=True)


def use_short_terminal(logger: Logger) -> None:
    """Let a :class:`TerminalHandler` take the place of mmengine's stream handler.

    A log file that cannot be written to is reported in one line.
    """
    for i, handler in enumerate(logger.handlers):
        if type(handler) is logging.StreamHandler:
            short = TerminalHandler(handler.level)
            short.addFilter(FilterDuplicateWarning(logger.name))
            logger.handlers[i] = short
        elif isinstance(handler, logging.FileHandler):
            handler.handleError = FailureNote(handler)


def say(logger: Logger, message: str) -> None:
    """Log a message that belongs on the terminal too."""
    logger.info(message, extra=dict(terminal=True))
