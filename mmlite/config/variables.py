"""Variables of a config that have no effect."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config

from .editing import whereabouts
from .helpers import is_dumped_text, is_helper, names_used
from .parsing import assigned_names
from .schema import top_level_keys
from .templates import masked

__all__ = ['unread_variables']


def unread_variables(cfg: Config) -> Iterator[tuple[str, str]]:
    """Variables of a config whose value reaches no section, and why.

    One that nothing reads, and one that a file sets anew after its base files have used
    it: what they have built from it does not change.
    """
    known, used = top_level_keys(), names_used(cfg.text)
    if is_dumped_text(used, cfg.text):
        return
    own_text = _own_text(cfg)
    own, own_used = _assigned(own_text), names_used(own_text)
    places = {key: cfg[key] for key in cfg if key in known}
    for key in cfg:
        if key in known or key not in own or not is_helper(key, cfg):
            continue
        if key.startswith('_'):
            continue
        if key not in used:
            hint = whereabouts(key, places)
            yield key, f'is a variable that nothing uses{hint}'
        elif key not in own_used:
            yield (
                key,
                'is set anew after the base files have used it, and changes nothing of '
                f'theirs; set what they build from it, too{whereabouts(key, places)}',
            )


def _own_text(cfg: Config) -> str:
    """The text of the config's own file, without its bases."""
    mark = f'# {Path(cfg.filename).resolve()}\n' if cfg.filename else ''
    return cfg.text.rpartition(mark)[2] if mark and mark in cfg.text else ''


def _assigned(text: str) -> set[str]:
    try:
        return assigned_names(ast.parse(masked(text)))
    except SyntaxError:  # YAML or JSON, in which variables are rare
        return set()
