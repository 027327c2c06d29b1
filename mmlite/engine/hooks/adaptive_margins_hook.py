"""Adaptive margins: larger ones for rarer classes."""

from __future__ import annotations

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import ConfigError
from ...registry import HOOKS
from ..checkpoints import unwrapped


@HOOKS.register_module()
class SetAdaptiveMarginsHook(Hook):
    """Gives the head a margin for each class, by how often the class occurs.

    With ``n`` samples of a class, its margin lies where ``n ** power`` lies between the
    smallest and the largest of all classes. Paper: Google Landmark Recognition 2020
    Competition Third Place Solution, https://arxiv.org/abs/2010.05350. Differs from
    mmpretrain's in that classes of equal size have the margin in the middle, and the
    last classes may have no sample.

    Args:
        margin_min: The least margin.
        margin_max: The largest.
        power: The power of the number of samples.

    Raises:
        ConfigError: when training begins, if the head takes no margins, or the dataset
            has no labels.
    """

    def __init__(
        self, margin_min: float = 0.05, margin_max: float = 0.5, power: float = -0.25
    ) -> None:
        self.margin_min = margin_min
        self.margin_max = margin_max
        self.power = power

    def before_train(self, runner: Runner) -> None:
        """Count the classes, and set the margins."""
        head = getattr(unwrapped(runner.model), 'head', None)
        dataset = runner.train_loop.dataloader.dataset
        if not hasattr(head, 'set_margins'):
            raise ConfigError(
                f'SetAdaptiveMarginsHook: {type(head).__name__} has no set_margins'
            )
        if not hasattr(dataset, 'get_gt_labels'):
            raise ConfigError(
                f'SetAdaptiveMarginsHook: {type(dataset).__name__} has no get_gt_labels'
            )
        counts = np.bincount(dataset.get_gt_labels(), minlength=head.num_classes)
        head.set_margins(self.margins(counts))

    def margins(self, counts: np.ndarray) -> np.ndarray:
        """The margin of each class from its number of samples, of which 0 is 1.

        Args:
            counts: Samples by class.

        Example:
            >>> hook = SetAdaptiveMarginsHook(margin_min=0.0, margin_max=1.0, power=1.0)
            >>> hook.margins(np.array([1, 3, 5])).tolist()
            [0.0, 0.5, 1.0]
        """
        powers = np.power(np.maximum(counts, 1).astype(float), self.power)
        spread = powers.max() - powers.min()
        share = (
            (powers - powers.min()) / spread if spread else np.full(len(powers), 0.5)
        )
        return share * (self.margin_max - self.margin_min) + self.margin_min
