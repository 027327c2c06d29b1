"""Look at a folder, choose settings that suit it, and write a recipe."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from ...datasets.layouts import Found, look
from ...errors import UserError
from .starting import start_of
from .tasks import RECIPES, Wishes
from .weights import weights_of
from .writing import Recipe, recipe_text, write_files

__all__ = ['new_recipe', 'recipe_for_training']


def new_recipe(
    data: str | Path,
    out: str | Path | None = None,
    *,
    task: str | None = None,
    model: str | None = None,
    pretrained: str | Path | None = None,
    epochs: int | None = None,
) -> Path:
    """Write a recipe for the data in a folder, without training.

    Where there is no split, a part is held out by a rule that depends on the names
    alone (see :func:`~mmlite.datasets.folders.held_out`), and the parts are written as
    lists into ``work_dirs/<name of the recipe>``. Nothing in the folder is changed.

    Args:
        data: The folder; see :func:`~mmlite.datasets.layouts.look` for the layouts.
        out: The recipe to write; by default ``<folder>_<model>.py``.
        task: ``'classification'``, ``'detection'``, ``'gait'``, ``'stereo'``,
            ``'selfsup'`` or ``'retrieval'``; by default what the folder looks like.
        model: Name of a file in ``configs/_base_/models``, e.g. ``'resnet50'``; by
            default the one with the backbone of ``pretrained``, where that is known,
            else a small one that suits the size of the pictures.
        pretrained: A checkpoint to start from, or the name of a published model.
        epochs: How long to train; by default about 3,000 iterations.

    Returns:
        The path of the recipe.

    Raises:
        UserError: if the layout of the folder is not known, the model is for another
            task, or there is another recipe of that name already.
    """
    path = None if out is None else Path(out).expanduser()
    if path is not None and path.suffix != '.py':
        raise UserError(f'a recipe is a .py file, got {str(path)!r}')
    name, found, recipe = _looked(data, task, model, pretrained, epochs)
    path = path or Path(f'{name}.py')
    text = recipe_text(recipe, path, lists := Path('work_dirs', path.stem))
    if path.is_file() and path.read_text(encoding='utf-8') != text:
        raise UserError(
            f'{path} exists already with other content; remove it, or name '
            'another file with --out'
        )
    write_files({**_moved(found.files, lists), path: text})
    return path


def recipe_for_training(
    data: str | Path,
    work_dir: str | Path | None = None,
    *,
    task: str | None = None,
    model: str | None = None,
    pretrained: str | Path | None = None,
    epochs: int | None = None,
) -> tuple[Path, Path]:
    """Write a recipe into the folder of its training; see :func:`new_recipe`.

    An earlier recipe there with another content is kept, as ``..._earlier.py``.

    Returns:
        The paths of the recipe and of the work_dir.
    """
    name, found, recipe = _looked(data, task, model, pretrained, epochs)
    folder = Path('work_dirs', name) if work_dir is None else Path(work_dir)
    folder = folder.expanduser()
    path = folder / f'{name}.py'
    if work_dir is not None:
        recipe.sections['work_dir'] = folder.as_posix()
    text = recipe_text(recipe, path, folder)
    files = {**_moved(found.files, folder), path: text}
    if path.is_file() and (before := path.read_text(encoding='utf-8')) != text:
        files[path.with_name(f'{name}_earlier.py')] = before
    write_files(files)
    return path, folder


def _looked(
    data: str | Path,
    task: str | None,
    model: str | None,
    pretrained: str | Path | None,
    epochs: int | None,
) -> tuple[str, Found, Recipe]:
    """What the recipe is to be called, what it is about, and what it says."""
    if epochs is not None and epochs < 1:
        raise UserError(f'epochs must be at least 1, got {epochs}')
    task, found = look(data, 'lists', task)
    weights, start = weights_of(pretrained), None
    if pretrained is not None and model is None:
        start = start_of(task, pretrained)
    if start is not None:
        note = f'{start.model}, which has the backbone of the pretrained weights'
        found = found._replace(notes=[*found.notes, note])
    wishes = Wishes(model, weights, epochs, start)
    name, recipe = RECIPES[task](found, wishes)
    for note in found.notes:
        print(f'{"note":<9} {note}', flush=True)
    stem = _plain(Path(os.path.abspath(Path(data).expanduser())).name)
    return f'{stem}_{_plain(name)}', found, recipe


def _moved(files: Mapping[Path, str], folder: Path) -> dict[Path, str]:
    return {folder / path.name: text for path, text in files.items()}


def _plain(text: str) -> str:
    """A name for files, of letters that every system takes."""
    return re.sub(r'[^\w.-]+', '_', text).strip('._') or 'data'
