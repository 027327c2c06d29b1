"""Averages of a model's weights over the course of its training."""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import getitem
from typing import Any

import torch
from mmengine.logging import MessageHub, print_log
from mmengine.model import BaseAveragedModel
from torch import Tensor, nn

from ...errors import check_at_least
from ...registry import MODELS

#: A tensor of a module by the dict that holds it and its name there. A module
#: may put another tensor in that place, as ``self.center = ...`` does.
Slot = tuple[dict[str, Any], str]


class AveragedModel(BaseAveragedModel):
    """A model whose weights are an average of another model's, as it trains.

    Differs from mmengine's base in that all tensors are updated together, that
    nothing is read from the device, and that weights which have two names count
    once.

    Override:
        share: what the newest weights count in the average.
        avg_func: another kind of average, tensor by tensor.

    Args:
        model: The model to average.
        interval: Updates of the model between two of the average.
        device: Where the average is kept; None is where the model is.
        update_buffers: Whether the floating-point buffers are averaged too;
            otherwise they are those of the model.

    Raises:
        ValueError: if the interval is not positive.
    """

    def __init__(
        self,
        model: nn.Module,
        interval: int = 1,
        device: str | torch.device | None = None,
        update_buffers: bool = False,
    ) -> None:
        check_at_least(1, interval=interval)
        device = None if device is None else torch.device(device)
        super().__init__(model, interval, device, update_buffers)
        self._counter = _Counter()
        self._pairs: _Pairs | None = None

    def share(self, steps: int) -> float:
        """What the newest weights count, between 0 and 1.

        Args:
            steps: Updates of the model so far.
        """
        raise NotImplementedError

    def avg_func(
        self, averaged_param: Tensor, source_param: Tensor, steps: Tensor | int
    ) -> None:
        """Update the average of one tensor."""
        averaged_param.lerp_(source_param, self.share(int(steps)))

    @torch.inference_mode()
    def update_parameters(self, model: nn.Module) -> None:
        """Let the average know that the model was updated.

        Args:
            model: The model, as it is now.
        """
        if type(self).avg_func is not AveragedModel.avg_func:
            super().update_parameters(model)
            return
        if self._pairs is None or self._pairs.model is not model:
            self._pairs = _Pairs(self.module, model, self.update_buffers)
        pairs, buffer = self._pairs, self.steps
        steps = self._counter.value(buffer)
        if steps == 0:
            pairs.averaged.each(torch._foreach_copy_)
            pairs.fixed.each(torch._foreach_copy_)
        elif steps % self.interval == 0:
            share = self.share(steps)
            pairs.averaged.each(lambda a, b: torch._foreach_lerp_(a, b, share))
        pairs.kept.each(torch._foreach_copy_)
        buffer.add_(1)
        self._counter.note(buffer, steps + 1)

    def _apply(self, *args: Any, **kwargs: Any) -> AveragedModel:
        self._pairs = None  # as the tensors may go to another device
        return super()._apply(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        """A copy finds its own tensors."""
        return dict(self.__dict__, _pairs=None, _counter=_Counter())


class _Counter:
    """A counter on the device as a number, without waiting for the device."""

    def __init__(self) -> None:
        self._buffer: Tensor | None = None
        self._version = self._value = 0

    def value(self, buffer: Tensor) -> int:
        """The number; read anew only if it was changed elsewhere."""
        if buffer is not self._buffer or buffer._version != self._version:
            self.note(buffer, int(buffer))
        return self._value

    def note(self, buffer: Tensor, value: int) -> None:
        """Remember what the counter holds now."""
        self._buffer, self._version, self._value = buffer, buffer._version, value


class _Tensors:
    """The tensors of two models that belong together.

    Args:
        slots: Where they are, in the average and in the model.
    """

    def __init__(self, slots: list[tuple[Slot, Slot]]) -> None:
        groups = defaultdict(list)
        for (holder, key), (other, name) in slots:
            here, there = holder[key], other[name]
            # A foreach operation is fast only if all is of one kind.
            kind = (here.dtype, there.dtype, here.device, there.device)
            groups[kind].append(((holder, key), (other, name)))
        self.groups = [
            (
                here if here != there else None,
                *map(_finder, zip(*pairs, strict=True)),
            )
            for (_, _, here, there), pairs in groups.items()
        ]

    def each(self, operation: Callable[[list[Tensor], list[Tensor]], Any]) -> None:
        """Call a foreach operation on the tensors of each kind."""
        for device, averages, sources in self.groups:
            theirs = sources()
            if device is not None:
                theirs = [tensor.to(device) for tensor in theirs]
            operation(averages(), theirs)


def _finder(slots: Sequence[Slot]) -> Callable[[], list[Tensor]]:
    """What finds the tensors that are in these places now, as fast as can be."""
    holders, keys = zip(*slots, strict=True)
    tensors = list(map(getitem, holders, keys))
    if all(isinstance(tensor, nn.Parameter) for tensor in tensors):
        return lambda: tensors  # which stay, as the optimizer has them too
    return lambda: list(map(getitem, holders, keys))


class _Pairs:
    """Which tensors are averaged, which copied at first, and which always."""

    def __init__(self, average: nn.Module, model: nn.Module, buffers: bool) -> None:
        self.model = model
        chosen = _paired(average, model, '_parameters')
        others = _paired(average, model, '_buffers')
        kept = list(others.values())
        if buffers:
            saved = average.state_dict().keys()
            chosen |= {name: pair for name, pair in others.items() if name in saved}
            kept = []
        averaged, fixed = [], []
        for (holder, key), source in chosen.values():
            to = averaged if holder[key].is_floating_point() else fixed
            to.append(((holder, key), source))
        self.averaged = _Tensors(averaged)
        self.fixed = _Tensors(fixed)
        self.kept = _Tensors(kept)


def _paired(
    average: nn.Module, model: nn.Module, kind: str
) -> dict[str, tuple[Slot, Slot]]:
    """The places of each parameter or buffer in both models, by its name."""
    pairs, seen = {}, set()
    modules = dict(model.named_modules())
    for prefix, module in average.named_modules():
        for key, tensor in getattr(module, kind).items():
            if tensor is None or id(tensor) in seen:
                continue
            seen.add(id(tensor))
            name = f'{prefix}.{key}' if prefix else key
            source = getattr(modules[prefix], kind)
            pairs[name] = ((getattr(module, kind), key), (source, key))
    return pairs


@MODELS.register_module()
class ExponentialMovingAverage(AveragedModel):
    """The exponential moving average of a model's weights.

    ``average = (1 - momentum) * average + momentum * weights``

    Args:
        model: The model to average.
        momentum: What the newest weights count, e.g. ``0.0002``.
        interval: Updates of the model between two of the average.
        device: Where the average is kept; None is where the model is.
        update_buffers: Whether the floating-point buffers are averaged too;
            otherwise they are those of the model.

    Raises:
        ValueError: if the momentum does not lie in (0, 1), or the interval is
            not positive.

    Example:
        >>> model = nn.Linear(1, 1)
        >>> average = ExponentialMovingAverage(model, momentum=0.1)
        >>> for value in (1.0, 2.0):
        ...     _ = nn.init.constant_(model.weight, value)
        ...     average.update_parameters(model)
        >>> average.module.weight
        Parameter containing:
        tensor([[1.1000]])
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.0002,
        interval: int = 1,
        device: str | torch.device | None = None,
        update_buffers: bool = False,
    ) -> None:
        if not 0 < momentum < 1:
            raise ValueError(
                f'momentum must lie in (0, 1), got {momentum}; it is what the newest '
                'weights count, a small number as a rule'
            )
        if momentum > 0.5:
            print_log(
                f'momentum is what the newest weights count in the average, a small '
                f'number as a rule; it is {momentum}',
                logger='current',
                level=logging.WARNING,
            )
        super().__init__(model, interval, device, update_buffers)
        self.momentum = momentum

    def share(self, steps: int) -> float:
        """The momentum."""
        return self.momentum


@MODELS.register_module()
class MomentumAnnealingEMA(ExponentialMovingAverage):
    """An exponential moving average that begins fast.

    The momentum is ``gamma / (gamma + steps)``, but ``momentum`` at least.

    Args:
        model: The model to average.
        momentum: The momentum of a long training.
        gamma: How many steps it takes to halve the first momentum, which is 1.
        interval: Updates of the model between two of the average.
        device: Where the average is kept; None is where the model is.
        update_buffers: Whether the floating-point buffers are averaged too;
            otherwise they are those of the model.

    Raises:
        ValueError: if gamma is not positive, and as
            :class:`ExponentialMovingAverage` does.
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.0002,
        gamma: int = 100,
        interval: int = 1,
        device: str | torch.device | None = None,
        update_buffers: bool = False,
    ) -> None:
        if gamma <= 0:
            raise ValueError(f'gamma must be greater than 0, got {gamma}')
        super().__init__(model, momentum, interval, device, update_buffers)
        self.gamma = gamma

    def share(self, steps: int) -> float:
        """The momentum of this step."""
        return max(self.momentum, self.gamma / (self.gamma + steps))


@MODELS.register_module()
class StochasticWeightAverage(AveragedModel):
    """The mean of a model's weights at all its updates.

    Paper: Averaging Weights Leads to Wider Optima and Better Generalization, UAI
    2018, https://arxiv.org/abs/1803.05407

    Args:
        model: The model to average.
        interval: Updates of the model between two that count.
        device: Where the average is kept; None is where the model is.
        update_buffers: Whether the floating-point buffers are averaged too;
            otherwise they are those of the model.

    Raises:
        ValueError: if the interval is not positive.
    """

    def share(self, steps: int) -> float:
        """One part of as many as were averaged."""
        return 1 / (steps // self.interval + 1)


@MODELS.register_module()
class CosineEMA(ExponentialMovingAverage):
    r"""An exponential moving average whose momentum falls to its end with a cosine.

    Of BYOL and MoCo v3. With :math:`k` updates so far, out of the :math:`K` iterations
    of the training, the newest weights count

    .. math:: m_{end} + (m - m_{end}) (\cos(\pi k / K) + 1) / 2

    Papers state one minus this, e.g. 0.996. Without a running training, which states
    how long it is, the momentum stays as it is.

    Args:
        model: The model to average.
        momentum: What the newest weights count at first, e.g. ``0.004``.
        end_momentum: What they count at the end.
        interval: Updates of the model between two of the average.
        device: Where the average is kept; None is where the model is.
        update_buffers: Whether the floating-point buffers are averaged too;
            otherwise they are those of the model.

    Raises:
        ValueError: as :class:`ExponentialMovingAverage` does.

    Example:
        >>> average = CosineEMA(nn.Linear(1, 1), momentum=0.1)
        >>> MessageHub.get_current_instance().update_info('max_iters', 4)
        >>> [round(average.share(k), 6) for k in range(5)]
        [0.1, 0.085355, 0.05, 0.014645, 0.0]
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.004,
        end_momentum: float = 0.0,
        interval: int = 1,
        device: str | torch.device | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__(model, momentum, interval, device, update_buffers)
        self.end_momentum = end_momentum

    def share(self, steps: int) -> float:
        """The momentum of this step."""
        total = MessageHub.get_current_instance().get_info('max_iters')
        if not total:
            return self.momentum
        left = (math.cos(math.pi * min(steps / total, 1.0)) + 1) / 2
        return self.end_momentum + (self.momentum - self.end_momentum) * left
