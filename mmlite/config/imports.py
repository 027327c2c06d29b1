"""Import the modules that a config names in ``custom_imports``."""

from __future__ import annotations

import copy
import importlib
import sys
import traceback
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..errors import ConfigError, Problem
from .counterparts import instead_of, instead_of_names
from .files import shown
from .parts import check_keys, under
from .schema import custom_imports

__all__ = ['import_modules', 'missing_imports', 'with_import_folders']

#: Where a config that was written out keeps the folders of its modules.
_IMPORTED_FROM = '_imported_from'
#: Frames of Python's own importing.
_OF_IMPORT = ('<frozen importlib', importlib.__file__)
#: The folders of the registries, ours and mmengine's, that refuse a name.
_RAISERS = ('mmlite', 'registry')


def import_modules(cfg: Config, folders: Iterable[Path]) -> None:
    """Import what ``custom_imports`` names, so that its classes are registered.

    A config in a work_dir names the folders where its training found them.

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
    noted = cfg.get(_IMPORTED_FROM) or ()
    searched = list(dict.fromkeys(map(str, [*folders, *noted])))
    sys.path.extend(folder for folder in searched if folder not in sys.path)
    for name in [names] if isinstance(names, str) else names:
        _import(name, section.get('allow_failed_imports', False), searched, cfg)


def _import(name: str, may_fail: bool, searched: list[str], cfg: Config) -> None:
    try:
        importlib.import_module(name)
        return
    except Exception as error:
        message = f'cannot import {name!r}: {_reason(error)}'
        if isinstance(error, ModuleNotFoundError) and _is_part_of(error.name, name):
            places = ', '.join(shown(Path(folder)) for folder in searched)
            message += f'; looked in {places} and on the Python path'
        if not may_fail or not isinstance(error, ImportError):
            problem = Problem('custom_imports', message)
            raise ConfigError([problem], cfg.filename) from error
    warnings.warn(message, UserWarning, stacklevel=2)


def _is_part_of(missing: str | None, name: str) -> bool:
    """Whether a module is missing itself, rather than one that it imports."""
    return f'{name}.'.startswith(f'{missing}.')


def _reason(error: Exception) -> str:
    """The error in one line, with the place where it was raised."""
    reason = f'{type(error).__name__}: {error}'
    if isinstance(error, SyntaxError) and error.filename:
        # It was met while the file was read, so no frame is of the file.
        reason = f'{type(error).__name__}: {error.msg}'
        return f'{reason} ({shown(Path(error.filename))}:{error.lineno})'
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith(_OF_IMPORT)]
    if isinstance(error, KeyError) and 'is already registered' in str(error):
        # The place is where the class is, not where the registry refuses it.
        own = [f for f in own if Path(f.filename).parent.name not in _RAISERS]
        reason = f'{error.args[0]}; give the class another name, or let it take the '
        reason += 'place of that one with register_module(force=True)'
    frame = own[-1]
    if frame.filename == __file__:  # the module itself is missing
        return reason
    hint = ''
    if isinstance(error, ModuleNotFoundError):
        hint = instead_of(error.name or '', frame.line or '')
    elif isinstance(error, ImportError):
        hint = instead_of_names(error)
    return f'{reason} ({shown(Path(frame.filename))}:{frame.lineno}){hint}'


def with_import_folders(cfg: Config) -> Config:
    """A copy that notes where the modules of ``custom_imports`` were found.

    Installed modules are found anyway; without others the config is given as it is.
    """
    folders = {}
    for name in _names(cfg):
        module = sys.modules.get(name.partition('.')[0])
        paths = list(getattr(module, '__path__', ()))
        file = paths[0] if paths else getattr(module, '__file__', None)
        if file and 'site-packages' not in file:
            folders[str(Path(file).resolve().parent)] = None
    if not folders:
        return cfg
    cfg = copy.deepcopy(cfg)
    cfg[_IMPORTED_FROM] = list(folders)
    return cfg


def missing_imports(cfg: Mapping[str, Any]) -> list[str]:
    """The modules that ``custom_imports`` names and that are not imported."""
    return [name for name in _names(cfg) if name not in sys.modules]


def _names(cfg: Mapping[str, Any]) -> list[str]:
    section = cfg.get('custom_imports')
    names = section.get('imports') if isinstance(section, Mapping) else section
    return [str(name) for name in ([names] if isinstance(names, str) else names or ())]
