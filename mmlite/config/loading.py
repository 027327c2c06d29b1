"""Read a config file and the files that it inherits from.

mmengine's own reader takes ``import os`` for a new-style config, and reports most
mistakes without file, line or reason. This one gives the same results, and says where
it stopped.
"""

from __future__ import annotations

import ast
import copy
import inspect
import types
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config, ConfigDict

from ..errors import ConfigError, Problem, did_you_mean
from ..registry import use_scope
from .completing import completed
from .editing import apply_overrides, override_variable, whereabouts
from .files import SUFFIXES, find_file, nearest_files, of_package, shown
from .helpers import names_used
from .imports import import_modules
from .merging import merge
from .moved import find_moved_lists
from .named_models import with_model
from .new_style import (
    NAMESPACE,
    READ_BASE,
    imported_names,
    imports_as_names,
    names_of_classes,
    take_base_imports,
)
from .overrides import Override, as_overrides
from .parsing import BASE, assigned_names, loop_names, parse
from .paths import check_paths, check_trust, is_data, strings_in
from .run_errors import execution_error
from .schema import top_level_keys
from .templates import base_values, fill, substitute
from .values import python_numbers

__all__ = ['base_of', 'load_config']

_RESERVED = ('filename', 'text', 'pretty_text', 'env_variables')
_DEPRECATION = '_deprecation_'
_AMEND = '__amend__'
_CODE = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType)


def load_config(
    path: str | Path | Config | dict[str, Any],
    overrides: Sequence[str] | Mapping[str, Any] = (),
) -> Config:
    """Read a config file, with the files it inherits from, and change it.

    Args:
        path: A ``.py``, ``.yaml``, ``.yml`` or ``.json`` file;
            ``mmlite::resnet/resnet50_8xb32_in1k.py`` is one that comes with mmlite,
            and so for any package that brings configs. A Python file inherits by
            ``_base_ = [...]``, or is of the new style (``with read_base():``). A
            dict, or a config that is read already, is copied.
        overrides: ``KEY=VALUE`` texts, see
            :func:`~mmlite.config.apply_overrides`. A variable of the config
            itself, such as ``data_root``, is changed where a Python file
            defines it, and so wherever the file uses it.

    Raises:
        ConfigError: if a file is missing or cannot be read, an override names
            no key, or ``custom_imports`` fails. The message is one line with
            file, line and reason.
    """
    if isinstance(path, dict):
        path = Config(copy.deepcopy(python_numbers(path)))
        import_modules(path, [Path.cwd()])
    changes = as_overrides(overrides)
    given = not isinstance(overrides, Mapping)  # as texts, which are data
    data = strings_in([change.value for change in changes]) if given else set()
    for change in changes if given else ():
        *place, key = change.keys
        if problems := check_trust({key: change.value}, tuple(place)):
            raise ConfigError(problems)
    known = top_level_keys()
    variables = [change for change in changes if change.keys[0] not in known]
    if isinstance(path, Config):
        cfg = copy.deepcopy(path)
        _refuse_idle(cfg, variables, set())
        apply_overrides(cfg, changes)
        use_scope(cfg.get('default_scope'))
        _refuse_paths(cfg, data)
        return completed(with_model(cfg))
    reader = _Reader(variables)
    try:
        cfg = reader.read(find_file(path))
    except RecursionError as error:
        message = 'is nested too deep to be a config, or holds itself'
        raise ConfigError(message, shown(Path(path))) from error
    _refuse_idle(cfg, variables, reader.amended & names_used(cfg.text))
    places = dict.fromkeys([*reader.folders, Path.cwd()])
    import_modules(cfg, places)
    imports = cfg.get('custom_imports')
    apply_overrides(cfg, [c for c in changes if c.keys[0] not in reader.amended])
    if cfg.get('custom_imports') != imports:
        import_modules(cfg, places)
    use_scope(cfg.get('default_scope'))
    _refuse_paths(cfg, data | reader.data)
    find_moved_lists(cfg, Path(cfg.filename).parent)
    return completed(with_model(cfg))


def base_of(path: str | Path) -> ConfigDict | None:
    """What a config file inherits, without its own changes.

    Args:
        path: A config file.

    Returns:
        None if it inherits nothing, or by ``import``, which takes single names.

    Raises:
        ConfigError: if a file is missing or cannot be read.
    """
    path = find_file(Path(path).expanduser()).resolve()
    text, _ = substitute(_text_of(path, shown(path)), path, shown(path))
    parsed = parse(text, path.suffix, shown(path))
    if not parsed.bases:
        return None
    return _Reader()._read_bases(parsed.bases, path, (path,))[0]


def _refuse_paths(cfg: Config, data: set[str]) -> None:
    if problems := check_paths(cfg, None if is_data(cfg.filename) else data):
        raise ConfigError(problems, cfg.filename)


def _refuse_idle(cfg: Config, variables: Sequence[Override], used: set[str]) -> None:
    """Refuse to change a variable whose value has been used already, or never is."""
    problems = []
    for change in variables:
        name = change.keys[0]
        if name in cfg and name not in used and not change.new:
            hint = whereabouts(name, dict(cfg.items())) or '; override what it is for'
            message = f'{change.path}: nothing would read the change of a variable'
            plus = f' (to make it all the same, write +{change.path}=...)'
            problems.append(Problem('', message + hint + plus))
    if problems:
        raise ConfigError(problems, cfg.filename)


class _NewStyle(NamedTuple):
    """What a config of the new style gives to those that import it.

    Args:
        content: What it defines.
        text: Its text, and that of its bases.
        imported: Names that it has from elsewhere, which are no keys of a config.
        imported_values: What they stand for.
    """

    content: ConfigDict
    text: str
    imported: set[str]
    imported_values: dict[str, Any]


class _Reader:
    """Reads one config, and keeps track of what it read.

    Args:
        variables: Overrides of the config's own variables.
    """

    def __init__(self, variables: Sequence[Override] = ()) -> None:
        self.variables = variables
        self.amended: set[str] = set()
        self.data: set[str] = set()
        self.folders: list[Path] = []
        self.environment: dict[str, str] = {}

    def read(self, path: Path) -> Config:
        """The config in a file, bases and all."""
        if _is_new_style(path):
            read = self._read_new_style(path, ())
            content, text = names_of_classes(read.content), read.text
        else:
            content, text = self._read(path, ())
        for key in _RESERVED:
            if key in content:
                raise ConfigError(f'{key!r} is a reserved name', shown(path))
        return Config(
            content,
            cfg_text=text,
            filename=str(path),
            env_variables=self.environment,
        )

    def _read_text(
        self, path: Path, chain: tuple[Path, ...]
    ) -> tuple[str, Path, str, str]:
        """The name of a file for messages, its path, its text, and that filled in."""
        source, path = shown(path), path.resolve()
        _refuse_circle(path, chain)
        self.folders.append(path.parent)
        own_text = _text_of(path, source)
        text, environment = substitute(own_text, path, source)
        self.environment.update(environment)
        return source, path, own_text, text

    def _read(self, path: Path, chain: tuple[Path, ...]) -> tuple[ConfigDict, str]:
        """The content of a file, and the text of it and its bases."""
        source, path, own_text, text = self._read_text(path, chain)
        parsed = parse(text, path.suffix, source)
        if parsed.new_style:
            raise ConfigError(
                'is of the new style (with read_base()), and so cannot be a base of '
                f'{shown(chain[-1])}, which is of the old ({BASE} = ...)',
                source,
            )
        base, texts = self._read_bases(parsed.bases, path, (*chain, path))
        marks = base_values(text, base, source)
        if isinstance(parsed.content, ast.Module):
            tree, own = parsed.content, assigned_names(parsed.content)
            foreign = imports_as_names(tree, always=False) - own
            content = self._run(tree, path, base, {**NAMESPACE, **marks})
            content = {k: v for k, v in content.items() if k not in foreign}
        else:
            content = parsed.content
            self.data |= strings_in(content)
            if problems := check_trust(content):
                raise ConfigError(problems, source)
        content = fill(content, marks)
        _warn_if_deprecated(content.pop(_DEPRECATION, None), source)
        try:
            merged = merge(content, base)
        except ConfigError as error:
            raise ConfigError(error.problems, source) from None
        return merged, '\n'.join([*texts, f'# {path}', own_text])

    def _read_new_style(self, path: Path, chain: tuple[Path, ...]) -> _NewStyle:
        """The content of a file that inherits by ``import``, and what it imports."""
        source, path, own_text, text = self._read_text(path, chain)
        tree = parse(text, path.suffix, source).content
        blocks = take_base_imports(tree, path, source)
        assigned = assigned_names(tree)
        imported = imported_names(tree)
        imports_as_names(tree, always=True)
        texts: list[str] = []

        def read_base(number: int) -> None:
            for base in blocks[number]:
                read = self._read_new_style(base.path, (*chain, path))
                texts.append(read.text)
                imported.update(read.imported)
                known = {**read.imported_values, **read.content}
                pairs = base.names or [(name, name) for name in known]
                for name, here in pairs:
                    if name not in known:
                        hint = did_you_mean(name, known)
                        message = f'{shown(base.path)} defines no {name!r}{hint}'
                        raise ConfigError(message)
                    namespace[here] = known[name]

        namespace: dict[str, Any] = {**NAMESPACE, READ_BASE: read_base}
        content = self._run(tree, path, ConfigDict(), namespace)
        values = {n: namespace[n] for n in imported if n in namespace}
        imported -= assigned
        content = {k: v for k, v in content.items() if k not in imported}
        _warn_if_deprecated(content.pop(_DEPRECATION, None), source)
        whole = '\n'.join([*texts, f'# {path}', own_text])
        return _NewStyle(ConfigDict(content), whole, imported, values)

    def _read_bases(
        self, names: Sequence[str], path: Path, chain: tuple[Path, ...]
    ) -> tuple[ConfigDict, list[str]]:
        bases, texts, owners = ConfigDict(), [], {}
        for name in names:
            file = _find_base(name, path)
            content, text = self._read(file, chain)
            for key in content:
                if key in owners:
                    raise ConfigError(
                        f'both {shown(owners[key])} and {shown(file)} define {key!r}; '
                        'a key can come from one base file only',
                        shown(path),
                    )
                owners[key] = file
            bases.update(content)
            texts.append(text)
        return bases, texts

    def _run(
        self, tree: ast.Module, path: Path, base: ConfigDict, namespace: dict[str, Any]
    ) -> dict[str, Any]:
        """Execute a Python config in a namespace; return what it defines."""
        names = {v.keys[0] for v in self.variables} & assigned_names(tree)
        namespace |= {BASE: base, '__file__': str(path), _AMEND: self._amend}
        code = compile(_amended(tree, names), str(path), 'exec')
        try:
            exec(code, namespace)
        except ConfigError as error:  # of an override
            raise ConfigError(error.problems, shown(path)) from None
        except Exception as error:
            raise execution_error(error, path, tree, base) from error
        left = loop_names(tree) - assigned_names(tree)
        kept = top_level_keys() & assigned_names(tree)  # for the check to refuse
        return {
            key: python_numbers(value)
            for key, value in namespace.items()
            if not str(key).startswith('__')
            and key != BASE
            and key not in left
            and (key in kept or not isinstance(value, _CODE))
            and not (inspect.isclass(value) and key not in assigned_names(tree))
        }

    def _amend(self, name: str, value: Any) -> Any:
        """Change a variable right after the config has set it."""
        self.amended.add(name)
        own = [v for v in self.variables if v.keys[0] == name]
        return override_variable(name, value, own)


def _amended(tree: ast.Module, names: set[str]) -> ast.Module:
    """Code that calls ``__amend__`` behind each assignment to a name."""
    if not names:
        return tree
    body: list[ast.stmt] = []
    for node in tree.body:
        body.append(node)
        here = assigned_names(ast.Module([node], [])) & names
        for name in sorted(here):
            (call,) = ast.parse(f'{name} = {_AMEND}({name!r}, {name})').body
            body.append(ast.copy_location(call, node))
    return ast.fix_missing_locations(ast.Module(body, tree.type_ignores))


def _text_of(path: Path, source: str) -> str:
    try:
        return path.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ConfigError(f'is not UTF-8 text: {error}', source) from None
    except OSError as error:
        raise ConfigError(f'cannot be read: {error.strerror}', source) from error


def _find_base(name: str, path: Path) -> Path:
    source, name = shown(path), name.replace('\\', '/')  # as Windows writes it
    try:
        file = of_package(name) or path.parent / Path(name).expanduser()
    except ConfigError as error:
        problems = [Problem(BASE, problem.message) for problem in error.problems]
        raise ConfigError(problems, source) from None
    if not file.is_file():
        near = nearest_files(file, file.parent, path.parent)
        place = '' if shown(file) == name else f' (looked for {shown(file)})'
        raise ConfigError(f'there is no {BASE} {name!r}{place}{near}', source)
    if file.suffix not in SUFFIXES:
        raise ConfigError(f'{BASE} {name!r} ends in none of {SUFFIXES}', source)
    return file


def _warn_if_deprecated(info: Any, source: str) -> None:
    if info:
        instead = info.get('expected')
        hint = f'; use {instead} instead' if instead else ''
        warnings.warn(
            f'{source} will be removed{hint}', DeprecationWarning, stacklevel=2
        )


def _is_new_style(path: Path) -> bool:
    if path.suffix != '.py':
        return False
    text, _ = substitute(_text_of(path, shown(path)), path, shown(path))
    return parse(text, path.suffix, shown(path)).new_style


def _refuse_circle(path: Path, chain: tuple[Path, ...]) -> None:
    if path in chain:
        steps = ' -> '.join(shown(p) for p in (*chain[chain.index(path) :], path))
        raise ConfigError(f'{BASE} is circular: {steps}', shown(chain[-1]))
