"""Optimizers that do a whole step in one kernel, wherever torch has one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ...ops.layout import CHANNELS_LAST
from ...registry import OPTIMIZERS

__all__ = ['IMPLEMENTATION', 'begin_momenta', 'fused_by_default', 'match_layouts']

#: Settings that say how a step is computed, not what it computes.
IMPLEMENTATION = ('fused', 'foreach', 'capturable', 'differentiable')

_HAVE_FUSED = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)
_DEVICES = ('cpu', 'cuda')
_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def fused_by_default(
    cfg: Mapping[str, Any],
    parameters: Iterable[Tensor],
    model: nn.Module | None = None,
) -> dict[str, Any]:
    """The config of an optimizer with ``fused=True``, if all that it takes is there.

    That is: torch has a fused kernel for the optimizer, the devices and the
    dtypes, no gradient is sparse, the momentum is not dampened, and the config does not
    choose for itself by ``fused``, ``foreach`` or the like.

    Args:
        cfg: The config; its ``type`` is a name in OPTIMIZERS, or a class.
        parameters: What is to be optimised.
        model: What they belong to.

    Example:
        >>> fused_by_default(dict(type='SGD', lr=0.1), [torch.zeros(2)])
        {'type': 'SGD', 'lr': 0.1, 'fused': True}
        >>> fused_by_default(dict(type='RMSprop', lr=0.1), [torch.zeros(2)])
        {'type': 'RMSprop', 'lr': 0.1}
    """
    kind = cfg['type']
    kind = OPTIMIZERS.get(kind) if isinstance(kind, str) else kind
    if (
        kind in _HAVE_FUSED
        and not any(name in cfg for name in IMPLEMENTATION)
        and not cfg.get('dampening')  # see begin_momenta
        and all(map(_is_plain, parameters))
        and not (model is not None and _has_sparse_gradients(model))
    ):
        return dict(cfg, fused=True)
    return dict(cfg)


def _is_plain(tensor: Tensor) -> bool:
    layout = CHANNELS_LAST.get(tensor.ndim, torch.contiguous_format)
    return (
        tensor.device.type in _DEVICES
        and tensor.dtype in _DTYPES
        and tensor.layout == torch.strided
        and (tensor.is_contiguous() or tensor.is_contiguous(memory_format=layout))
    )


def _has_sparse_gradients(model: nn.Module) -> bool:
    tables = (nn.Embedding, nn.EmbeddingBag)
    return any(isinstance(m, tables) and m.sparse for m in model.modules())


def begin_momenta(optimizer: Optimizer) -> None:
    """Let the momenta of a fused SGD begin with 0, where gradients are scaled.

    PyTorch would take memory as it is for them, and rely on the first step to write it.
    That step is left out where gradients overflow, as they mostly do with the first
    scale, and the second one would go by whatever was in the memory. Momenta that are
    not dampened become the same from 0.

    Args:
        optimizer: The optimizer, before a step.

    Example:
        >>> weight = nn.Parameter(torch.ones(2))
        >>> weight.grad = torch.ones(2)
        >>> sgd = torch.optim.SGD([weight], lr=0.1, momentum=0.9, fused=True)
        >>> begin_momenta(sgd)
        >>> sgd.state[weight]
        {'momentum_buffer': tensor([0., 0.])}
    """
    if not isinstance(optimizer, torch.optim.SGD):
        return
    for group in optimizer.param_groups:
        if not group['fused'] or not group['momentum']:
            continue
        for parameter in group['params']:
            if parameter.grad is None:
                continue
            state = optimizer.state[parameter]
            if state.get('momentum_buffer') is None:
                state['momentum_buffer'] = torch.zeros_like(parameter)


def match_layouts(optimizer: Optimizer) -> None:
    """Give momenta and the like the memory layouts of their parameters.

    Fused kernels go through the memory of both side by side, and what was loaded
    may be laid out as another run had it.
    """
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if (
                isinstance(value, Tensor)
                and value.shape == parameter.shape
                and value.stride() != parameter.stride()
            ):
                state[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(
                    value
                )
