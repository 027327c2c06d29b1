"""Walks of people in folders ``identity/type/view``."""

from __future__ import annotations

import glob
import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...errors import DataError
from ..annotations import read_data
from ..folders import held_out, is_hidden, subfolders, visible
from ..silhouettes import black_and_white
from ..transforms.sequence_files import (
    ARRAY_FILES,
    PICTURES,
    has_colours,
    read_array,
    read_pictures,
)
from .found import Found, split_of

__all__ = ['find_walks', 'looks_like_walks']

#: What part of the identities is held out, and by which seed.
HELD_OUT, SEED = 0.25, 0
#: Heights and widths of frames that are prepared.
_PREPARED = {(64, 64), (64, 44), (128, 128), (128, 88)}
#: Types as CASIA-B calls them, those of its gallery, and its whole protocol.
_CASIA_B = re.compile(r'(nm|bg|cl)-\d\d')
_GALLERY = ('nm-01', 'nm-02', 'nm-03', 'nm-04')
_WHOLE = dict(
    gallery=list(_GALLERY),
    probe=dict(NM=['nm-05', 'nm-06'], BG=['bg-01', 'bg-02'], CL=['cl-01', 'cl-02']),
)


class _Walk(NamedTuple):
    subject: str
    type: str
    view: str
    folder: Path


def looks_like_walks(root: Path) -> bool:
    """Whether arrays of frames, or pictures under names that recur, lie three deep."""
    walks = _walks_in(root)
    if not walks:
        return False
    if any(_files(walk.folder)[0].lower().endswith(ARRAY_FILES) for walk in walks[:8]):
        return True
    if all(split_of(walk.type) for walk in walks):
        return False  # several data sets of classes
    recurring = Counter(name for name, _ in {(w.type, w.subject) for w in walks})
    views = Counter(view for view, _ in {(w.view, (w.subject, w.type)) for w in walks})
    return max(recurring.values()) > 1 and max(views.values()) > 1


def find_walks(root: Path, lists: Path) -> Found | None:
    """``identity/type/view/``, each with frames as an array or as pictures.

    Args:
        root: The folder.
        lists: Where the partition is to be written.

    Raises:
        DataError: if frames are not prepared, or there are too few identities.
    """
    walks = _walks_in(root)
    if not walks:
        return None
    subjects = sorted({walk.subject for walk in walks})
    if len(subjects) < 4:
        raise DataError(
            f'{root}: walks of {len(subjects)} '
            f'{"identity" if len(subjects) == 1 else "identities"} '
            f'({", ".join(subjects)}); a training needs four, two to learn to tell '
            'apart and two to test; each is a folder identity/type/view with frames'
        )
    looked_at = walks[:: max(1, len(walks) // 16)][:16]
    frames = [_checked(walk) for walk in looked_at]
    black = [w for w, each in zip(looked_at, frames, strict=True) if not each.any()]
    if len(black) == len(looked_at):
        raise DataError(f'{root}: {_about_black(black, looked_at)}')
    partition, path, files = _partition(root, lists, subjects)
    notes = [_about_black(black, looked_at)] if black else []
    if files:
        out = len(partition['TEST_SET'])
        notes.append(f'{out} of {len(subjects)} identities are held out to validate')
    settings = dict(type='GaitDataset', data_root=str(root), ann_file=str(path))
    test = [walk for walk in walks if walk.subject in set(partition['TEST_SET'])]
    train = [walk for walk in walks if walk.subject in set(partition['TRAIN_SET'])]
    evaluator = _evaluator(test)
    splits = dict(train=dict(settings, split='train'))
    if evaluator is None:
        notes.append('one view of one type: nothing is validated')
    else:
        splits['val'] = dict(settings, split='test')
    per_subject = Counter(walk.subject for walk in train)
    return Found(
        'walks',
        splits,
        dict(train=len(train), val=len(test)),
        num_classes=len({walk.subject for walk in train}),
        files=files,
        notes=notes,
        extra=dict(
            frames=int(np.median([len(each) for each in frames])),
            evaluator=evaluator,
            walks_each=min(per_subject.values()),
        ),
    )


def _walks_in(root: Path) -> list[_Walk]:
    found = []
    for subject in subfolders(root):
        for kind in subfolders(root / subject):
            for view in subfolders(root / subject / kind):
                folder = root / subject / kind / view
                if _files(folder):
                    found.append(_Walk(subject, kind, view, folder))
    return found


def _files(folder: Path) -> list[str]:
    """The files that the dataset takes: arrays, and pictures where there are none."""
    names = sorted(name for name in os.listdir(folder) if not is_hidden(name))
    arrays = [name for name in names if name.endswith(ARRAY_FILES)]
    return arrays or [name for name in names if name.lower().endswith(PICTURES)]


def _about_black(black: Sequence[_Walk], looked_at: Sequence[_Walk]) -> str:
    return (
        f'{len(black)} of {len(looked_at)} walks that were looked at show nobody: all '
        f'frames are black, e.g. of {black[0].folder}; remove them'
    )


def _checked(walk: _Walk) -> np.ndarray:
    """The frames of a walk; they have to be of a size that networks take."""
    name = _files(walk.folder)[0]
    is_array = name.lower().endswith(ARRAY_FILES)
    read = read_array if is_array else read_pictures
    frames = read(str(walk.folder / name if is_array else walk.folder))
    size = tuple(frames.shape[-2:])
    if frames.ndim != 3 or size not in _PREPARED:
        raise DataError(
            f'{walk.folder}: expected silhouettes of 64x64, 64x44, 128x128 or 128x88 '
            f'pixels, got an array {tuple(frames.shape)}; mmlite prepare-gait cuts and '
            'centres them'
        )
    coloured = not is_array and has_colours(str(walk.folder / name))
    black_and_white(frames, str(walk.folder), coloured)
    return frames


def _partition(
    root: Path, lists: Path, subjects: Sequence[str]
) -> tuple[dict[str, Any], Path, dict[Path, str]]:
    """Who is trained on and who is tested, where it stands, and what is to write."""
    for path in visible(root, '*.json'):
        try:
            content = read_data(path)
        except DataError:
            continue
        if isinstance(content, dict) and {'TRAIN_SET', 'TEST_SET'} <= set(content):
            return content, path, {}
    chosen = held_out(subjects, [0] * len(subjects), HELD_OUT, SEED)
    if sum(chosen) < 2:
        chosen = held_out(subjects, [0] * len(subjects), 2 / len(subjects), SEED)
    partition = {
        name: [s for s, out in zip(subjects, chosen, strict=True) if out == wanted]
        for name, wanted in (('TRAIN_SET', False), ('TEST_SET', True))
    }
    path = lists / 'partition.json'
    return partition, path, {path: json.dumps(partition, indent=1) + '\n'}


def _evaluator(walks: Sequence[_Walk]) -> dict[str, Any] | None:
    """The metric for the types and views of the test; None if there is none."""
    types = sorted({walk.type for walk in walks})
    several_views = len({walk.view for walk in walks}) > 1
    if len(types) < 2 and not several_views:
        return None
    protocol: Mapping[str, Any] | str | None = _as_casia_b(types)
    if protocol is None:
        gallery, *others = map(glob.escape, types)
        protocol = dict(gallery=[gallery], probe=dict(others=others or [gallery]))
    elif protocol == _WHOLE:
        protocol = 'CASIA-B'
    kind = 'CrossViewRank' if several_views else 'GaitRetrieval'
    return dict(type=kind, protocol=protocol)


def _as_casia_b(types: Sequence[str]) -> dict[str, Any] | None:
    """CASIA-B's protocol on such of its types as there are; None of other types.

    Example:
        >>> _as_casia_b(['bg-01', 'nm-01', 'nm-02', 'nm-03'])['gallery']
        ['nm-01', 'nm-02']
    """
    normal = [kind for kind in types if kind.startswith('nm')]
    if not normal or len(types) < 2 or not all(map(_CASIA_B.fullmatch, types)):
        return None
    gallery = [kind for kind in normal if kind in _GALLERY] or normal[:1]
    if gallery == normal and len(normal) > 1:
        gallery = gallery[:-1]  # one is looked for
    probes = [kind for kind in types if kind not in gallery]
    probe: dict[str, list[str]] = {}
    for name in ('NM', 'BG', 'CL'):
        if own := [kind for kind in probes if kind.startswith(name.lower())]:
            probe[name] = own
    return dict(gallery=gallery, probe=probe)
