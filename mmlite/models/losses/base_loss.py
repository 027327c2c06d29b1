"""Losses that a model of named outputs chooses by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from mmengine.dist import get_world_size
from torch import Tensor, nn

from ...ops import gather
from ...registry import MODELS, Registry

__all__ = ['BaseLoss', 'gather_and_scale_wrapper', 'register_class']


class BaseLoss(nn.Module):
    """Base of the losses of models of named outputs.

    A class of one's own needs no decorator: it is registered under its name.

    Override:
        forward: takes what the model gives under the name of the loss, and returns
            the loss, of any shape, with a dict of what else is to be logged; or the
            loss alone.

    Args:
        loss_term_weight: Factor on the mean of the loss.

    Attributes:
        info: For ``forward`` to collect what is to be logged.

    Example:
        >>> class Distance(BaseLoss):
        ...     def forward(self, embeddings, labels):
        ...         self.info['largest'] = embeddings.abs().max()
        ...         return embeddings.abs().mean(dim=1), self.info
    """

    promise: ClassVar[str] = 'SetLoss'

    def __init__(self, loss_term_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_term_weight = loss_term_weight
        self.info: dict[str, Any] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register_class(cls)

    def forward(self, *args: Any, **kwargs: Any) -> tuple[Tensor, dict[str, Any]]:
        """The loss, and what else is to be logged."""
        raise NotImplementedError(f'{type(self).__name__} has to define forward')


def gather_and_scale_wrapper(function: Callable) -> Callable:
    """Let a loss see the batches of all processes, as losses of pairs have to.

    Every tensor that ``function`` is called with is gathered along its first
    dimension, see :func:`mmlite.ops.gather`, and the loss is multiplied by the number
    of processes. The gradients are not, as :func:`~mmlite.ops.gather` makes them exact:
    averaged over the processes they are those of one process with the whole batch.

    Args:
        function: A method that returns the loss, or the loss and a dict.

    Example:
        >>> class Spread(BaseLoss):
        ...     @gather_and_scale_wrapper
        ...     def forward(self, embeddings):
        ...         return embeddings.var(dim=0), self.info
        >>> Spread()(embeddings=torch.tensor([[0.], [2.]]))
        (tensor([2.]), {})
    """

    @wraps(function)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        world_size = get_world_size()
        if world_size == 1:
            return function(self, *args, **kwargs)
        args = tuple(_gathered(value) for value in args)
        kwargs = {name: _gathered(value) for name, value in kwargs.items()}
        result = function(self, *args, **kwargs)
        if isinstance(result, tuple):
            return _scaled(result[0], world_size), *result[1:]
        return _scaled(result, world_size)

    return wrapper


def _gathered(value: Any) -> Any:
    return gather(value) if isinstance(value, Tensor) and value.ndim else value


def _scaled(loss: Tensor, world_size: int) -> Tensor:
    """The loss times a number, with the gradient of the loss."""
    return loss + (world_size - 1) * loss.detach()


def register_class(cls: type, registry: Registry = MODELS) -> None:
    """Register a class of a user's package under its name, without a decorator.

    A class of the same name in the same module is replaced, as when a cell of a
    notebook runs again. If another module has that name already, it keeps it, and a
    warning says so. A decorator may still give the class further names. Our own
    classes are left to their decorators.

    Args:
        cls: The class.
        registry: Where it is registered.
    """
    if cls.__module__.startswith('mmlite.'):
        return
    registry.import_from_location()
    name = cls.__name__
    known = registry.module_dict.get(name)
    if known is None or known.__module__ == cls.__module__:
        registry.register_module(module=cls, force=True)
        return
    warnings.warn(
        f'{name} stays {known.__module__}.{name}; to use that of {cls.__module__}, '
        f"decorate it with @{registry.name.upper()}.register_module(name='...')",
        stacklevel=3,
    )
