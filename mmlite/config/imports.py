"""Import the modules that a config names in ``custom_imports``."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from mmengine.config import Config

from ..errors import ConfigError, Problem
from .files import shown
from .parts import check_keys, under
from .schema import custom_imports

__all__ = ['import_modules']

#: The folders of the registries, ours and mmengine's, that refuse a name.
_RAISERS = ('mmlite', 'registry')


def import_modules(cfg: Config, folders: Iterable[Path]) -> None:
    """Import what ``custom_imports`` names, so that its classes are registered.

    Args:
        cfg: A config.
        folders: Where to look for the modules, beside Python's own path. They
            stay on it, at its end: workers of a data loader import anew.

    Raises:
        ConfigError: if a module cannot be imported.
    """
    section = cfg.get('custom_imports')
    if section is None:
        return
    if not isinstance(section, dict):
        section = dict(imports=section)
    if problems := check_keys(section, custom_imports):
        raise ConfigError(under(problems, 'custom_imports'), cfg.filename)
    names = section['imports']
    searched = [str(folder) for folder in folders]
    sys.path.extend(folder for folder in searched if folder not in sys.path)
    for name in [names] if isinstance(names, str) else names:
        _import(name, section.get('allow_failed_imports', False), searched, cfg)


def _import(name: str, may_fail: bool, searched: list[str], cfg: Config) -> None:
    try:
        import_module(name)
        return
    except Exception as error:
        message = f'cannot import {name!r}: {_reason(error)}'
        if isinstance(error, ModuleNotFoundError):
            places = ', '.join(shown(Path(folder)) for folder in searched)
            message += f'; looked in {places} and on the Python path'
        if not may_fail or not isinstance(error, ImportError):
            problem = Problem('custom_imports', message)
            raise ConfigError([problem], cfg.filename) from error
    warnings.warn(message, UserWarning, stacklevel=2)


def _reason(error: Exception) -> str:
    """The error in one line, with the place where it was raised."""
    reason = f'{type(error).__name__}: {error}'
    if isinstance(error, ModuleNotFoundError):
        return reason
    if isinstance(error, SyntaxError) and error.filename:
        # It was met while the file was read, so no frame is of the file.
        reason = f'{type(error).__name__}: {error.msg}'
        return f'{reason} ({shown(Path(error.filename))}:{error.lineno})'
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, KeyError) and 'is already registered' in str(error):
        # The place is where the class is, not where the registry refuses it.
        frames = [f for f in frames if Path(f.filename).parent.name not in _RAISERS]
        reason = f'{error.args[0]}; give the class another name, or let it take the '
        reason += 'place of that one with register_module(force=True)'
    return f'{reason} ({shown(Path(frames[-1].filename))}:{frames[-1].lineno})'
