"""From one format of boxes to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ..datasets.box_files import WRITERS
from ..datasets.boxes import BoxDataset
from ..errors import UserError, wrong_choice
from ..registry import DATASETS

__all__ = ['convert_detection']

_READERS = {'coco': 'CocoDataset', 'voc': 'VOCDetection', 'yolo': 'YoloDataset'}
Format = Literal['coco', 'voc', 'yolo']


def convert_detection(
    source: Format,
    target: Format,
    root: str | Path,
    out: str | Path,
    *,
    split: str = 'train',
    ann_file: str | None = None,
    images: str | None = None,
    classes: Any = None,
) -> Path:
    """Write a dataset of boxes in another format.

    Args:
        source: The format that is read: ``'coco'``, ``'voc'`` or ``'yolo'``.
        target: The format that is written.
        root: The folder of the dataset.
        out: The folder to write to.
        split: The part that is read, and how it is called.
        ann_file: COCO's JSON (by default ``annotations/<split>.json``), YOLO's
            ``data.yaml``, or VOC's list of images, relative to ``root``.
        images: COCO's folder of images, relative to ``root``.
        classes: Names of the classes, in the order of their labels, or a file of them;
            by default those of the dataset.

    Returns:
        The file that lists what was written.

    Raises:
        UserError: if a format is not known, or both are the same.
        DataError: if the dataset makes no sense, or no file can be written.
    """
    for name in (source, target):
        if name not in _READERS:
            raise UserError(wrong_choice('format', name, sorted(_READERS)))
    cfg: dict[str, Any] = dict(type=_READERS[source], data_root=str(root))
    if classes is not None:
        cfg['classes'] = classes
    if source == 'coco':
        cfg['ann_file'] = ann_file or f'annotations/{split}.json'
        cfg['data_prefix'] = dict(img_path=images or '')
    elif source == 'yolo':
        cfg.update(ann_file=ann_file or 'data.yaml', split=split)
    elif ann_file is not None:
        cfg.update(image_set_path=ann_file)
    else:
        cfg.update(split=split)
    # All of it, objects or none, as a test reads it.
    dataset: BoxDataset = DATASETS.build(cfg | dict(test_mode=True))
    return WRITERS[target](dataset, out, split)
