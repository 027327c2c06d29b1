"""Compute the first layer of a network from training images."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from mmengine.dist import broadcast
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from ...datasets.seeded_index import SeededIndex, sample_seeds
from ...errors import ConfigError, Problem, check_at_least
from ...registry import HOOKS
from ..checkpoints import unwrapped
from ..checkpoints.resuming import preserved_rng


@runtime_checkable
class _FromImages(Protocol):
    """A layer whose weights are computed from its inputs."""

    def init_from_images(self, images: Tensor) -> None:
        """Compute the weights from images ``(B, C, H, W)``."""


@HOOKS.register_module()
class PatchWhiteningHook(Hook):
    """Computes the whitening of the first layer before training begins.

    The layer is the first one, and has a method ``init_from_images``, such as
    :class:`~mmlite.models.layers.PatchWhitening` in ``AirbenchNet``. The images go
    through the training pipeline and the data preprocessor, without its batch
    augmentations. Nothing happens if a checkpoint was loaded or resumed.

    Args:
        layer: Name of the layer in the model.
        num_images: How many of the first training images to use.

    Raises:
        ValueError: if ``num_images`` is not positive.
        ConfigError: if the model has no such layer.
    """

    # Before those that copy the weights when training begins.
    priority = 'HIGH'

    def __init__(self, layer: str = 'backbone.whiten', num_images: int = 5000) -> None:
        check_at_least(1, num_images=num_images)
        self.layer = layer
        self.num_images = num_images
        self._loaded = False

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Leave the weights of a checkpoint as they are."""
        self._loaded = True

    def before_train(self, runner: Runner) -> None:
        """Compute the weights of the layer."""
        if self._loaded:
            return
        model = unwrapped(runner.model)
        layer = dict(model.named_modules()).get(self.layer)
        if not isinstance(layer, _FromImages):
            message = (
                f'PatchWhiteningHook: model.{self.layer} is not a layer with '
                'init_from_images; set layer to the name of one, or leave the hook out'
            )
            raise ConfigError([Problem('custom_hooks', message)])
        layer.init_from_images(self._images(runner, model))
        # What a GPU computes may differ from one to the other in the last digit.
        for value in layer.state_dict().values():
            broadcast(value)

    def _images(self, runner: Runner, model: nn.Module) -> Tensor:
        dataset = runner.train_dataloader.dataset
        count = min(self.num_images, len(dataset))
        seeds = sample_seeds(runner.seed, 0, np.arange(count)).tolist()
        with preserved_rng():
            samples = [dataset[SeededIndex(i, seed)] for i, seed in enumerate(seeds)]
        images = [sample['inputs'] for sample in samples]
        return model.data_preprocessor(dict(inputs=images), training=False)['inputs']
