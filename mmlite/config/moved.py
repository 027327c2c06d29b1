"""The lists of a recipe whose folder was moved or copied elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

__all__ = ['find_moved_lists']

#: The variable in which a recipe has the folder of its lists.
_LISTS = 'lists'


def find_moved_lists(cfg: Config, folder: str | Path) -> None:
    """Let a config read the lists beside it that are gone from where they were.

    A recipe names its lists by their whole path, in ``lists``, so that it can be copied
    to another place; so does the config in a checkpoint of its training. Once their
    folder has moved as a whole, they lie beside it. Lists that are still there are
    read from there.

    Args:
        cfg: A config, which is changed.
        folder: Where the recipe, or the checkpoint that the config is from, is now.

    Example:
        >>> _ = Path('val.txt').write_text('a.png 0')
        >>> cfg = Config(dict(lists='/gone', dataset=dict(ann_file='/gone/val.txt')))
        >>> find_moved_lists(cfg, '.')
        >>> cfg.dataset.ann_file == Path('val.txt').absolute().as_posix()
        True
    """
    lists = cfg.get(_LISTS)
    if not isinstance(lists, str) or not lists:
        return
    start, here = f'{lists}/', Path(os.path.abspath(Path(folder).expanduser()))
    moved = {
        text: (here / text.removeprefix(start)).as_posix()
        for text in set(_texts(cfg.to_dict()))
        if text.startswith(start)
        and not os.path.exists(text)
        and (here / text.removeprefix(start)).is_file()
    }
    if not moved:
        return
    if not os.path.isdir(lists):
        moved[lists] = here.as_posix()
    for key in list(cfg):
        cfg[key] = _replaced(cfg[key], moved)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list, tuple)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def _replaced(value: Any, moved: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return moved.get(value, value)
    if isinstance(value, dict):
        for key, item in value.items():
            value[key] = _replaced(item, moved)
    elif type(value) in (list, tuple):
        return type(value)(_replaced(item, moved) for item in value)
    return value
