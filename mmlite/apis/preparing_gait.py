"""From silhouettes as data sets are published to the tree that is trained on."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..datasets.silhouettes import black_and_white, prepare_walk
from ..datasets.transforms import read_grey
from ..datasets.transforms.sequence_files import (
    PICTURES,
    folders_below,
    has_colours,
    pictures_in,
)
from ..errors import DataError, UserError, suggestion

__all__ = ['LAYOUTS', 'PreparedGait', 'prepare_gait']


class PreparedGait(NamedTuple):
    """What was written, and what was not.

    Args:
        walks: Number of walks that were written.
        dropped_frames: Pictures that show nobody, by their paths.
        dropped_walks: Folders of walks without a frame that shows anybody.
        short_walks: Folders of walks with fewer than 5 such frames; they are written.
    """

    walks: int
    dropped_frames: list[str]
    dropped_walks: list[str]
    short_walks: list[str]


def _in_order(parts: tuple[str, ...]) -> tuple[str, str, str] | None:
    """``identity/type/view``: CASIA-B, Gait3D, SUSTech1K."""
    return parts if len(parts) == 3 else None


def _oumvlp(parts: tuple[str, ...]) -> tuple[str, str, str] | None:
    """``Silhouette_view-type/identity``."""
    match = re.fullmatch(r'Silhouette_(\d+)-(\d+)', parts[0]) if parts else None
    if match is None or len(parts) != 2:
        return None
    return parts[1], match[2], match[1]


def _grew(parts: tuple[str, ...]) -> tuple[str, str, str] | None:
    """``train/identity/walk``, ``test/gallery/identity/walk``, ``test/probe/walk``."""
    if parts[:1] == ('train',) and len(parts) == 3:
        return f'{parts[1]}train', '00', parts[2]
    if parts[:2] == ('test', 'gallery') and len(parts) == 4:
        return f'{parts[2]}test', '01', parts[3]
    if parts[:2] == ('test', 'probe') and len(parts) == 3:
        return 'probe', '03', parts[2]
    return None


#: Where a walk of a data set belongs, by the folders that lead to its pictures.
LAYOUTS: dict[str, Callable[[tuple[str, ...]], tuple[str, str, str] | None]] = {
    'casiab': _in_order,
    'oumvlp': _oumvlp,
    'gait3d': _in_order,
    'grew': _grew,
    'sustech1k': _in_order,
}


def prepare_gait(
    source: str | Path, out: str | Path, layout: str = 'casiab', size: int = 64
) -> PreparedGait:
    """Cut and centre all silhouettes of a data set, and write one file a walk.

    The rules are those of :func:`~mmlite.datasets.silhouettes.centred`. A walk becomes
    ``out/identity/type/view/view.pkl``, which :class:`~mmlite.datasets.GaitDataset`
    and OpenGait read.

    Args:
        source: The folder of the data set.
        out: The folder to write; files that are there are overwritten.
        layout: ``'casiab'``, ``'oumvlp'``, ``'gait3d'``, ``'grew'`` or
            ``'sustech1k'``.
        size: Height and width of the frames in pixels.

    Raises:
        UserError: if there is no such layout, or ``out`` is in ``source``.
        DataError: if the folder holds no walk in that layout, or a picture cannot be
            read.
    """
    if layout not in LAYOUTS:
        hint = suggestion(layout, LAYOUTS)
        raise UserError(f'there is no layout {layout!r}{hint}')
    if size < 1:
        raise UserError(f'size must be at least 1 pixel, got {size}')
    _refuse_within(Path(out), Path(source))
    found = PreparedGait(0, [], [], [])
    count = 0
    for folder, place in _walks(Path(source), layout):
        ordered = pictures_in(folder)
        coloured = has_colours(f'{folder}/{ordered[0]}')
        frames = [read_grey(f'{folder}/{name}') for name in ordered]
        sils = black_and_white(frames, str(folder), coloured)
        walk = prepare_walk(zip(ordered, sils, strict=True), size)
        found.dropped_frames.extend(f'{folder}/{name}' for name in walk.dropped)
        if not len(walk.frames):
            found.dropped_walks.append(str(folder))
            continue
        if len(walk.frames) < 5:
            found.short_walks.append(str(folder))
        target = Path(out, *place)
        target.mkdir(parents=True, exist_ok=True)
        with open(target / f'{place[2]}.pkl', 'wb') as file:
            pickle.dump(walk.frames, file)
        count += 1
    return found._replace(walks=count)


def _refuse_within(out: Path, source: Path) -> None:
    """Check that what is written is not read again as data, nor takes its place."""
    inner, outer = out.expanduser().resolve(), source.expanduser().resolve()
    if inner == outer or outer in inner.parents:
        raise UserError(
            f'{out} is in {source}, whose walks are read while others are written; '
            f'name a folder beside it, e.g. {outer.with_name(outer.name + "_prepared")}'
        )


def _walks(source: Path, layout: str) -> Iterator[tuple[Path, tuple[str, str, str]]]:
    if not source.is_dir():
        raise DataError(f'the folder {source} does not exist')
    known = False
    for root, names in folders_below(source):
        if not any(name.lower().endswith(PICTURES) for name in names):
            continue
        place = LAYOUTS[layout](Path(root).relative_to(source).parts)
        if place is not None:
            known = True
            yield Path(root), place
    if not known:
        shape = (LAYOUTS[layout].__doc__ or '').strip()
        raise DataError(
            f'{source} holds no walk as layout {layout!r} has them: {shape}'
        )
