"""The layers of the package: what may import what, and how large things may grow.

A failure here means that a line stands in the wrong package. Move it rather than
widen a rule; ``docs/architecture.md`` says why each rule is there.
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / 'mmlite'

# From the ground up. A package imports those below it, never one beside or above.
LAYERS = (
    {'version', 'errors', 'quiet', 'collecting'},
    {'signature', 'lookup', 'given'},
    {'structures', 'saved'},
    {'registry'},
    {'config'},
    {'ops'},
    {'models.initializing', 'models.layers', 'datasets', 'evaluation', 'visualization'},
    {'report'},
    {
        'models.backbones',
        'models.necks',
        'models.losses',
        'models.target_generators',
        'models.task_utils',
        'models.data_preprocessors',
        'engine',
    },
    {'models.extractors', 'models.heads'},
    {'models.joining', 'models.model_cfg'},
    {'models.base'},
    {'models.named_outputs'},
    {
        'models.classifiers',
        'models.selfsup',
        'models.retrievers',
        'models.detectors',
        'models.gait',
        'models.stereo',
    },
    {'apis'},
    {'__main__'},
)
HEIGHT = {
    package: height for height, packages in enumerate(LAYERS) for package in packages
}
PARTS = {
    package
    for package, height in HEIGHT.items()
    if package.startswith('models.') and 0 < height < HEIGHT['models.joining']
} - {'models.initializing', 'models.layers'}
FREE_OF_MODELS = {'datasets', 'evaluation', 'visualization', 'report', 'engine'}

DECLARED = {'torch', 'mmengine', 'numpy', 'addict', 'yapf', 'termcolor'}
WITH_OPENCV = ('datasets.transforms', 'visualization', 'apis.inferencers')

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60  # without signature and docstring
LONG_FUNCTIONS: set[str] = set()  # 'module.function', each with its reason beside it


class Import(NamedTuple):
    """One imported thing: ``from target import name``, or ``import target``."""

    target: str
    name: str | None
    line: int
    at_top: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob('*.py'))}
for_each_module = pytest.mark.parametrize('module', MODULES)


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding='utf-8'))


def statements(body: list, deferred: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    """Every statement, and whether it runs later than its module's import."""
    for node in body:
        yield node, deferred
        later = deferred or isinstance(node, ast.FunctionDef) or is_type_checking(node)
        for field in ('body', 'orelse', 'finalbody', 'handlers', 'cases'):
            yield from statements(getattr(node, field, ()), later)


@cache
def imports_of(module: str) -> tuple[Import, ...]:
    """Every import of a module, with relative ones resolved."""
    package = (
        module if MODULES[module].stem == '__init__' else module.rpartition('.')[0]
    )
    found = []
    for node, deferred in statements(tree_of(module).body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.append(Import(alias.name, None, node.lineno, not deferred))
        elif isinstance(node, ast.ImportFrom):
            level = len(package.split('.')) - node.level + 1
            base = package.split('.')[:level] if node.level else []
            target = '.'.join([*base, *filter(None, [node.module])])
            for alias in node.names:
                inner = f'{target}.{alias.name}'
                whole = (inner, None) if inner in MODULES else (target, alias.name)
                found.append(Import(*whole, node.lineno, not deferred))
    return tuple(found)


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == 'TYPE_CHECKING'


def package_of(module: str) -> str | None:
    """The package a module belongs to; None for the ``__init__`` files in between."""
    inner = module.removeprefix('mmlite').removeprefix('.')
    if inner in ('', 'models'):
        return None
    for length in (2, 1):
        package = '.'.join(inner.split('.')[:length])
        if package in HEIGHT:
            return package
    pytest.fail(f'{module} belongs to no package; give it a place in LAYERS')


@for_each_module
def test_imports_point_down(module):
    package = package_of(module)
    for found in imports_of(module):
        if not found.target.startswith('mmlite') or package is None:
            continue
        where = f'{MODULES[module].relative_to(ROOT)}:{found.line}'
        if found.target == 'mmlite.models':
            pytest.fail(f'{where}: import from the package, not from mmlite.models')
        other = package_of(found.target)
        if other is None or other == package:
            continue
        assert HEIGHT[other] < HEIGHT[package], f'{where}: {package} imports {other}'
        if package in FREE_OF_MODELS:
            assert not other.startswith('models'), f'{where}: {package} imports {other}'
        if package in PARTS and other in PARTS:
            # Maths may be shared; what is built from a config is composed by config.
            assert found.name and found.name.islower(), (
                f'{where}: {package} takes more than a function from {other}; '
                'name the part in a config instead'
            )


def test_no_modules_import_each_other_in_a_circle():
    left = {
        module: {
            found.target
            for found in imports_of(module)
            if found.target in MODULES and MODULES[found.target].stem != '__init__'
        }
        - {module}
        for module in MODULES
    }
    while free := [module for module, others in left.items() if not others & set(left)]:
        for module in free:
            del left[module]
    # What is left is in a circle, or imports one that is.
    assert sorted(left) == []


@for_each_module
def test_only_declared_packages_are_imported_at_the_top(module):
    for found in imports_of(module):
        package = found.target.partition('.')[0]
        allowed = package in {*DECLARED, *sys.stdlib_module_names, 'mmlite'}
        if package == 'cv2':
            inner = module.removeprefix('mmlite.')
            allowed = inner.startswith(WITH_OPENCV)
        if found.at_top and not allowed:
            pytest.fail(
                f'{MODULES[module].relative_to(ROOT)}:{found.line}: import {package} '
                'in the function that needs it, with an error that names the extra'
            )


def test_import_mmlite_loads_neither_torch_nor_models():
    code = 'import mmlite, sys; print(*sys.modules)'
    loaded = run_python(code).split()
    heavy = [m for m in loaded if m in ('torch', 'mmengine', 'numpy', 'cv2')]
    assert heavy == []
    assert [m for m in loaded if m.startswith('mmlite.models')] == []


def test_looking_up_a_model_loads_no_dataset():
    code = (
        'from mmlite.registry import MODELS; import sys; MODELS.get("ResNet");'
        'print(*sys.modules)'
    )
    loaded = run_python(code).split()
    assert [m for m in loaded if m.startswith(('mmlite.datasets', 'cv2'))] == []


def test_import_takes_hardly_longer_than_mmengine():
    code = 'from time import perf_counter as t; a = t(); import {}; print(t() - a)'
    ours, theirs = [], []
    for _ in range(5):  # the least of several: other work only makes it longer
        ours.append(float(run_python(code.format('mmlite'))))
        theirs.append(float(run_python(code.format('mmengine'))))
        if min(ours) <= min(theirs) + 0.2:
            return
    pytest.fail(f'import mmlite takes {min(ours):.2f} s, mmengine {min(theirs):.2f} s')


def run_python(code: str) -> str:
    command = [sys.executable, '-c', code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@for_each_module
def test_files_and_functions_are_small(module):
    lines = MODULES[module].read_text(encoding='utf-8').count('\n')
    assert lines <= MAX_FILE_LINES, f'{module} has {lines} lines'
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            name = f'{module}.{node.name}'
            if name not in LONG_FUNCTIONS:
                assert length <= MAX_FUNCTION_LINES, f'{name} has {length} lines'


@pytest.mark.parametrize('word', ['TODO', 'FIXME', 'XXX', 'HACK', 'Copyright'])
def test_nothing_unfinished_is_left(word):
    pattern = re.compile(rf'\b{word}\b')
    for folder in ('mmlite', 'configs', 'tools', 'benchmarks'):
        for path in (ROOT / folder).rglob('*.py'):
            for number, line in enumerate(path.read_text('utf-8').splitlines(), 1):
                assert not pattern.search(line), f'{path}:{number}: {line.strip()}'


@for_each_module
def test_everything_public_has_a_docstring(module):
    tree = tree_of(module)
    assert ast.get_docstring(tree), f'{module} does not say what it is'
    for name, node in public_definitions(tree):
        assert ast.get_docstring(node), f'{module}.{name} has no docstring'


def public_definitions(
    node: ast.AST, prefix: str = ''
) -> Iterator[tuple[str, ast.AST]]:
    """Classes, functions and methods that others may use, with their names."""
    for child in getattr(node, 'body', ()):
        if not isinstance(child, (ast.FunctionDef, ast.ClassDef)):
            continue
        overload = any(ast.unparse(d) == 'overload' for d in child.decorator_list)
        if child.name.startswith('_') or overload:
            continue
        yield prefix + child.name, child
        if isinstance(child, ast.ClassDef):
            yield from public_definitions(child, f'{prefix}{child.name}.')


@for_each_module
def test_all_is_sorted_and_true(module):
    loaded = importlib.import_module(module)
    names = getattr(loaded, '__all__', None)
    if names is None:
        if MODULES[module].stem == '__init__' and package_of(module):
            pytest.fail(f'{module} does not say what it gives: add __all__')
        return
    assert list(names) == sorted(names, key=by_kind_and_name)
    missing = [name for name in names if not hasattr(loaded, name)]
    assert missing == [], f'{module}.__all__ names what is not there'
    if MODULES[module].stem == '__init__':
        given = {found.name for found in imports_of(module) if found.at_top}
        public = {name for name in given if name and not name.startswith('_')}
        used = {n.id for n in ast.walk(tree_of(module)) if isinstance(n, ast.Name)}
        hidden = public - set(names) - used - {'annotations'}
        assert hidden == set(), f'{module} imports names that it does not give'


def by_kind_and_name(name: str) -> tuple:
    """Constants, classes, then the rest, as ruff's RUF022 sorts them."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, [int(s) if s.isdigit() else s for s in re.split(r'(\d+)', name)]
