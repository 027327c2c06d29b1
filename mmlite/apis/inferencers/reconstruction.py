"""Show how a masked image model reconstructs what is hidden from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from mmengine.config import Config

from ...datasets import default_collate
from ...datasets.transforms import (
    CenterCrop,
    MaskGenerator,
    RandomCrop,
    RandomResizedCrop,
    ResizeEdge,
    build_steps,
    draws,
)
from ...structures import DataSample
from ...visualization import UniversalVisualizer
from .base import Inferencer
from .prediction import Prediction
from .preparing import first_dataset_of

__all__ = ['ReconstructionInferencer', 'ReconstructionPrediction', 'still_steps']

_LEAST = 224  # pixels of a side of what is drawn


class ReconstructionPrediction(Prediction):
    """A picture with a part hidden, what is predicted of that part, and the picture.

    Args:
        sources: What it was predicted from.
        sample: The sample, with ``pred_masked``, ``pred_reconstruction`` and
            ``pred_target``, each ``(C, H, W)`` from 0 to 255.
        classes: Not used.
        bgr: Whether their channels are blue, green, red.

    Example:
        >>> from .sources import Source
        >>> sample = DataSample(
        ...     pred_masked=torch.full((3, 2, 2), 127.5),
        ...     pred_reconstruction=torch.full((3, 2, 2), 9.),
        ...     pred_target=torch.full((3, 2, 2), 5.))
        >>> ReconstructionPrediction([Source('a.png')], sample)['error']
        4.0
    """

    def __init__(
        self,
        sources: Sequence,
        sample: DataSample,
        classes: Sequence[str] | None = None,
        bgr: bool = False,
    ) -> None:
        super().__init__(sources, sample, classes)
        self.bgr = bgr

    def to_dict(self) -> dict[str, Any]:
        """Size, and the mean absolute error of the picture in grey levels."""
        target = self.sample.pred_target
        error = (self.sample.pred_reconstruction - target).abs().mean().item()
        return dict(width=target.shape[2], height=target.shape[1], error=error)

    def plot(self) -> np.ndarray:
        """The three side by side, RGB, ``(H, 3 W, 3)``."""
        shown = DataSample()
        for name in ('pred_masked', 'pred_reconstruction'):
            shown.set_field(self._rgb(name), name)
        picture = self._rgb('pred_target').byte().permute(1, 2, 0).numpy()
        # A small picture is enlarged pixel by pixel, as the others beside it are.
        times = -(-_LEAST // min(picture.shape[:2]))
        picture = picture.repeat(times, axis=0).repeat(times, axis=1)
        return UniversalVisualizer().visualize_cls(picture, shown)

    def _rgb(self, name: str) -> torch.Tensor:
        picture = self.sample.get(name).clamp(0, 255).round()
        if picture.shape[0] == 1:
            return picture.expand(3, -1, -1)
        return picture.flip(0) if self.bgr else picture


class ReconstructionInferencer(Inferencer):
    """Shows what a model such as ``MAE`` predicts of the hidden parts of pictures.

    Pictures are prepared as for training, but whole and upright: the centre takes the
    place of a random crop, and all else that is random is left out but the mask.

    Args:
        args, kwargs: Arguments of :class:`Inferencer`.

    Raises:
        DataError: if the model does not predict pixels.

    Example:
        >>> config = 'configs/mae/mae_vit-tiny-p8_1xb128_digits.py'
        >>> show = ReconstructionInferencer(config)
        >>> show(np.zeros((32, 32, 3), np.uint8))[0].plot().shape
        (224, 672, 3)
    """

    phases: ClassVar[tuple[str, ...]] = ('train',)

    def pipeline_of(self, cfg: Config) -> dict[str, Any]:
        """The dataset of the training, with the steps that are not random."""
        dataset = dict(first_dataset_of(cfg, self.phases))
        dataset['pipeline'] = still_steps(dataset['pipeline'])
        return dataset

    def prediction(self, sources: Sequence, sample: DataSample) -> Prediction:
        """The three pictures of a sample."""
        prepared_in_rgb = getattr(self.model.data_preprocessor, 'to_rgb', False)
        bgr = self.in_bgr and not prepared_in_rgb
        return ReconstructionPrediction(sources, sample, bgr=bgr)

    def run_model(self, batch: list[dict]) -> Iterator[DataSample]:
        """The samples with what is predicted of the hidden parts."""
        data = self.model.data_preprocessor(default_collate(batch), False)
        return self.model.reconstruct(**data)


def still_steps(pipeline: Sequence[Any]) -> list[Any]:
    """The steps of a training as they show a whole picture.

    Args:
        pipeline: Transforms, or their configs.

    Example:
        >>> steps = [dict(type='RandomResizedCrop', scale=64),
        ...          dict(type='RandomFlip', prob=0.5), dict(type='PackInputs')]
        >>> [type(step).__name__ for step in still_steps(steps)]
        ['ResizeEdge', 'CenterCrop', 'PackInputs']
    """
    steps: list[Any] = []
    for step in build_steps(pipeline):
        if isinstance(step, (RandomResizedCrop, RandomCrop)):
            resized = isinstance(step, RandomResizedCrop)
            size = step.scale if resized else step.crop_size
            steps += [ResizeEdge(max(size)), CenterCrop(size)]
        elif isinstance(step, MaskGenerator) or not draws(step):
            steps.append(step)
    return steps
