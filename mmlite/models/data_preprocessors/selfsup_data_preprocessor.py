"""Batches of views, made ready for self-supervised learning."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ...errors import DataError
from ...registry import MODELS
from .image import ImageDataPreprocessor


@MODELS.register_module()
class SelfSupDataPreprocessor(ImageDataPreprocessor):
    """Bring images, or views of one or several sizes, to the device and normalise them.

    Args:
        kwargs: See :class:`~mmlite.models.data_preprocessors.ImageDataPreprocessor`.

    Shape:
        inputs: ``(B, C, H, W)``; a list of ``V`` of them for views.
        returns: float32, the same.

    Example:
        >>> import torch
        >>> prepare = SelfSupDataPreprocessor(mean=[1.], std=[2.])
        >>> views = [torch.full((1, 1, 1, 1), value) for value in (3, 7)]
        >>> prepare(dict(inputs=views))['inputs']
        [tensor([[[[1.]]]]), tensor([[[[3.]]]])]
    """


@MODELS.register_module()
class TwoNormDataPreprocessor(SelfSupDataPreprocessor):
    """Normalise two views of an image differently, as BEiT and CAE do.

    The first view is the input of the network, the second that of its target.

    Args:
        mean: Mean of each channel of the first view.
        std: Standard deviation of each channel of the first view.
        second_mean: Mean of each channel of the second view.
        second_std: Standard deviation of each channel of the second view.
        kwargs: See :class:`~mmlite.models.data_preprocessors.ImageDataPreprocessor`.

    Shape:
        inputs: a list of two ``(B, C, H, W)``.
        returns: float32, the same.

    Raises:
        ValueError: if ``second_mean`` and ``second_std`` are not both given.
        DataError: if there are not two views.

    Example:
        >>> import torch
        >>> prepare = TwoNormDataPreprocessor([1.], [2.], [0.], [4.])
        >>> prepare(dict(inputs=[torch.full((1, 1, 1, 1), 3.)] * 2))['inputs']
        [tensor([[[[1.]]]]), tensor([[[[0.7500]]]])]
    """

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        second_mean: Sequence[float] | None = None,
        second_std: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(mean, std, **kwargs)
        if second_mean is None or second_std is None:
            raise ValueError(
                'second_mean and second_std normalise the second view; give both, or '
                'take SelfSupDataPreprocessor'
            )
        self._register_statistics('second_mean', 'second_std', second_mean, second_std)

    def prepare(self, inputs: Any, training: bool = False) -> list[Any]:
        """The two views on the device, each normalised in its own way."""
        if not self._are_views(inputs) or len(inputs) != 2:
            raise DataError(
                'TwoNormDataPreprocessor takes two views of each image; make them '
                'in the pipeline, and pack both'
            )
        second = partial(self.normalize, mean=self.second_mean, std=self.second_std)
        return [
            self.images(inputs[0], training, self.normalize),
            self.images(inputs[1], training, second),
        ]
