"""The dataset that all others are made from."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from logging import WARNING
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset as EngineDataset
from mmengine.fileio import join_path
from mmengine.logging import print_log
from mmengine.utils import is_abs

from ..errors import DataError, DataNotFoundError, check_choice
from ..given import absence
from ..registry import DATASETS
from ..structures.class_lists import class_mapping, shortened
from .annotations import (
    check_samples,
    class_names,
    classes_of,
    file_exists,
    names_in,
    parsed_samples,
    read_annotations,
)
from .in_memory.image_table import ImageTable, table_of_arrays
from .seeded_index import SeededIndex, follow
from .storage import chosen, compact, labels_of, relabelled
from .transforms import Compose, SampleRandom
from .transforms.base import OR_SKIP

_ANNOTATION_FILES = ('.json', '.yaml', '.yml')


@DATASETS.register_module()
class BaseDataset(EngineDataset):
    """A list of samples, each of which goes through a pipeline.

    By itself it reads an annotation file in OpenMMLab's format, JSON::

        {"metainfo": {"classes": ["cat", "dog"]},
         "data_list": [{"img_path": "a.jpg", "gt_label": 0}, ...]}

    or the same in YAML. A label is the index of a class or its name; it may be called
    ``img_label`` too. Instead of ``classes`` there can be ``categories``, dicts with
    ``id`` and ``category_name``.

    Asked for a :class:`SeededIndex`, as mmlite's samplers yield it, the dataset
    puts a generator of its own, ``rng``, and the ``epoch`` into the sample, for
    the transforms to draw from.

    Override:
        load_data_list: what samples there are.
        check_samples: what labels of an annotation file may be.
        filter_data: which of them to use.
        prepare: find or download the files, without reading them in.
        image_shape: the shape ``(H, W)`` or ``(H, W, C)`` that every ``img`` of
            :meth:`load_data_list` has; None if samples name files.
        class_unit: what classes are called where they are counted.
        states_size: which argument is the size of these images, if one is, and whether
            that is ``'hw'``, height and width, or ``'wh'``.

    Args:
        ann_file: Annotation file, relative to ``data_root``.
        metainfo: What the dataset is about, e.g. ``dict(classes=[...])``.
        data_root: Folder of everything.
        data_prefix: Folder of the images, relative to ``data_root``; or a dict
            of such folders by field.
        filter_cfg: What ``filter_data`` of a subclass leaves out.
        indices: Use the first so many samples (the last ones if negative), or
            the samples with these indices; it is reported if there are not as many.
        serialize_data: Whether to pack samples, so that workers share their
            memory.
        pipeline: The transforms.
        test_mode: Whether a sample for which the pipeline gives nothing is an
            error, instead of being replaced by the next one.
        lazy_init: Whether to read the samples in only when they are needed.
        max_refetch: How many samples in a row may be replaced.
        classes: Names of the classes, or a file of them: a text file with one per
            line, or JSON or YAML; see
            :func:`~mmlite.datasets.annotations.class_names`. ``classes`` in
            ``metainfo`` can be either, too.
        on_error: ``'raise'``, or ``'skip'``: a sample that cannot be read is
            named in the log, once per process, and replaced by the next one.

    Raises:
        DataError: if a sample cannot be read, or the files make no sense.
        DataNotFoundError: if the files are not there.

    Example:
        >>> class Squares(BaseDataset):
        ...     METAINFO = dict(classes=('small', 'large'))
        ...     def load_data_list(self):
        ...         return [dict(img=np.full((2, 2), i), gt_label=i) for i in range(2)]
        >>> Squares(pipeline=[dict(type='PackInputs')])[1]['inputs'].tolist()
        [[[1, 1], [1, 1]]]
    """

    METAINFO: dict = {}
    image_shape: tuple[int, ...] | None = None
    states_size: ClassVar[dict[str, str]] = {}
    class_unit: ClassVar[str] = 'classes'

    def __init__(
        self,
        ann_file: str = '',
        metainfo: Mapping | None = None,
        data_root: str = '',
        data_prefix: str | dict = '',
        filter_cfg: dict | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        pipeline: Sequence = (),
        test_mode: bool = False,
        lazy_init: bool = False,
        max_refetch: int = 1000,
        classes: str | Sequence[str] | None = None,
        on_error: Literal['raise', 'skip'] = 'raise',
    ) -> None:
        check_choice(('raise', 'skip'), on_error=on_error)
        if isinstance(data_prefix, str):
            data_prefix = dict(img_path=data_prefix)
        metainfo = dict(metainfo or {})
        if 'classes' not in metainfo and 'CLASSES' in metainfo:  # as of old
            metainfo['classes'] = metainfo.pop('CLASSES')
        if classes is not None:
            metainfo['classes'] = classes
        if metainfo.get('classes') is not None:
            metainfo['classes'] = class_names(metainfo['classes'], str(data_root))
        self.ann_file = str(ann_file)
        self.data_root = str(data_root)
        self.data_prefix = copy.copy(data_prefix)
        self.filter_cfg = copy.deepcopy(filter_cfg)
        self.pipeline = Compose(pipeline)
        self.test_mode = test_mode
        self.max_refetch = max_refetch
        self.on_error = on_error
        self.data_list: Sequence[dict] = []
        self._pack = serialize_data
        # To mmengine the samples are never serialised: the storage does it.
        self.serialize_data = False
        self._indices = indices
        self._metainfo = self._load_metainfo(metainfo)
        self._reported: set[int] = set()
        self._known_table: tuple[tuple, ImageTable | None] | None = None
        self._join_prefix()
        if not lazy_init:
            self.full_init()

    @property
    def img_prefix(self) -> str:
        """Folder of the images."""
        return self.data_prefix.get('img_path', '')

    @property
    def CLASSES(self) -> Sequence[str] | None:  # noqa: N802
        """Names of the classes."""
        return self._metainfo.get('classes')

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Index of each class."""
        return {name: i for i, name in enumerate(self.CLASSES or ())}

    def use_classes(self, classes: Sequence[str]) -> None:
        """Map the labels to another list of classes, by name.

        Args:
            classes: The names in the order of their labels, e.g. those of the data
                that a model was trained on.

        Raises:
            DataError: if a class of this dataset is not among them, or its labels
                are not where they can be changed.

        Example:
            >>> digits = DATASETS.build(dict(type='Digits'))
            >>> before = digits.get_data_info(0)['gt_label']
            >>> digits.use_classes(digits.CLASSES[::-1])
            >>> before + digits.get_data_info(0)['gt_label']
            9
        """
        self.full_init()
        mapping = class_mapping(self.CLASSES or (), classes)
        if mapping is not None:
            if not self.gives_what_it_stores:
                raise DataError(
                    f'{type(self).__name__} makes its samples itself, so their labels '
                    f'cannot be changed; state classes={list(classes)} for it'
                )
            try:
                self.data_list = relabelled(self.data_list, mapping)
            except IndexError as error:
                raise DataError(
                    f'{type(self).__name__} has labels beyond its {len(mapping)} '
                    'classes; state all of them as classes'
                ) from error
        self._metainfo['classes'] = tuple(classes)

    def prepare(self) -> None:
        """Find or download the files, without reading them in.

        Raises:
            DataNotFoundError: if they are not there and cannot be downloaded.
        """

    def full_init(self) -> None:
        """Read the samples in, unless that has been done."""
        if self._fully_initialized:
            return
        self.prepare()
        self.data_list = self.load_data_list()
        self.data_list = self.filter_data()
        if self._indices is not None:
            self.data_list = self._get_unserialized_subset(self._indices)
        if self._pack and isinstance(self.data_list, list):
            self.data_list = compact(self.data_list)
        self._fully_initialized = True

    def load_data_list(self) -> Sequence[dict]:
        """The samples: dicts with ``img_path`` or ``img``, ``gt_label``, ..."""
        if not self.ann_file:
            raise DataError(
                f'{type(self).__name__} has no ann_file to read; set ann_file, or '
                'override load_data_list'
            )
        path = self.ann_file
        if not file_exists(path):
            raise DataNotFoundError(
                f'{type(self).__name__}: the annotation file {path} {absence(path)}; '
                'check ann_file and data_root'
            )
        if Path(path).suffix.lower() not in _ANNOTATION_FILES:
            raise DataError(
                f'{path}: expected a .json or .yaml file with the keys metainfo and '
                'data_list; for lines of "path label" use CustomDataset'
            )
        metainfo, samples = read_annotations(path)
        classes = classes_of(metainfo, f'{path}: metainfo') or names_in(samples)
        for key, value in metainfo.items():
            self._metainfo.setdefault(key, value)
        if classes and self.CLASSES in (None, metainfo.get('classes')):
            self._metainfo['classes'] = classes
        self.check_samples(samples)
        return parsed_samples(samples, self.parse_data_info, path)

    def check_samples(self, samples: list[dict]) -> None:
        """Check that labels of an annotation file are classes; names become indices."""
        check_samples(samples, self.CLASSES, self.ann_file)

    def get_data_info(self, idx: int) -> dict:
        """The annotation of a sample, before the pipeline."""
        if not self._fully_initialized:
            self.full_init()
        info = self.data_list[idx]
        if isinstance(self.data_list, list):  # other storage makes a new dict itself
            info = copy.deepcopy(info)
        info['sample_idx'] = int(idx) if idx >= 0 else len(self) + idx
        return info

    def get_gt_labels(self) -> np.ndarray:
        """The class of every sample, ``(N, )``; not for several labels a sample."""
        self.full_init()
        return labels_of(self.data_list)

    def get_cat_ids(self, idx: int) -> list[int]:
        """The classes of one sample.

        Raises:
            DataError: if it has none.
        """
        label = self.get_data_info(idx).get('gt_label')
        if label is None or isinstance(label, (dict, str)):
            raise DataError(
                f'{type(self).__name__}: sample {int(idx)} has {shortened(label)} as '
                'gt_label, but it should have a class, or several'
            )
        return np.atleast_1d(label).tolist()

    def prepare_data(self, idx: int) -> Any:
        """One sample, through the pipeline."""
        info = self.get_data_info(idx)
        if isinstance(idx, SeededIndex):
            info['rng'] = SampleRandom(idx.seed)
            info['epoch'] = idx.epoch
        return self.pipeline(info)

    def __len__(self) -> int:
        self.full_init()
        return len(self.data_list)

    def __getitem__(self, idx: int) -> Any:
        for _ in range(self.max_refetch + 1):
            try:
                data = self.prepare_data(idx)
            except DataError as error:
                if self.on_error == 'raise':
                    raise
                self._report(idx, error)
                data = None
            else:
                if data is None and self.test_mode and self.on_error == 'raise':
                    raise DataError(
                        f'{type(self).__name__}: the pipeline gave nothing for sample '
                        f"{idx}; a test must not leave one out (on_error='skip' does)"
                    )
            if data is not None:
                return data
            idx = follow(idx, (idx + 1) % len(self))
        raise DataError(
            f'{type(self).__name__}: {self.max_refetch + 1} samples in a row cannot be '
            f'used, up to number {idx}; check the data and the pipeline'
        )

    def __getitems__(self, indices: Sequence[int]) -> Sequence:
        """Several samples.

        Images that are stored as arrays, and go only through transforms that can be
        done to batches, become a batch at once. As those of a single sample, its
        random numbers depend on the seed, the epoch and the index alone; but they
        are others.
        """
        table = self._table() if self.gives_what_it_stores else None
        if table is None or not all(type(i) is SeededIndex for i in indices):
            return [self[i] for i in indices]
        return table.batch_of(indices)

    @property
    def gives_what_it_stores(self) -> bool:
        """Whether a sample is what is stored, as no subclass says otherwise."""
        own = type(self)
        return all(
            getattr(own, name) is getattr(BaseDataset, name)
            for name in ('__getitem__', 'get_data_info', 'prepare_data')
        )

    def _table(self) -> ImageTable | None:
        """What batches are made of; looked for again if something has changed."""
        self.full_init()
        made_of = (self.data_list, *self.pipeline.transforms)
        known = self._known_table
        if known is None or [*map(id, known[0])] != [*map(id, made_of)]:
            table = table_of_arrays(self.data_list, self.pipeline.transforms)
            known = self._known_table = made_of, table
        return known[1]

    def __getstate__(self) -> dict:
        return {**vars(self), '_known_table': None}

    def _report(self, idx: int, error: DataError) -> None:
        if int(idx) not in self._reported:
            self._reported.add(int(idx))
            reason = str(error).removesuffix(OR_SKIP)
            message = f'skipped sample {int(idx)}, the next stands in for it: {reason}'
            print_log(message, 'current', WARNING)

    def _get_unserialized_subset(self, indices: int | Sequence[int]) -> Sequence[dict]:
        return chosen(self.data_list, indices, type(self).__name__)

    def _join_prefix(self) -> None:
        if self.ann_file and self.data_root and not is_abs(self.ann_file):
            self.ann_file = join_path(self.data_root, self.ann_file)
        for key, prefix in self.data_prefix.items():
            if self.data_root and not is_abs(prefix):
                # 'root/' for an empty prefix would end up in names and messages
                prefix = join_path(self.data_root, prefix) if prefix else self.data_root
                self.data_prefix[key] = prefix

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping | Config | None = None) -> dict:
        info = {**copy.deepcopy(cls.METAINFO), **copy.deepcopy(dict(metainfo or {}))}
        if isinstance(info.get('classes'), list):
            info['classes'] = tuple(info['classes'])
        return info

    def __repr__(self) -> str:
        lines = [f'Dataset {type(self).__name__}']
        if self._fully_initialized:
            lines.append(f'Number of samples: \t{len(self)}')
        else:
            lines.append("Haven't been initialized")
        lines.append(f'Number of categories: \t{len(self.CLASSES or ())}')
        lines += [f'{name}: \t{value}' for name, value in self._places().items()]
        return '\n    '.join(lines)

    def _places(self) -> dict[str, str]:
        places = {
            'Root of dataset': self.data_root,
            'Annotation file': self.ann_file,
            'Prefix of images': self.img_prefix,
        }
        return {name: place for name, place in places.items() if place}
