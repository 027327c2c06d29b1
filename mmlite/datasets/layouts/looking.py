"""Find out what a folder is for, and how it is laid out."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import DataError, DataNotFoundError, suggestion
from ...given import check_folder
from ..folders import find_images, is_hidden, subfolders, visible
from ..transforms.base import OR_SKIP
from .boxes import find_coco, find_voc, find_yolo, what_is_no_coco
from .classes import find_class_folders, find_retrieval, find_unlabelled
from .found import Found, Layout, wrong_layout
from .pairs import find_pairs, looks_like_pairs
from .parents import refuse_parent
from .walks import find_walks, looks_like_walks

__all__ = ['TASKS', 'look']

_CLASSES = '<class>/*.jpg with or without train/ and val/ above'

#: The layouts of each task.
TASKS: dict[str, tuple[Layout, ...]] = {
    'classification': (Layout(_CLASSES, find_class_folders),),
    'detection': (
        Layout("COCO's annotations/*.json", find_coco),
        Layout("YOLO's data.yaml, or images/ and labels/ with classes.txt", find_yolo),
        Layout("Pascal VOC's Annotations/*.xml and JPEGImages/", find_voc),
    ),
    'gait': (Layout('identity/type/view/ with frames', find_walks),),
    'stereo': (
        Layout('left/, right/ and disparity/ with files of one name', find_pairs),
    ),
    'selfsup': (Layout('images anywhere (--task selfsup)', find_unlabelled),),
    'retrieval': (Layout(f'{_CLASSES} (--task retrieval)', find_retrieval),),
}


def look(
    folder: str | Path, lists: str | Path, task: str | None = None
) -> tuple[str, Found]:
    """What a folder holds, and what it can be used for.

    Nothing is written, and no image decoded. Without a ``task`` the first of these
    decides: boxes of COCO, YOLO or Pascal VOC (detection), left and right views
    (stereo), ``identity/type/view`` with arrays or with names that recur (gait),
    folders of images (classification).

    Args:
        folder: The folder.
        lists: Where lists will be written; the settings name them there.
        task: One of :data:`TASKS`, if it is known.

    Returns:
        The task, and what was found.

    Raises:
        DataNotFoundError: if there is no folder, or nothing in it.
        DataError: if the layout is not known, or there are several data sets in the
            folder.

    Example:
        >>> for name in ('cat/1.JPG', 'cat/2.jpg', 'dog/1.jpg', 'dog/2.png'):
        ...     Path('pets', name).parent.mkdir(parents=True, exist_ok=True)
        ...     Path('pets', name).touch()
        >>> task, found = look('pets', 'lists')
        >>> task, found.num_classes, found.counts
        ('classification', 2, {'train': 2, 'val': 2})
    """
    if task is not None and task not in TASKS:
        hint = suggestion(task, TASKS)
        raise DataError(f'there is no task {task!r}{hint}')
    root, lists = _checked(folder), Path(os.path.abspath(lists))
    if task is None:
        return _guessed(root, lists)
    found = _found(task, root, lists)
    if found is None:
        if task == 'detection' and (reason := what_is_no_coco(root)):
            raise DataError(reason)
        texts = [layout.text for layout in TASKS[task]]
        raise DataError(wrong_layout(root, texts, f'no data for {task}'))
    return task, found


def _found(task: str, root: Path, lists: Path) -> Found | None:
    """What a folder holds for a task."""
    options = (layout.find(root, lists) for layout in TASKS[task])
    try:
        return next((found for found in options if found is not None), None)
    except DataError as error:  # there is no dataset yet that could leave it out
        error.args = (str(error).removesuffix(OR_SKIP),)
        raise


def _checked(folder: str | Path) -> Path:
    if not isinstance(folder, (str, os.PathLike)) or not str(folder).strip():
        raise DataError(
            f'data must be a folder, got {folder!r}; "." is the working one'
        )
    path = Path(os.path.abspath(Path(folder).expanduser()))
    if path.is_file():
        raise DataError(f'{path} is a file; give the folder that holds the data')
    check_folder(path)
    if all(map(is_hidden, _names(path))):
        texts = [layout.text for layouts in TASKS.values() for layout in layouts]
        raise DataNotFoundError(wrong_layout(path, texts))
    return path


def _names(path: Path) -> list[str]:
    try:
        return os.listdir(path)
    except OSError as error:
        raise DataError(f'cannot list the folder {path}: {error.strerror}') from error


def _guessed(root: Path, lists: Path) -> tuple[str, Found]:
    """What a folder is for, and what it holds."""
    for task, may_be in _SIGNS:
        if task == 'classification':
            refuse_parent(root)
        if may_be(root) and (found := _found(task, root, lists)) is not None:
            return task, found
    if reason := what_is_no_coco(root):
        raise DataError(reason)
    texts = [layout.text for layouts in TASKS.values() for layout in layouts]
    count = len(find_images(root))
    what = f'{count} images without labels' if count else 'no data'
    raise DataError(wrong_layout(root, texts, what))


def _may_have_boxes(root: Path) -> bool:
    """Whether there are files that boxes may stand in."""
    names = set(map(str.lower, subfolders(root)))
    patterns = ('*.json', '*.yaml', '*.yml', '*.xml', '*/*.coco.json')
    return (
        {'images', 'labels'} <= names
        or 'annotations' in names
        or any(visible(root, pattern) for pattern in patterns)
    )


#: What is tried in turn, each where something speaks for it.
_SIGNS = (
    ('detection', _may_have_boxes),
    ('stereo', looks_like_pairs),
    ('gait', looks_like_walks),
    ('classification', lambda root: bool(subfolders(root))),
)
