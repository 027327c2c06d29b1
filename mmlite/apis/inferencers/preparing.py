"""From pictures to samples, as the test of a config would make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config
from torch.utils.data import DataLoader, Dataset

from ...config import dataset_of
from ...datasets import Compose
from ...datasets.transforms.base import OR_SKIP
from ...datasets.unread import unread
from ...engine.dataloaders import start_worker
from ...errors import ConfigError, DataError, UserError
from .sources import Source

__all__ = [
    'OR_LEAVE_OUT',
    'SourceDataset',
    'advise',
    'first_dataset_of',
    'loader_of',
    'test_dataset_of',
]

_PHASES = ('test', 'val')
#: How a message ends where one that cannot be read may also be left out.
OR_LEAVE_OUT = ", or leave it out with on_error='skip' (--on-error skip)"


def test_dataset_of(cfg: Config) -> dict[str, Any]:
    """The dict of the dataset that a config tests on, without its wrappers.

    Raises:
        ConfigError: if it has none with a pipeline.

    Example:
        >>> dataset = dict(type='Digits', pipeline=[dict(type='PackInputs')])
        >>> wrapped = dict(type='RepeatDataset', times=2, dataset=dataset)
        >>> test_dataset_of(Config(dict(test_dataloader=dict(dataset=wrapped)))).type
        'Digits'
    """
    return first_dataset_of(cfg, _PHASES)


def first_dataset_of(cfg: Config, phases: Sequence[str]) -> dict[str, Any]:
    """The dict of the dataset of the first phase that has one, without its wrappers.

    Args:
        cfg: The config.
        phases: ``'train'``, ``'val'`` or ``'test'``.

    Raises:
        ConfigError: if none has one with a pipeline.
    """
    for phase in phases:
        dataset = dataset_of(cfg, phase)
        if 'pipeline' in dataset:
            return dataset
    raise ConfigError(
        f'{phases[0]}_dataloader.dataset.pipeline is missing, which says how a picture '
        'is prepared',
        cfg.filename,
    )


def advise(error: UserError, advice: str) -> None:
    """Let an error advise what can be done here, and not in a training.

    Args:
        error: What a pipeline raised.
        advice: How its message ends then.
    """
    if isinstance(error, DataError):
        message = str(error).removesuffix(OR_SKIP)
        if message == str(error) and ';' not in message:  # which advises nothing yet
            advice = advice.replace(', or ', '; ', 1)
        error.args = (message + advice,)


def loader_of(dataset: Dataset, batch_size: int, num_workers: int) -> DataLoader:
    """The samples of pictures in batches, in lists.

    Args:
        dataset: The pictures.
        batch_size: How many samples make a batch.
        num_workers: Processes that read pictures.
    """
    return DataLoader(
        dataset,
        batch_size,
        num_workers=num_workers,
        collate_fn=list,
        worker_init_fn=start_worker,
    )


class SourceDataset(Dataset):
    """Pictures that go through the pipeline of a test.

    Args:
        sources: One or more pictures for each sample.
        dataset: The dict of the dataset of the test.
        keys: The fields of the pictures of a sample.
        to_rgb: Whether the data preprocessor turns BGR to RGB.
        skip_errors: Whether a picture that cannot be read gives its error as the
            sample, instead of raising it.
        advice: How the message of that error ends, where it is raised.

    Attributes:
        bgr: Whether the pipeline has its images in BGR.
    """

    def __init__(
        self,
        sources: Sequence[Sequence[Source]],
        dataset: dict[str, Any],
        keys: Sequence[str] = ('img',),
        to_rgb: bool = False,
        skip_errors: bool = False,
        advice: str = '',
    ) -> None:
        self.sources = sources
        self.advice = advice
        self.keys = tuple(keys)
        self.skip_errors = skip_errors
        self._whole = Compose(dataset['pipeline'])
        steps = self._whole.transforms
        self._rest = Compose([s for s in steps if not getattr(s, 'reads_files', False)])
        self._reads_files = len(self._rest.transforms) < len(steps)
        self.bgr = self._reads_files or to_rgb
        self._shape = None if self._reads_files else _shape_of_images(dataset)

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: int) -> dict | UserError:
        try:
            return self._sample(index)
        except UserError as error:
            advise(error, '' if self.skip_errors else self.advice)
            if self.skip_errors:
                return error
            raise

    def _sample(self, index: int) -> dict:
        sources = self.sources[index]
        sample: dict[str, Any] = dict(sample_idx=index)
        from_files = self._reads_files and all(source.is_file for source in sources)
        for key, source in zip(self.keys, sources, strict=True):
            sample[f'{key}_path'] = source.path or source.name
            if not from_files:
                sample[key] = self._as_in_dataset(source.read())
        if from_files:
            return self._whole(sample)
        sample['img_shape'] = sample['ori_shape'] = sample[self.keys[0]].shape[:2]
        return self._rest(sample)

    def _as_in_dataset(self, image: np.ndarray) -> np.ndarray:
        """As the dataset has its images before the first step of the pipeline."""
        channels = 3
        if self._shape is not None:
            size = self._shape[1], self._shape[0]
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            channels = self._shape[2] if len(self._shape) == 3 else 1
        if image.ndim == 3 and channels == 1:
            return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        if image.ndim == 2 and channels == 3:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
        return np.ascontiguousarray(image[..., ::-1]) if self.bgr else image


def _shape_of_images(dataset: dict[str, Any]) -> tuple[int, ...] | None:
    """The shape that all images of a dataset have which holds them itself."""
    while isinstance(dataset.get('dataset'), Mapping):  # what a wrapper mixes
        dataset = dataset['dataset']
    cfg = {k: v for k, v in dataset.items() if k != 'pipeline'}
    return getattr(unread(cfg), 'image_shape', None)
