"""A folder of several data sets, which are no classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import DataError
from ..folders import find_images, subfolders, visible
from .found import splits_in
from .pairs import looks_like_pairs
from .walks import looks_like_walks

__all__ = ['refuse_parent']

#: How many data sets a message names.
_MOST_NAMED = 3


def refuse_parent(root: Path) -> None:
    """Check that the folders in a folder are classes, and no data sets of their own.

    Args:
        root: The folder.

    Raises:
        DataError: if one is laid out as boxes, pairs or walks are, or has a split, or
            two of them are called as the views of pairs are.

    Example:
        >>> for name in ('boxes/images', 'boxes/labels', 'cats'):
        ...     Path('all', name).mkdir(parents=True)
        >>> refuse_parent(Path('all'))
        Traceback (most recent call last):
        mmlite.errors.DataError: all: boxes/ is a data set of its own, not a class: ...
    """
    folders = subfolders(root)
    _refuse_views(root, folders)
    if train := splits_in(root).get('train'):
        folders += [f'{train}/{name}' for name in subfolders(root / train)]
    found = [(name, sign) for name in folders if (sign := _sign_of(root / name))]
    if not found:
        return
    names = ', '.join(f'{name}/' for name, _ in found[:_MOST_NAMED])
    more = f' and {len(found) - _MOST_NAMED} more' if len(found) > _MOST_NAMED else ''
    said = 'is a data set of its own, not a class'
    if len(found) > 1:
        said = 'are data sets of their own, not classes'
    signs = '; '.join(f'{name}/ has {sign}' for name, sign in found[:_MOST_NAMED])
    raise DataError(
        f'{root}: {names}{more} {said}: {signs}; give one data set, e.g. --data '
        f'{root / found[0][0]}, or --task classification if they are classes'
    )


def _refuse_views(root: Path, folders: Sequence[str]) -> None:
    """Refuse views of stereo pairs under names that are not known."""
    known = {name.lower(): name for name in folders}
    for left in known:
        right = left.replace('left', 'right')
        if left == right or right not in known:
            continue
        names = [known[left], known[right]]
        views = [{Path(p).stem for p in find_images(root / name)} for name in names]
        if views[0] and views[0] == views[1]:
            raise DataError(
                f'{root}: {names[0]}/ and {names[1]}/ hold images of the same names, '
                'as the two views of stereo pairs: call them left/ and right/, and put '
                'the disparities into disparity/; or say --task classification if '
                'they are classes'
            )


def _sign_of(folder: Path) -> str:
    """What a folder has that a class lacks; most classes have no folders at all."""
    inner = {name.lower(): name for name in subfolders(folder)}
    if not inner:
        return ''
    if {'images', 'labels'} <= inner.keys():
        return f'{inner["images"]}/ and {inner["labels"]}/ (detection)'
    if marks := inner.get('annotations'):
        if any(visible(folder, f'{marks}/*.{kind}') for kind in ('json', 'xml')):
            return f'{marks}/ (detection)'
    if visible(folder, '*/*.coco.json'):
        return 'a .coco.json in its folders (detection)'
    try:
        if looks_like_pairs(folder):
            return 'left and right views (stereo)'
        split = splits_in(folder)
    except DataError:  # views or parts that are incomplete are no sign
        return ''
    if looks_like_walks(folder):
        return 'identity/type/view/ (gait)'
    if len(split) > 1:
        return ' and '.join(f'{name}/' for name in split.values())
    return ''
