"""The call that all wholes share, and how they are joined from their parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from numbers import Real
from typing import Any, ClassVar

import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseModel as EngineModel
from mmengine.model import Sequential
from torch import Tensor, nn

from ..errors import ConfigError, Problem, TrainingError, did_you_mean
from ..registry import MODELS, Registry
from ..structures import DataSample, FeatureSpec
from .data_preprocessors import BaseDataPreprocessor

__all__ = ['BaseModel', 'build_part', 'check_channels', 'is_summed']

MODES = ('tensor', 'loss', 'predict')
Part = dict | list | nn.Module | None


class BaseModel(EngineModel):
    """Base of every whole: one call, three modes.

    ``forward(inputs, data_samples, mode)`` leads to :meth:`loss`,
    :meth:`predict`, or the raw output. Training, validation and distribution
    are mmengine's (``train_step``, ``val_step``, ``test_step``).

    Attributes:
        learns_classes: Whether the head learns the classes of the dataset, so that
            its number of classes must suffice for them.

    Override:
        extract_feat: images to features.
        loss: images and truth to a dict of losses; see :meth:`parse_losses`.
        predict: images to samples with ``pred_*`` fields.
        forward_tensor: what ``mode='tensor'`` gives, if not the features.

    Args:
        data_preprocessor: Config of what brings a batch to the device, or the
            module itself; None only moves it.
        init_cfg: How the weights are initialised, as mmengine has it.

    Example:
        >>> class Mean(BaseModel):
        ...     def extract_feat(self, inputs):
        ...         return inputs.mean(dim=(1, 2, 3))
        >>> Mean()(torch.ones(2, 3, 8, 8))
        tensor([1., 1.])
    """

    learns_classes: ClassVar[bool] = False

    def __init__(
        self,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        if data_preprocessor is None:
            data_preprocessor = BaseDataPreprocessor()
        data_preprocessor = build_part('data_preprocessor', data_preprocessor)
        super().__init__(data_preprocessor, init_cfg)

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[DataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Do what ``mode`` says with preprocessed inputs.

        Args:
            inputs: Images, as the data preprocessor leaves them.
            data_samples: Their annotations; needed for ``'loss'``.
            mode: ``'tensor'`` for the raw output, ``'loss'`` for the dict of
                losses, ``'predict'`` for the samples with predictions.

        Raises:
            ValueError: if the mode is unknown.
        """
        if mode == 'tensor':
            return self.forward_tensor(inputs)
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(
            f'mode is one of {MODES}, got {mode!r}{did_you_mean(mode, MODES)}'
        )

    def forward_tensor(self, inputs: Tensor) -> Any:
        """The raw output of the network, without losses or samples."""
        return self.extract_feat(inputs)

    def extract_feat(self, inputs: Tensor) -> Any:
        """The features of the inputs."""
        raise self._undefined('extract_feat')

    def loss(
        self, inputs: Tensor, data_samples: list[DataSample]
    ) -> dict[str, Tensor | list[Tensor] | float]:
        """The losses, and whatever else is to be logged, by name."""
        raise self._undefined('loss')

    def predict(
        self, inputs: Tensor, data_samples: list[DataSample] | None = None
    ) -> list[DataSample]:
        """One sample with predictions per input."""
        raise self._undefined('predict')

    def use_channels_last(self) -> None:
        """Lay out kernels and images with the channels of a pixel side by side.

        So dense convolutions are faster on a GPU in half precision. Results are the
        same but for rounding, and so are checkpoints. Not for training on a CPU:
        there it gains nothing, and torch 2.13 hangs or crashes in the backward pass
        of some convolutions.
        """
        self.to(memory_format=torch.channels_last)
        self.data_preprocessor.memory_format = torch.channels_last

    def parse_losses(
        self, losses: Mapping[str, Tensor | Sequence[Tensor] | float]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Sum what is optimised, and detach what is logged.

        A key counts as a loss if the part behind its last dot starts with
        ``loss`` or ends with ``_loss``; all others are only logged. The total
        is logged as ``loss``. Nothing is read from the device.

        Args:
            losses: Tensors, lists of tensors (summed) or numbers by name; a
                tensor with several values counts with their mean.

        Returns:
            The total to be optimised, and the values to be logged.

        Raises:
            TrainingError: if a value is of another kind, no key is a loss, or
                ``loss`` stands beside other losses: it would be logged in the
                place of the total.

        Example:
            >>> total, log = BaseModel().parse_losses(
            ...     dict(loss_a=torch.tensor(1.), b_loss=torch.tensor(2.), acc=0.5))
            >>> total, log['acc']
            (tensor(3.), tensor(0.5000))
        """
        total, logged = None, {}
        for key, value in losses.items():
            value = _as_scalar(key, value)
            if is_summed(key):
                total = value if total is None else total + value
            logged[key] = value.detach()
        if total is None:
            raise TrainingError(
                f'nothing to optimise among {list(losses)}; the name of a loss '
                "starts with 'loss' or ends with '_loss'"
            )
        if 'loss' not in logged:
            return total, {'loss': total.detach(), **logged}
        others = [repr(key) for key in losses if is_summed(key) and key != 'loss']
        if others:
            raise TrainingError(
                "the key 'loss' is kept for the total, but stands beside "
                f'{", ".join(others)}; '
                "rename it, e.g. to 'loss_main', so that each is summed and logged"
            )
        return total, logged

    def _dump_init_info(self) -> None:
        """Write how each weight was set to the log file; without one, nowhere."""
        if MMLogger.get_current_instance().log_file is not None:
            super()._dump_init_info()

    def _undefined(self, method: str) -> NotImplementedError:
        return NotImplementedError(f'{type(self).__name__} does not define {method}')


@lru_cache(maxsize=1024)
def is_summed(key: str) -> bool:
    """Whether the value under this name is optimised, not only logged.

    Example:
        >>> [is_summed(key) for key in ('aux.loss_ce', 'my_loss', 'loss_aux.acc')]
        [True, True, False]
    """
    name = key.rsplit('.', 1)[-1]
    return name.startswith('loss') or name.endswith('_loss')


def _as_scalar(key: str, value: Any) -> Tensor:
    if isinstance(value, Tensor):
        if value.ndim == 0 and value.is_floating_point():
            return value
        value = value if value.is_floating_point() else value.float()
        return value.mean() if value.ndim else value
    if isinstance(value, Real):
        return torch.tensor(float(value))
    if isinstance(value, (list, tuple)) and value:
        return sum(_as_scalar(key, v) for v in value)
    raise TrainingError(
        f'{key!r} in the dict of losses is a tensor, a list of tensors or a number, '
        f'got {value!r} ({type(value).__name__})'
    )


def build_part(key: str, cfg: Part, registry: Registry = MODELS) -> Any:
    """Build a part of a whole, so that errors say which part it is.

    Args:
        key: The argument of the whole that names the part.
        cfg: Config of the part; a list makes a sequence. A module, or None,
            is returned as it is.
        registry: Where the type of the part is looked up.

    Raises:
        ConfigError: if the config is wrong; its path starts with ``key``.

    Example:
        >>> build_part('head', dict(type='LinearClsHed', num_classes=10))
        Traceback (most recent call last):
        mmlite.errors.ConfigError: head: unknown type 'LinearClsHed'; did you mean ...
    """
    if cfg is None or isinstance(cfg, nn.Module):
        return cfg
    if isinstance(cfg, (list, tuple)):
        parts = [build_part(f'{key}.{i}', c, registry) for i, c in enumerate(cfg)]
        return Sequential(*parts)
    try:
        return registry.build(cfg)
    except ConfigError as error:
        raise error.under(key) from error.__cause__


def check_channels(
    backbone: nn.Module, neck: nn.Module | None = None, head: nn.Module | None = None
) -> None:
    """Compare the width that each part gives with the one that the next expects.

    A backbone tells by ``feature_specs``, a neck by ``output_specs(specs)``;
    where a part does not tell, what follows is not compared. An ``in_channels``
    that is one number is compared with the last feature, a sequence with all.

    Raises:
        ConfigError: if two widths differ, with both numbers.

    Example:
        >>> class Backbone(nn.Module):
        ...     feature_specs = (FeatureSpec(512, stride=32),)
        >>> head = nn.Module()
        >>> head.in_channels = 256
        >>> check_channels(Backbone(), head=head)
        Traceback (most recent call last):
        mmlite.errors.ConfigError: head.in_channels is 256, but the backbone gives ...
    """
    specs = getattr(backbone, 'feature_specs', None)
    giver = 'the backbone'
    for path, part in [*_necks(neck), ('head', head)]:
        if specs is None or part is None:
            return
        _compare(path, getattr(part, 'in_channels', None), giver, specs)
        output_specs = getattr(part, 'output_specs', None)
        specs = output_specs(specs) if output_specs else None
        giver = 'the neck' if path == 'neck' else path


def _necks(neck: nn.Module | None) -> list[tuple[str, nn.Module]]:
    if isinstance(neck, nn.Sequential):
        return [(f'neck.{i}', part) for i, part in enumerate(neck)]
    return [] if neck is None else [('neck', neck)]


def _compare(path: str, expects: Any, giver: str, specs: Sequence[FeatureSpec]) -> None:
    gives: Any = [spec.channels for spec in specs]
    if isinstance(expects, int):
        gives = gives[-1]
    elif isinstance(expects, (list, tuple)):
        expects = list(expects)
    else:
        return
    if expects != gives:
        message = (
            f'is {expects}, but {giver} gives {gives}; '
            f'set model.{path}.in_channels={gives}'
        )
        raise ConfigError([Problem(f'{path}.in_channels', message)])
