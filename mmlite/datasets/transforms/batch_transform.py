"""What every random transform of whole batches has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError
from ..seeded_index import uniforms

__all__ = ['BatchTransform']


class BatchTransform(ABC):
    """A random transform of a batch, in which each image has its own random numbers.

    It does to a batch, at once and on the device of the batch, what its counterpart in
    a pipeline does to one sample after the other; the results are equally
    distributed. It stands in ``data_preprocessor.batch_transforms``; with
    ``in_memory=True`` a data loader takes it in the place of its counterpart.

    All that is random is made from numbers between 0 and 1, so it does not
    matter where these come from: called with images alone, a transform draws them
    from torch's generator of that device, whose state a resumed run restores.

    Override:
        count: how many random numbers an image needs.
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


def _shown(images: Any) -> str:
    if isinstance(images, Tensor):
        return f'a tensor of shape {tuple(images.shape)}'
    return f'a {type(images).__name__}'
