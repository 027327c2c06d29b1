"""Images of several classes each, or with labels for several tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import DataError
from ..registry import DATASETS
from ..structures.class_lists import shortened
from .annotations import check_samples, place_of
from .base_dataset import BaseDataset


@DATASETS.register_module()
class MultiLabelDataset(BaseDataset):
    """Images of any number of classes each, from an annotation file.

    The file is that of :class:`BaseDataset`, with a list as ``gt_label``::

        {"metainfo": {"classes": ["sky", "sea", "dog"]},
         "data_list": [{"img_path": "a.jpg", "gt_label": [0, 1]},
                       {"img_path": "b.jpg", "gt_label": []}]}

    Args:
        ann_file: Annotation file, relative to ``data_root``.
        kwargs: Arguments of :class:`BaseDataset`.

    Raises:
        DataNotFoundError: if the file is absent.
        DataError: if it makes no sense.

    Example:
        >>> import pathlib
        >>> text = '{"metainfo": {"classes": ["a", "b"]}, "data_list": '
        >>> text += '[{"img_path": "x.jpg", "gt_label": ["b", "a"]}]}'
        >>> _ = pathlib.Path('several.json').write_text(text)
        >>> cfg = dict(type='MultiLabelDataset', ann_file='several.json')
        >>> DATASETS.build(cfg).get_cat_ids(0)
        [1, 0]
    """

    def __init__(self, ann_file: str = '', **kwargs: Any) -> None:
        super().__init__(ann_file=ann_file, **kwargs)

    def check_samples(self, samples: list[dict]) -> None:
        """Check that labels are lists of classes; names become indices."""
        for place, sample in enumerate(samples):
            if not isinstance(sample.get('gt_label'), list):
                raise DataError(
                    f'{place_of(self.ann_file, place)}: gt_label is '
                    f'{shortened(sample.get("gt_label"))}, expected a list of classes'
                )
        super().check_samples(samples)


@DATASETS.register_module()
class MultiTaskDataset(BaseDataset):
    """Images with a label for each of several tasks, from an annotation file.

    The file, where a label is that of a dataset of one task: an index, or a list::

        {"metainfo": {"tasks": ["gender", "wear"]},
         "data_list": [{"img_path": "a.jpg",
                        "gt_label": {"gender": 0, "wear": [1, 0, 1, 0]}}]}

    Args:
        ann_file: Annotation file, relative to ``data_root``.
        metainfo: What the dataset is about, e.g. ``dict(tasks=[...])``.
        data_root: Folder of everything.
        data_prefix: Folder of the images, relative to ``data_root``.
        pipeline: The transforms.
        test_mode: Whether a sample must never be replaced by another.
        kwargs: Further arguments of :class:`BaseDataset`.

    Raises:
        DataNotFoundError: if the file is absent.
        DataError: if it makes no sense.

    Example:
        >>> import pathlib
        >>> text = '{"metainfo": {"tasks": ["gender"]}, "data_list": '
        >>> text += '[{"img_path": "x.jpg", "gt_label": {"gender": 1}}]}'
        >>> _ = pathlib.Path('tasks.json').write_text(text)
        >>> cfg = dict(type='MultiTaskDataset', ann_file='tasks.json')
        >>> DATASETS.build(cfg).get_data_info(0)['gt_label']
        {'gender': 1}
    """

    def __init__(
        self,
        ann_file: str,
        metainfo: Mapping | None = None,
        data_root: str | None = None,
        data_prefix: str | dict | None = None,
        pipeline: Sequence = (),
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root or '',
            data_prefix=data_prefix or '',
            pipeline=pipeline,
            test_mode=test_mode,
            **kwargs,
        )

    def check_samples(self, samples: list[dict]) -> None:
        """Check that every sample has labels of known tasks."""
        tasks = self._metainfo.get('tasks')
        if not isinstance(tasks, (list, tuple)) or not tasks:
            raise DataError(
                f'{self.ann_file}: metainfo.tasks is {shortened(tasks)}, expected the '
                'names of the tasks'
            )
        for place, sample in enumerate(samples):
            labels = sample.get('gt_label')
            if not isinstance(labels, dict) or not set(labels) <= set(tasks):
                raise DataError(
                    f'{place_of(self.ann_file, place)}: gt_label is '
                    f'{shortened(labels)}, expected a dict with a label for each of '
                    f'{list(tasks)}'
                )
        for task in tasks:
            # What stands where an entry has no label of a task is never looked at.
            column = [
                dict(
                    img_path=sample.get('img_path', ''),
                    gt_label=sample['gt_label'].get(task, 0),
                )
                for sample in samples
            ]
            check_samples(column, None, self.ann_file)
