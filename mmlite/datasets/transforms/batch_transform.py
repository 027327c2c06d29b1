"""What every random transform of whole batches has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError
from ...structures import DataSample, SampleBatch, field_names
from ..seeded_index import uniforms
from .fields import FIELDS, FixedField
from .geometry import needs_kind

__all__ = ['BatchTransform', 'refuse_left_behind', 'refuse_several']


class BatchTransform(ABC):
    """A random transform of a batch, in which each image has its own random numbers.

    It does to a batch, at once and on the device of the batch, what its counterpart in
    a pipeline does to one sample after the other; the results are equally
    distributed. It stands in ``data_preprocessor.batch_transforms``; with
    ``in_memory=True`` a data loader takes it in the place of its counterpart.

    All that is random is made from numbers between 0 and 1, so it does not
    matter where these come from: called with images alone, a transform draws them
    from torch's generator of that device, whose state a resumed run restores.

    It changes images alone. Where samples have fields that would have to move with
    them (boxes, maps, ...), one that ``moves`` the image is refused: such a sample
    is transformed in the pipeline. So are several inputs, such as a stereo pair.

    Override:
        count: how many random numbers an image needs.
        moves: whether it moves the image, as all do but those of its colours.
        apply: the images, given these numbers.

    Shape:
        images: ``(B, C, H, W)``, uint8 or float; returns the same kind.

    Example:
        >>> class BatchInvert(BatchTransform):
        ...     def apply(self, images, numbers):
        ...         chosen = (numbers < 0.5).view(-1, 1, 1, 1)
        ...         return torch.where(chosen, 255 - images, images)
        >>> BatchInvert()(torch.zeros(4, 3, 8, 8)).shape
        torch.Size([4, 3, 8, 8])
    """

    count: ClassVar[int] = 1
    moves: ClassVar[bool] = True

    def __call__(self, images: Tensor) -> Tensor:
        """Draw, and transform a batch."""
        if not isinstance(images, Tensor) or images.ndim != 4:
            raise DataError(
                f'{type(self).__name__} takes images of one size, a tensor '
                f'(B, C, H, W), got {_shown(images)}; it stands in model.'
                'data_preprocessor.batch_transforms; resize or crop images of several '
                'sizes in the pipeline'
            )
        numbers = torch.rand(len(images), self.count, device=images.device)
        return self.apply(images, numbers)

    def draw(
        self, indices: np.ndarray, seeds: np.ndarray, epoch: int | np.ndarray
    ) -> np.ndarray:
        """The random numbers of samples, from their seeds.

        Args:
            indices: The index of each in its dataset, ``(N, )``.
            seeds: The seed of each, ``(N, )``, uint64.
            epoch: The epoch, one or of each.

        Shape:
            returns: ``(N, count)``, float32, from 0 up to 1.
        """
        return uniforms(seeds, self.count)

    @abstractmethod
    def apply(self, images: Tensor, numbers: Tensor) -> Tensor:
        """Transform a batch as random numbers say.

        Args:
            images: The images; they are left as they are.
            numbers: Those of each image, ``(B, count)``, from 0 up to 1.
        """

    def __repr__(self) -> str:
        shown = {k: v for k, v in vars(self).items() if not k.startswith('_')}
        arguments = ', '.join(f'{k}={v!r}' for k, v in shown.items())
        return f'{type(self).__name__}({arguments})'


def refuse_left_behind(
    transforms: Iterable[Any], samples: Sequence[DataSample]
) -> None:
    """Refuse to move images whose samples have fields that would stay behind.

    Args:
        transforms: What is done to the images of a batch.
        samples: What belongs to them, a :class:`SampleBatch` or a list.

    Raises:
        DataError: with the name of the field.

    Example:
        >>> boxes = DataSample(gt_bboxes=torch.zeros(1, 4))
        >>> flip = TRANSFORMS.build(dict(type='BatchRandomFlip', prob=0.5))
        >>> refuse_left_behind([flip], [boxes])
        Traceback (most recent call last):
            ...
        mmlite.errors.DataError: BatchRandomFlip moves the images of a batch, but not
        gt_bboxes; do it in the pipeline (RandomFlip)
    """
    names = None
    for transform in transforms:
        if isinstance(transform, BatchTransform) and transform.moves:
            names = _moving_names(samples) if names is None else names
            if names:
                own = type(transform).__name__
                raise DataError(
                    f'{own} moves the images of a batch, but not {", ".join(names)}; '
                    f'do it in the pipeline ({own.removeprefix("Batch")})'
                )


def refuse_several(transforms: Iterable[Any], inputs: Any) -> None:
    """Refuse to move several inputs of a sample, each by draws of its own.

    Views of an image, a list, are moved each in its own way.

    Args:
        transforms: What is done to the images of a batch.
        inputs: The inputs of a batch.

    Raises:
        DataError: for a dict of inputs, e.g. a stereo pair.

    Example:
        >>> flip = TRANSFORMS.build(dict(type='BatchRandomFlip', prob=0.5))
        >>> refuse_several([flip], dict(ref_img=0, tgt_img=0))
        Traceback (most recent call last):
            ...
        mmlite.errors.DataError: BatchRandomFlip would move ref_img and tgt_img apart;
        do it in the pipeline (RandomFlip)
    """
    if not isinstance(inputs, Mapping) or len(inputs) < 2:
        return
    for transform in transforms:
        if isinstance(transform, BatchTransform) and transform.moves:
            own = type(transform).__name__
            raise DataError(
                f'{own} would move {" and ".join(inputs)} apart; do it in the pipeline '
                f'({own.removeprefix("Batch")})'
            )


def _moving_names(samples: Sequence[DataSample]) -> list[str]:
    """The fields of samples that have a place in the image."""
    names = []
    for name in field_names(samples):
        field = FIELDS.get(name)
        if field is None:
            is_batch = isinstance(samples, SampleBatch)  # not to be taken apart
            value = samples.field(name)[0] if is_batch else samples[0].get(name)
            if name == 'mask' or needs_kind(value):
                names.append(name)
        elif type(field) is not FixedField:
            names.append(name)
    return names


def _shown(images: Any) -> str:
    if isinstance(images, Tensor):
        return f'a tensor of shape {tuple(images.shape)}'
    return f'a {type(images).__name__}'
