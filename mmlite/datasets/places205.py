"""Places205."""

from __future__ import annotations

from typing import ClassVar

from ..registry import DATASETS
from .custom import CustomDataset
from .published import published_classes


@DATASETS.register_module()
class Places205(CustomDataset):
    """Places205: scenes of 205 kinds.

    Paper: Learning Deep Features for Scene Recognition using Places Database,
    NeurIPS 2014.

    The images lie in folders named like the classes, or ``ann_file`` lists them, with
    lines "path label".

    Args:
        data_root: Folder of everything.
        data_prefix: Folder of the images, relative to ``data_root``.
        ann_file: Annotation file, relative to ``data_root``.
        metainfo: What the dataset is about.
        kwargs: Arguments of :class:`CustomDataset`.
    """

    METAINFO: ClassVar[dict] = dict(classes=published_classes('Places205'))
