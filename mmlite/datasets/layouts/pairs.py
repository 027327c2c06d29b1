"""Pairs of a left and a right view with their disparity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ..folders import held_out, subfolders
from ..stereo import StereoDataset
from ..stereo_published import KITTI2012, KITTI2015, MiddleburyStereo, SceneFlow
from ..transforms.stereo import LoadDisparity
from .found import Found, as_lines, split_of, splits_in

__all__ = ['find_pairs', 'looks_like_pairs', 'views_in']

#: What part of the pairs is held out, and by which seed.
HELD_OUT, SEED = 0.2, 0
#: Of how many pairs the largest disparity is looked for.
_MOST_MAPS = 32
_KEYS = ('ref_img_path', 'tgt_img_path', 'disparity_path', 'disparity_tgt_path')


def looks_like_pairs(root: Path) -> bool:
    """Whether there are views of pairs in one of the layouts."""
    return bool(_scanned(root))


def views_in(root: Path) -> list[tuple[str, str]]:
    """The left and the right view of all pairs in one of the layouts; maybe none.

    Raises:
        DataError: if a view has no counterpart.
    """
    parts = [root, *(root / name for name in subfolders(root) if split_of(name))]
    found = [sample for part in parts for sample in _scan(StereoDataset, part)]
    found = found or [s for samples in _scanned(root).values() for s in samples]
    return [(str(s['ref_img_path']), str(s['tgt_img_path'])) for s in found]


def find_pairs(root: Path, lists: Path) -> Found | None:
    """``left/a.png``, ``right/a.png``, ``disparity/a.pfm``, or as published.

    Args:
        root: The folder.
        lists: Where lists are to be written.

    Raises:
        DataError: if a view has no counterpart, or no disparity is known.
    """
    parts = _scanned(root)
    if not parts:
        return None
    known = {split: _with_disparity(samples) for split, samples in parts.items()}
    missing = len(parts['train']) - len(known['train'])
    if not known['train']:
        raise DataError(
            f'{root}: {len(parts["train"])} pairs, but no disparity of one, and so '
            'nothing to learn from; put it into disparity/, as .pfm, .npy or a .png of '
            '16 bits, 256 to a pixel'
        )
    notes = [f'{missing} pairs have no disparity, and are left out'] if missing else []
    if not known.get('val'):
        notes += _hold_out(root, known)
    files = {lists / f'{split}.txt': _text(known[split]) for split in known}
    splits = {
        split: dict(
            type='StereoDataset',
            data_root=str(root),
            ann_file=str(lists / f'{split}.txt'),
        )
        for split in known
    }
    return Found(
        'pairs',
        splits,
        {split: len(samples) for split, samples in known.items()},
        [str(sample['ref_img_path']) for sample in known['train']],
        files=files,
        notes=notes,
        extra=dict(largest=_largest(known['train'])),
    )


def _scanned(root: Path) -> dict[str, list[dict[str, Any]]]:
    """The pairs of each split, in whichever layout they are found."""
    folders = splits_in(root) or dict(train='')
    own = {split: _scan(StereoDataset, root / name) for split, name in folders.items()}
    own = {split: samples for split, samples in own.items() if samples}
    if 'train' in own:
        return own
    for kind, arguments in (
        (KITTI2015, dict(split='training')),
        (KITTI2012, dict(split='training')),
        (SceneFlow, dict(split='train')),
        (MiddleburyStereo, {}),
    ):
        if found := _scan(kind, root, **arguments):
            return dict(train=found)
    return {}


def _scan(
    kind: type[StereoDataset], root: Path, **arguments: Any
) -> list[dict[str, Any]]:
    dataset = kind(data_root=str(root), lazy_init=True, **arguments)
    samples = dataset.scan(root)
    for sample in samples:
        if not Path(sample['tgt_img_path']).is_file():
            raise DataError(
                f'{sample["ref_img_path"]} has no right view: there is no '
                f'{sample["tgt_img_path"]}'
            )
    return samples


def _with_disparity(samples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [s for s in samples if Path(s.get('disparity_path', '')).is_file()]


def _hold_out(root: Path, known: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Hold a part of the training out as ``val``; return what is to be said of it."""
    samples = known['train']
    keys = [Path(s['ref_img_path']).relative_to(root).as_posix() for s in samples]
    chosen = held_out(keys, [0] * len(samples), HELD_OUT, SEED)
    known.pop('val', None)
    if not any(chosen):
        return ['there is one pair, so that none is held out to validate']
    pairs = list(zip(samples, chosen, strict=True))
    known['train'] = [sample for sample, out in pairs if not out]
    known['val'] = [sample for sample, out in pairs if out]
    return [f'{HELD_OUT:.0%} of the pairs are held out to validate']


def _text(samples: Sequence[dict[str, Any]]) -> str:
    rows = [[str(s[key]) for key in _KEYS if key in s] for s in samples]
    for row in rows:
        if any('\t' in path for path in row):
            raise DataError(f'{row[0]!r} has a tab in its name; rename it')
    return as_lines(['\t'.join(row) for row in rows])


def _largest(samples: Sequence[dict[str, Any]]) -> float:
    """The largest disparity of some pairs in px; the last half per cent do not count.

    Raises:
        DataError: if none is known, or they are below 0.
    """
    load = LoadDisparity()
    step = max(1, len(samples) // _MOST_MAPS)
    found = []
    for sample in samples[::step][:_MOST_MAPS]:
        paths = dict(disparity_path=str(sample['disparity_path']))
        values = load(dict(paths, img_shape=None))['gt_disparity']
        values = values[np.isfinite(values) & (values > 0)]
        if len(values):
            found.append(float(np.quantile(values, 0.995)))
    if not found:
        raise DataError(
            f'{samples[0]["disparity_path"]}: no disparity above 0 is in it, nor in '
            'the others that were looked at'
        )
    return max(found)
