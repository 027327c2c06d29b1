"""Check that a model has as many outputs as the data has classes."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import Dataset

from ...errors import ConfigError, Problem
from ...registry import HOOKS
from ..checkpoints import unwrapped
from ..classes import classes_of


@HOOKS.register_module()
class ClassNumCheckHook(Hook):
    """Refuses a model any part of which has another ``num_classes`` than the data.

    A runner itself refuses a classifier with fewer outputs than classes; this hook is
    for models in which the numbers must be equal.

    Raises:
        ConfigError: when training, validation or testing begins, naming every part.
    """

    def before_train(self, runner: Runner) -> None:
        """Compare the model with the training data."""
        _compare(runner, runner.train_loop.dataloader.dataset)

    def before_val(self, runner: Runner) -> None:
        """Compare the model with the validation data."""
        _compare(runner, runner.val_loop.dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Compare the model with the test data."""
        _compare(runner, runner.test_loop.dataloader.dataset)


def _compare(runner: Runner, dataset: Dataset) -> None:
    classes = classes_of(dataset)
    name = type(dataset).__name__
    if classes is None:
        runner.logger.warning(f'ClassNumCheckHook: {name} does not name its classes')
        return
    problems = []
    for path, part in unwrapped(runner.model).named_modules():
        count = getattr(part, 'num_classes', None)
        if isinstance(count, int) and count != len(classes):
            message = f'is {count}, but {name} has {len(classes)} classes'
            place = '.'.join(filter(None, ['model', path, 'num_classes']))
            problems.append(Problem(place, message))
    if problems:
        raise ConfigError(problems)
