"""Compile what a training computes with ``torch.compile``."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any

import torch
from mmengine.dist import get_world_size
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

__all__ = ['compile_model']

#: Parts whose outputs are tensors.
_PARTS = ('backbone', 'neck')
#: What the modes of torch.compile add by which a step is launched as CUDA graphs.
_WITH_GRAPHS = ('reduce-overhead', 'max-autotune')
#: The backend that does nothing else.
_GRAPHS = 'cudagraphs'


def compile_model(
    model: nn.Module, options: Mapping[str, Any], accumulated: int | None = 1
) -> str | None:
    """Compile a model in place, so that the names in checkpoints stay as they are.

    Where a class says ``loss_in_one_graph``, all that leads to its loss is compiled as
    one function. Backbone and neck are compiled alone as well, for validation, or the
    model where it has neither.

    CUDA graphs are for a loss in one graph, of one process and one batch a step: they
    write outputs and gradients to the same memory each time, so nothing may be kept
    for longer.

    Args:
        model: The model.
        options: Arguments of ``torch.compile``.
        accumulated: Batches whose gradients make a step; None with several optimizers.

    Returns:
        Why there are no CUDA graphs though ``options`` ask for them, or None.
    """
    reason = None
    if uses_cuda_graphs(options):
        reason = _against_cuda_graphs(model, accumulated)
    if reason is not None:
        options = without_cuda_graphs(options)
    parts = [
        part
        for name, part in model.named_children()
        # To call what is compiled takes longer than to average, say.
        if name in _PARTS and any(True for _ in part.parameters())
    ]
    for part in parts or [model]:
        part.compile(**without_cuda_graphs(options))
    if getattr(model, 'loss_in_one_graph', False):
        model.loss = CompiledLoss(model, options)
    return reason


def _against_cuda_graphs(model: nn.Module, accumulated: int | None) -> str | None:
    if not getattr(model, 'loss_in_one_graph', False):
        why = f'the loss of {type(model).__name__} is not one graph'
    elif accumulated is None:
        why = 'several optimizers take steps'
    elif accumulated > 1:
        why = f'the gradients of {accumulated} batches make a step'
    elif get_world_size() > 1:
        why = 'several processes share their gradients'
    else:
        return None
    return f'there are no CUDA graphs, since {why}; compiled without'


def uses_cuda_graphs(options: Mapping[str, Any]) -> bool:
    """Whether options of ``torch.compile`` ask for CUDA graphs.

    Example:
        >>> uses_cuda_graphs(dict(mode='reduce-overhead'))
        True
    """
    inner = options.get('options') or {}
    return (
        options.get('mode') in _WITH_GRAPHS
        or options.get('backend') == _GRAPHS
        or bool(inner.get('triton.cudagraphs'))
    )


def without_cuda_graphs(options: Mapping[str, Any]) -> dict[str, Any]:
    """The same options without CUDA graphs.

    Example:
        >>> without_cuda_graphs(dict(mode='max-autotune'))
        {'mode': 'max-autotune-no-cudagraphs'}
    """
    changed = dict(options)
    if changed.get('backend') == _GRAPHS:
        changed['backend'] = 'aot_eager'
    if changed.get('mode') == 'reduce-overhead':
        changed['mode'] = 'default'
    elif changed.get('mode') == 'max-autotune':
        changed['mode'] = 'max-autotune-no-cudagraphs'
    if changed.get('options'):
        changed['options'] = {**changed['options'], 'triton.cudagraphs': False}
    return changed


class CompiledLoss:
    """The compiled ``loss`` of a model; a copy of the model has its own again.

    Args:
        model: The model.
        options: Arguments of ``torch.compile``.
    """

    def __init__(self, model: nn.Module, options: Mapping[str, Any]) -> None:
        self._model = model
        self._loss = type(model).loss
        self._compiled = torch.compile(self._loss, **options)
        self._graphs = uses_cuda_graphs(options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._graphs:
            return self._compiled(self._model, *args, **kwargs)
        torch.compiler.cudagraph_mark_step_begin()
        losses = self._compiled(self._model, *args, **kwargs)
        # The next step writes to their memory, and they are logged later.
        return tree_map_only(Tensor, Tensor.clone, losses)

    def __reduce__(self) -> tuple:
        return _method, (self._loss, self._model)


def _method(function: Callable[..., Any], owner: nn.Module) -> types.MethodType:
    return types.MethodType(function, owner)
