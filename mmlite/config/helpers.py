"""Which unknown top-level keys are variables of the config's own."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from ..errors import edit_distance
from .schema import LEGACY_KEYS, top_level_keys
from .templates import base_names, masked

__all__ = ['is_dumped_text', 'is_helper', 'is_idle', 'is_typo', 'names_used']

#: Names in the text of a dumped config.
_OF_DUMPS = {'Infinity', 'NaN', 'dict', 'false', 'float', 'globals', 'null', 'true'}
_ENDINGS = ('pipeline', 'policies', '_args', '_cfg', '_settings')


def is_helper(key: str, cfg: Config) -> bool:
    """Whether a top-level key that nothing reads may stand in a config.

    A config may define variables of its own, such as ``train_pipeline`` or
    ``img_size``, to use them further down. What distinguishes them from a mistyped key:

    1. a ``_private`` name is a helper, and so is one that the text of the
       config uses;
    2. so is a dict, or a list of dicts, that also stands inside a known key, equal
       or as a part of a list: a dumped config, where names are gone, must reload. There
       it may also have been merged into another dict, which has its keys;
    3. a name one or two letters off a known key, or the name that older
       configs gave to one, is a mistake;
    4. of the rest, a number, a string or a list of them is a helper, and so is
       what is called like one (``*_pipeline``, ``*_cfg``, ...); any other dict
       is a section that is never read, and so a mistake.
    """
    value, used = cfg[key], names_used(cfg.text)
    if key.startswith('_') or key in used:
        return True
    known = top_level_keys()
    structured, mistyped = _has_dict(value), is_typo(key, known)
    places = [cfg[k] for k in cfg if k in known] if structured else []
    is_dumped = is_dumped_text(used, cfg.text)
    if any(_stands_in(value, p) for p in places) and (is_dumped or not mistyped):
        return True
    if any(_merged_in(value, p) for p in places) and is_dumped and not mistyped:
        return True
    if key in LEGACY_KEYS or mistyped:
        return False
    return not structured or key.endswith(_ENDINGS)


def is_idle(key: str, cfg: Config) -> bool:
    """Whether a top-level key is a harmless leftover of published configs.

    ``data`` beside data loaders, ``resume_from=None``, and the ``strategy`` of a
    runner of large models.
    """
    if key == 'data':
        return any(f'{phase}_dataloader' in cfg for phase in ('train', 'val', 'test'))
    return key == 'strategy' or (key == 'resume_from' and not cfg[key])


def is_dumped_text(used: Collection[str], text: str) -> bool:
    """Whether a text looks like that of a dumped config, where names are gone."""
    return used <= _OF_DUMPS and '_base_' not in text


def is_typo(word: object, known: Collection[str]) -> bool:
    """Whether a name is one typo away from a known one, or two if it is long.

    Example:
        >>> is_typo('optim_wraper', ['optim_wrapper']), is_typo('ema', ['timer'])
        (True, False)
    """
    word = str(word)  # a key may be a number
    return any(edit_distance(word, k) <= (1 if len(k) < 6 else 2) for k in known)


def names_used(text: str) -> set[str]:
    """The variables that a config reads, its own and those of ``_base_``."""
    names = base_names(text)
    try:
        nodes = list(ast.walk(ast.parse(masked(text))))
    except SyntaxError:  # YAML or JSON, which have no variables
        return names
    names |= {
        node.id
        for node in nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for node in nodes:
        if isinstance(node, ast.Attribute) and _is_base(node.value):
            names.add(node.attr)
        elif isinstance(node, ast.Subscript) and _is_base(node.value):
            names.add(getattr(node.slice, 'value', ''))
    return names


def _is_base(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == '_base_'


def _has_dict(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_has_dict(item) for item in value)
    return isinstance(value, Mapping)


def _stands_in(value: Any, place: Any) -> bool:
    if value == place:
        return True
    if isinstance(place, Mapping):
        return any(_stands_in(value, item) for item in place.values())
    if isinstance(place, (list, tuple)):
        return _runs_in(value, place) or any(_stands_in(value, item) for item in place)
    return False


def _merged_in(value: Any, place: Any) -> bool:
    """Whether a dict has gone into another, where some of its values may be changed.

    That is if its keys are there, more than one, and a value or more is the same.
    """
    if isinstance(place, (list, tuple)):
        return any(_merged_in(value, item) for item in place)
    if not isinstance(place, Mapping) or not isinstance(value, Mapping):
        return False
    if len(value) > 1 and value.keys() <= place.keys():
        if any(value[key] == place[key] for key in value):
            return True
    return any(_merged_in(value, item) for item in place.values())


def _runs_in(value: Any, place: Sequence[Any]) -> bool:
    """Whether a list is a stretch of another, as the first steps of a pipeline."""
    if not isinstance(value, (list, tuple)) or not value:
        return False
    size = len(value)
    stretches = (place[i : i + size] for i in range(len(place) - size + 1))
    return any(list(stretch) == list(value) for stretch in stretches)
