"""Parse the text of a config file, without running it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from ..errors import ConfigError
from ..signature import value_name
from .new_style import is_base_block
from .templates import MARK, masked

__all__ = ['BASE', 'Parsed', 'assigned_names', 'loop_names', 'parse']

BASE = '_base_'
_TOO_DEEP = 'is nested too deep to be a config'
_MOST_VALUES = 1_000_000
_JSON_STRING_OR_MARK = re.compile(rf'"(?:[^"\\]|\\.)*"|({MARK.pattern})')


class Parsed(NamedTuple):
    """A config file, parsed.

    Args:
        content: The code of a Python file, the dict of any other.
        bases: The files that it inherits from, as written.
        new_style: Whether it is a Python file that inherits by ``import``.
    """

    content: ast.Module | dict[str, Any]
    bases: list[str]
    new_style: bool = False


def parse(text: str, suffix: str, source: str) -> Parsed:
    """Parse a config.

    Args:
        text: What stands in the file; ``{{_base_.x}}`` is read as a mark.
        suffix: The end of its name, which gives the format.
        source: Its name, for messages.

    Raises:
        ConfigError: for an error of syntax, with file and line.
    """
    if suffix == '.py':
        tree = _parse_python(text, source)
        if any(map(is_base_block, tree.body)):
            return Parsed(tree, [], new_style=True)
        return Parsed(tree, _checked_bases(_take_bases(tree, source), source))
    content = _parse_json(text, source) if suffix == '.json' else _yaml(text, source)
    if not isinstance(content, dict):
        raise ConfigError(f'holds no keys, but {value_name(content)}', source)
    content = {str(key): value for key, value in content.items()}
    return Parsed(content, _checked_bases(content.pop(BASE, []), source))


def _parse_python(text: str, source: str) -> ast.Module:
    try:
        return ast.parse(masked(text))
    except SyntaxError as error:
        raise _syntax_error(error.msg, text, error.lineno or 1, source) from None
    except ValueError as error:  # a null byte
        raise ConfigError(f'syntax error: {error}', source) from None


def _parse_json(text: str, source: str) -> Any:
    # A string is passed over as a whole; a mark outside of one becomes one.
    quoted = _JSON_STRING_OR_MARK.sub(
        lambda m: f'"{m[1]}"' if m[1] else m[0], masked(text)
    )
    try:
        return json.loads(quoted, object_pairs_hook=_unlike)
    except json.JSONDecodeError as error:
        raise _syntax_error(error.msg, text, error.lineno, source) from None
    except RecursionError:
        raise ConfigError(_TOO_DEEP, source) from None
    except ValueError as error:  # also an integer of thousands of digits
        raise ConfigError(str(error).partition(';')[0], source) from None


def _unlike(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A dict, unless one of its keys stands there twice."""
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'the key {twice!r} stands twice in one dict')
    return content


def _yaml(text: str, source: str) -> Any:
    import yaml

    try:
        return _counted(yaml.load(masked(text), Loader=_yaml_loader()), source)
    except RecursionError:
        raise ConfigError(_TOO_DEEP, source) from None
    except yaml.MarkedYAMLError as error:
        number = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _syntax_error(str(error.problem), text, number, source) from None


def _counted(content: Any, source: str) -> Any:
    """What a YAML file holds, unless its aliases make it endless or huge.

    Each alias becomes a copy, so that a few lines can stand for more than fits into
    any memory.
    """
    count, waiting = 0, [content]
    while waiting:
        node = waiting.pop()
        inner = node.values() if isinstance(node, dict) else node
        if isinstance(node, (dict, list, tuple)):
            count += len(node)
            waiting += inner
        if count > _MOST_VALUES:
            raise ConfigError(
                f'holds more than {_MOST_VALUES:,} values, or one that holds itself; '
                'write out what its aliases (*) stand for',
                source,
            )
    return content


def _syntax_error(reason: str, text: str, number: int, source: str) -> ConfigError:
    """That a line cannot be parsed; shows it as the user wrote it."""
    line = ''.join(text.splitlines()[number - 1 : number]).strip()
    return ConfigError(
        f'syntax error: {reason}{": " if line else ""}{line}', f'{source}:{number}'
    )


@cache
def _yaml_loader() -> type:
    """Reads plain values, tuples as a config is dumped, and ``1e-3`` as a number.

    A key that stands twice is an error.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
            node, names = super().compose_mapping_node(anchor), set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                if key.value in names:
                    problem = f'the key {key.value!r} stands twice in one dict'
                    raise yaml.MarkedYAMLError(None, None, problem, key.start_mark)
                names.add(key.value)
            return node

    Loader.add_constructor(
        'tag:yaml.org,2002:python/tuple',
        lambda loader, node: tuple(loader.construct_sequence(node, deep=True)),
    )
    number = re.compile(r'[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$')
    Loader.add_implicit_resolver(
        'tag:yaml.org,2002:float', number, list('-+.0123456789')
    )
    return Loader


def _take_bases(tree: ast.Module, source: str) -> Any:
    """Cut ``_base_ = ...`` out of the code, and evaluate it."""
    for node in list(tree.body):
        if isinstance(node, ast.Assign) and BASE in _names(node.targets[0]):
            tree.body.remove(node)
            code = compile(ast.Expression(node.value), source, 'eval')
            try:
                return eval(code, {})
            except Exception as error:
                raise ConfigError(
                    f'{BASE} must be written out, without variables: '
                    f'{type(error).__name__}: {error}',
                    f'{source}:{node.lineno}',
                ) from error
    return []


def _checked_bases(bases: Any, source: str) -> list[str]:
    bases = [bases] if isinstance(bases, str) else bases
    if not isinstance(bases, (list, tuple)) or any(
        not isinstance(base, str) for base in bases
    ):
        raise ConfigError(
            f'{BASE} is the name of a file or a list of them, got {value_name(bases)}',
            source,
        )
    return list(bases)


def assigned_names(tree: ast.Module) -> set[str]:
    """The variables that the code assigns by ``=``, outside functions and classes."""
    names: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Assign):
            names.update(*map(_names, node.targets))
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            names.update(_names(node.target))
    return names


def loop_names(tree: ast.Module) -> set[str]:
    """The variables that loops and ``with`` leave behind."""
    names: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.For):
            names.update(_names(node.target))
        elif isinstance(node, ast.withitem) and node.optional_vars:
            names.update(_names(node.optional_vars))
    return names


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those inside functions, classes and comprehensions."""
    own_scope = (
        ast.FunctionDef,
        ast.ClassDef,
        ast.Lambda,
        ast.ListComp,
        ast.SetComp,
        ast.DictComp,
        ast.GeneratorExp,
    )
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, own_scope):
            yield child
            yield from _statements(child)


def _names(target: ast.AST) -> set[str]:
    """The variables that an assignment to ``target`` binds."""
    if isinstance(target, ast.Name):
        return {target.id}
    if isinstance(target, (ast.Tuple, ast.List)):
        return set().union(*map(_names, target.elts))
    return _names(target.value) if isinstance(target, ast.Starred) else set()
