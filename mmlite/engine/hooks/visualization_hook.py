"""Draw predictions while validating and testing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import Tensor

from ...errors import ConfigError, DataError, Problem, check_at_least
from ...registry import HOOKS
from ...signature import argument_problems
from ...structures import DataSample
from ...visualization import LocalVisBackend, UniversalVisualizer, read_image


@HOOKS.register_module()
class VisualizationHook(Hook):
    """Draws every n-th sample of the validation and test data.

    The runner's visualizer draws it: onto the image file if the sample names
    one, else onto what the data loader gave, taken as RGB, grey or frames; of several
    inputs or views onto the first.

    Args:
        enable: Whether to draw at all. None draws where the pictures go to a service
            such as TensorBoard, and not where they would only become files.
        interval: Distance between drawn samples.
        show: Whether to open a window.
        out_dir: Folder for the images. Without it, they go to the
            visualizer's storage backends.
        **kwargs: Arguments of
            :meth:`~mmlite.visualization.UniversalVisualizer.add_datasample`.

    Raises:
        ConfigError: when a run begins, if the visualizer has no such argument.

    Example:
        >>> from mmlite.registry import HOOKS
        >>> cfg = dict(type='VisualizationHook', enable=True, out_dir='drawn')
        >>> HOOKS.build(cfg).interval
        5000
    """

    #: The method of the visualizer that takes what ``kwargs`` hold.
    draws_with: ClassVar[str] = 'add_datasample'

    def __init__(
        self,
        enable: bool | None = None,
        interval: int = 5000,
        show: bool = False,
        out_dir: str | None = None,
        **kwargs: Any,
    ) -> None:
        check_at_least(1, interval=interval)
        self.enable = enable
        self.interval = interval
        self.show = show
        self.out_dir = out_dir
        self.draw_args = kwargs
        self._batch_size = 0

    def before_run(self, runner: Runner) -> None:
        """Refuse drawing arguments that the visualizer does not have."""
        if self.enable is None:
            self.enable = self._reaches_service(runner.visualizer)
        given = ('image', 'data_sample', 'show', 'name', 'step')
        draw = runner.visualizer.add_datasample
        if self.enable and argument_problems(draw, dict(out_file=None), given):
            kind = type(runner.visualizer).__name__
            message = (
                f'{kind} draws no samples; use UniversalVisualizer, or one below it'
            )
            raise ConfigError([Problem('visualizer', message)])
        given = (*given, 'out_file')
        if self.enable and (wrong := argument_problems(draw, self.draw_args, given)):
            raise ConfigError([problem.under('visualization') for problem in wrong])

    @staticmethod
    def _reaches_service(visualizer: Any) -> bool:
        """Whether pictures of samples go further than the files of the work_dir."""
        backends = getattr(visualizer, '_vis_backends', {}).values()
        elsewhere = any(not isinstance(each, LocalVisBackend) for each in backends)
        return elsewhere and isinstance(visualizer, UniversalVisualizer)

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[DataSample] | None = None,
    ) -> None:
        """Draw what is due in this batch; steps are epochs or iterations."""
        # To ask for ``runner.train_loop`` would build it, with the training data.
        by_epoch = isinstance(runner.built_loops.get('train'), EpochBasedTrainLoop)
        step = runner.epoch if by_epoch else runner.iter
        self._draw(runner, batch_idx, data_batch or {}, outputs or (), step)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[DataSample] | None = None,
    ) -> None:
        """Draw what is due in this batch, all at step 0."""
        self._draw(runner, batch_idx, data_batch or {}, outputs or (), step=0)

    def _draw(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict,
        outputs: Sequence[DataSample],
        step: int,
    ) -> None:
        if not self.enable:
            return
        if batch_idx == 0:  # only the last batch may have another size
            self._batch_size = len(outputs)
        start = batch_idx * self._batch_size
        for place in range(-start % self.interval, len(outputs), self.interval):
            sample = outputs[place]
            path = sample.get('img_path')
            name = Path(path).name if path else str(start + place)
            out_file = self.out_dir and str(Path(self.out_dir, f'{name}_{step}.png'))
            runner.visualizer.add_datasample(
                name,
                read_image(path)
                if path
                else _image_of(data_batch['inputs'], place, len(outputs)),
                sample,
                show=self.show,
                out_file=out_file,
                step=step,
                **self.draw_args,
            )


def _image_of(inputs: Any, place: int, count: int) -> np.ndarray:
    """The picture of one of ``count`` samples.

    Of several inputs or views it is the first, of a sequence the frames.
    """
    if isinstance(inputs, Mapping):
        return _image_of(next(iter(inputs.values())), place, count)
    if not isinstance(inputs, Tensor):
        views = isinstance(inputs[0], (list, tuple))
        # Sequences in a list differ in length, views have one entry a sample.
        if views or (inputs[0].ndim > 3 and all(len(x) == count for x in inputs)):
            return _image_of(inputs[0], place, count)
    picture = inputs[place].detach().cpu().numpy()
    if picture.ndim < 2:
        raise DataError(
            f'VisualizationHook: there is no picture to draw on, the input has the '
            f'shape {picture.shape} and the sample no img_path; set '
            'default_hooks.visualization.enable=False'
        )
    is_image = picture.ndim == 3 and picture.shape[0] in (1, 3)
    return picture.transpose(1, 2, 0) if is_image else picture
