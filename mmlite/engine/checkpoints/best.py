"""The best checkpoint so far: which one it is, and by which metric, after resuming."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mmengine.logging import MessageHub

from ...config import value_at
from ...given import BEST_NOTE, LATEST_NOTE, NOTHING_YET
from .writer import write_atomically

__all__ = [
    'better',
    'carry_over',
    'expect_checkpoints',
    'lies_in',
    'note_watched',
    'remember_best',
    'score_of',
]

#: Where the message hub keeps what is watched: pairs of a metric and its rule.
_WATCHED = 'save_best'


def score_of(value: Any) -> float | None:
    """A metric as a number; None if it is none, or NaN.

    Example:
        >>> score_of(0.5), score_of(float('nan')), score_of('high')
        (0.5, None, None)
    """
    try:
        score = float(value)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(score) else score


def better(score: float, best: Any, rule: str) -> bool:
    """Whether a score is better than the best so far, which may be None or NaN."""
    best = score_of(best)
    if best is None:
        return True
    return score > best if rule == 'greater' else score < best


def lies_in(path: str | Path, folder: str | Path) -> bool:
    """Whether a file lies in a folder itself, and not in another one.

    Example:
        >>> lies_in('runs/a/best.pth', 'runs/a'), lies_in('runs/b/best.pth', 'runs/a')
        (True, False)
    """
    return Path(path).parent.resolve() == Path(folder).resolve()


def note_watched(hub: MessageHub, pairs: Iterable[tuple[str, str]]) -> None:
    """Let checkpoints hold which metrics are watched, and by which rules."""
    hub.update_info(_WATCHED, [list(pair) for pair in pairs])


def remember_best(work_dir: str | Path, paths: Iterable[str | Path]) -> None:
    """Note the best checkpoints of the training that writes to a folder.

    Best ones of an earlier training may lie there too, and be as new after a copy.

    Args:
        work_dir: The folder.
        paths: The checkpoints; none, if the training keeps no best one.
    """
    names = [Path(p).name if lies_in(p, work_dir) else str(p) for p in paths]
    text = ''.join(f'{name}\n' for name in names)
    write_atomically(Path(work_dir, BEST_NOTE), lambda file: file.write(text.encode()))


def expect_checkpoints(work_dir: str | Path) -> None:
    """Note that what lies in a folder is not of the training that begins in it."""
    if Path(work_dir, LATEST_NOTE).is_file():
        remember_best(work_dir, [NOTHING_YET])


def carry_over(
    hub: MessageHub,
    cfg: Mapping[str, Any],
    source: str,
    now: list[tuple[str, str | None]],
    out_dir: str,
) -> list[str]:
    """Keep of the best so far what is still watched, by the same rule.

    Args:
        hub: Holds what was resumed; is given what is left of it.
        cfg: The config that was trained with before.
        source: The checkpoint that was resumed.
        now: Metrics and rules that are watched from now on; a rule is None where it
            is not known yet.
        out_dir: Where checkpoints go.

    Returns:
        Lines on what differs.
    """
    before = _watched_before(hub, cfg)
    if not before:
        return []
    lines: list[str] = []
    kept: dict[str, tuple[Any, Any]] = {}
    names = {key: key if len(before) > 1 else None for key in before}
    found = {
        key: (_info(hub, 'best_score', n), _info(hub, 'best_ckpt', n))
        for key, n in names.items()
    }
    for name in names.values():
        for what in ('best_score', 'best_ckpt'):
            hub.pop_info(what if name is None else f'{what}_{name}', None)
    if 'auto' in [key for key, _ in now] or 'auto' in before:
        keys = [key for key in before if key != 'auto'] or [key for key, _ in now]
        now = [(key, before.get(key)) for key in keys[:1]]
        found.setdefault(keys[0], found.get('auto', (None, None)))
        before = {keys[0]: before.get(keys[0])}
    for key, rule in now:
        if key not in before:
            lines.append(
                f'save_best watches {key!r} in the config, but '
                f'{", ".join(map(repr, before))} in {source}: the best so far of '
                f'{key!r} is not known, and starts over'
            )
        elif None not in (rule, before[key]) and rule != before[key]:
            lines.append(
                f'save_best takes the {rule} {key!r} in the config, but the '
                f'{before[key]} in {source}: the best so far starts over'
            )
        else:
            kept[key] = found[key]
    for key, (score, path) in kept.items():
        name = key if len(now) > 1 else None
        own = path and os.path.join(out_dir, os.path.basename(path))
        if path and lies_in(source, out_dir) and os.path.exists(own):
            path = own  # the folder may have been moved, or be a copy
        for what, value in (('best_score', score), ('best_ckpt', path)):
            if value is not None:
                hub.update_info(what if name is None else f'{what}_{name}', value)
    return lines


def _info(hub: MessageHub, what: str, name: str | None) -> Any:
    return hub.get_info(what if name is None else f'{what}_{name}')


def _watched_before(hub: MessageHub, cfg: Mapping[str, Any]) -> dict[str, str | None]:
    """Metrics that were watched, with their rules, as far as they are known."""
    pairs = hub.get_info(_WATCHED)
    if isinstance(pairs, (list, tuple)):
        known = [p for p in pairs if isinstance(p, (list, tuple)) and len(p) == 2]
        return {str(key): rule for key, rule in known}
    keys = value_at(cfg, 'default_hooks', 'checkpoint', 'save_best')
    rules = value_at(cfg, 'default_hooks', 'checkpoint', 'rule')
    keys = [keys] if isinstance(keys, str) else keys
    rules = [rules] * len(keys or ()) if isinstance(rules, str) else rules
    if not isinstance(keys, (list, tuple)):
        return {}
    if not isinstance(rules, (list, tuple)) or len(rules) != len(keys):
        rules = [None] * len(keys)
    return dict(zip(map(str, keys), rules, strict=True))
