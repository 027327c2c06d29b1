"""Write a recipe, and the lists that it names."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...config import source_text
from ...errors import UserError

__all__ = ['Code', 'Recipe', 'recipe_text', 'write_files']


class Code(str):
    """A text that stands in a recipe as code, such as ``_base_.test_pipeline``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Recipe(NamedTuple):
    """A recipe, before it is written.

    Args:
        title: What it trains, and on what, in a line or two.
        bases: The files that it inherits from.
        sections: What it says itself, in order.
        notes: What is to be said of the data.
    """

    title: str
    bases: list[str]
    sections: dict[str, Any]
    notes: tuple[str, ...] = ()


def recipe_text(recipe: Recipe, path: Path, lists: Path) -> str:
    """The text of a recipe.

    Args:
        recipe: What it says.
        path: Where it will be.
        lists: Where the lists will be that it names.

    Example:
        >>> recipe = Recipe('A net.', ['mmlite::_base_/a.py'], dict(x=Code('1 + 1')))
        >>> recipe_text(recipe, Path('net.py'), Path()).splitlines()[-3:]
        ["_base_ = ['mmlite::_base_/a.py']", '', 'x = 1 + 1']
    """
    parts = [recipe.title, *(f'{note}.' for note in recipe.notes)]
    head = '\n'.join(textwrap.fill(part, 88) for part in parts)
    head = head.replace('\\', '\\\\').replace('"""', "'''")
    bases = ''.join(f'    {name!r},\n' for name in recipe.bases)
    listed = f'[\n{bases}]' if len(recipe.bases) > 1 else f'[{recipe.bases[0]!r}]'
    sections = dict(recipe.sections)
    if 'lists' in sections:
        sections['lists'] = Path(os.path.abspath(lists)).as_posix()
    body = source_text(sections)
    command = f'mmlite train {_quoted(path)}'.replace('\\', '\\\\')
    return f'"""{head}\n\n    {command}\n"""\n\n_base_ = {listed}\n\n{body}'


def _quoted(path: Path) -> str:
    text = path.as_posix()
    return f"'{text}'" if ' ' in text else text


def write_files(files: Mapping[Path, str]) -> None:
    """Write texts, each as a whole or not at all.

    Raises:
        UserError: if one cannot be written.
    """
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f'.{path.name}.{os.getpid()}')
            draft.write_text(text, encoding='utf-8', newline='\n')
            os.replace(draft, path)
        except OSError as error:
            raise UserError(
                f'cannot write {path}: {error.strerror}; name a folder that can be '
                'written to'
            ) from error
