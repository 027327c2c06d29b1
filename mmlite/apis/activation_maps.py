"""Maps of what a network looks at, from its activations and its attention."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import UserError, did_you_mean

__all__ = ['attention_rollout', 'grad_cam']

_MOST_EXTRA = 16  # tokens that stand for no place
_ATTENTION = '.attn.'  # in the names of layers within one
_LIKE = 0.02  # how far the sides of a map may be from those of the picture


def grad_cam(
    model: nn.Module,
    inputs: Tensor,
    target: int | None = None,
    layer: str | None = None,
) -> tuple[np.ndarray, str, int]:
    """The map of one class: activations, weighted by the mean of their gradients.

    Args:
        model: A classifier, in eval mode; called with ``mode='tensor'`` it gives the
            score of each class.
        inputs: One image as the data preprocessor leaves it.
        target: The class; by default the one with the highest score.
        layer: Name of the layer; by default the last one with more than one place
            at all of which there is a gradient.

    Shape:
        inputs: ``(1, C, H, W)``; returns: ``(h, w)``.

    Returns:
        The map, 0 where the class gains nothing; the name of the layer; the class.

    Raises:
        UserError: if it is no classifier, or there is no such class or layer.
    """
    modules = dict(model.named_modules())
    if layer is not None and layer not in modules:
        hint = did_you_mean(layer, modules)
        raise UserError(f'there is no layer {layer!r}{hint}')
    kept: list[tuple[str, Tensor]] = []
    watched = {layer: modules[layer]} if layer else _within(modules)
    with torch.enable_grad(), _outputs(watched, kept):
        inputs = inputs.detach().requires_grad_()
        scores = model(inputs, mode='tensor')
    scores = scores[-1] if isinstance(scores, (list, tuple)) else scores
    if not isinstance(scores, Tensor) or scores.ndim != 2:
        raise UserError(
            'Grad-CAM explains the score of a class, but this model gives none; '
            'method="attention" shows where a transformer attends'
        )
    number = int(scores[0].argmax()) if target is None else target
    if not 0 <= number < scores.size(1):
        raise UserError(
            f'there is no class {number}; they are 0 to {scores.size(1) - 1}'
        )
    gradients = torch.autograd.grad(
        scores[0, number], [inputs, *(output for _, output in kept)], allow_unused=True
    )[1:]
    rows = [
        (name, _as_maps(output, inputs), _as_maps(gradient, inputs))
        for (name, output), gradient in zip(kept, gradients, strict=True)
    ]
    rows = [row for row in rows if row[1] is not None and row[2] is not None]
    # The last one first, but for what lies within an attention.
    rows.reverse()
    rows.sort(key=lambda row: _ATTENTION in row[0])
    for name, maps, slopes in rows:
        if layer or bool((slopes.abs().sum(dim=0) > 0).float().mean() > 0.5):
            weights = slopes.mean(dim=(1, 2), keepdim=True)
            heat = (weights * maps).sum(dim=0).relu()
            return heat.detach().float().cpu().numpy(), name, number
    raise UserError(
        f'{f"{layer} gives no" if layer else "no layer gives a"} map of the picture '
        'that the score depends on; name a layer, e.g. layer="backbone.layer4"'
    )


def _within(modules: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """The layers of the backbone, or of all of the model."""
    own = {
        name: module
        for name, module in modules.items()
        if name.partition('.')[0] in ('backbone', 'image_encoder')
    }
    return own or {name: module for name, module in modules.items() if name}


@contextmanager
def _outputs(
    modules: dict[str, nn.Module], kept: list[tuple[str, Tensor]]
) -> Iterator[None]:
    """Keep what layers give, in the order in which they give it."""

    def keep(name: str, output: Any) -> None:
        output = output[-1] if isinstance(output, (list, tuple)) and output else output
        if isinstance(output, Tensor) and output.requires_grad and output.ndim > 2:
            kept.append((name, output))

    handles = [
        module.register_forward_hook(
            lambda module, args, output, name=name: keep(name, output)
        )
        for name, module in modules.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _as_maps(value: Tensor | None, inputs: Tensor) -> Tensor | None:
    """``(C, h, w)`` of what a layer gives; None if it is no map of the picture."""
    if value is None or len(value) != 1:
        return None
    value = value[0]
    height, width = inputs.shape[-2:]
    if value.ndim == 2:  # tokens, (L, D)
        grid = _grid(len(value), height, width)
        if grid is None:
            return None
        return value[len(value) - grid[0] * grid[1] :].T.reshape(-1, *grid)
    if value.ndim != 3:
        return None
    if _alike(*value.shape[1:], height, width):
        return value
    if _alike(*value.shape[:2], height, width):  # channels last
        return value.permute(2, 0, 1)
    return None


def _alike(rows: int, columns: int, height: int, width: int) -> bool:
    """Whether a map has the sides of a picture, but for rounding, and some places."""
    if rows * columns < 2:
        return False
    return abs(rows - columns * height / width) <= max(1.0, _LIKE * rows) and (
        rows != columns or abs(height - width) <= max(height, width) / rows
    )


def _grid(tokens: int, height: int, width: int) -> tuple[int, int] | None:
    """Rows and columns of tokens, of which the first few may stand for no place."""
    for extra in range(_MOST_EXTRA + 1):
        places = tokens - extra
        rows = round((max(places, 0) * height / width) ** 0.5)
        if rows > 0 and places > 1 and places % rows == 0:
            columns = places // rows
            if _alike(rows, columns, height, width):
                return rows, columns
    return None


def attention_rollout(model: nn.Module, inputs: Tensor) -> np.ndarray:
    """How much each place contributes to the output of a vision transformer.

    The attention of each layer, averaged over the heads and mixed in equal parts with
    the identity of the residual connection, is multiplied with that of the layers
    before. With a class token it is its row that is shown, else the mean over all
    tokens.

    Args:
        model: A model whose layers attend from all places to all.
        inputs: One image as the data preprocessor leaves it.

    Shape:
        inputs: ``(1, C, H, W)``; returns: ``(h, w)``.

    Raises:
        UserError: if there is no such attention.
    """
    height, width = inputs.shape[-2:]
    kept: list[Tensor] = []
    with torch.no_grad(), _attention(kept):
        model.extract_feat(inputs)
    sizes = [len(each) for each in kept]
    largest = max(sizes, default=0)
    grid = _grid(largest, height, width) if largest else None
    if grid is None or sizes.count(largest) < max(1, len(sizes) // 2):
        raise UserError(
            'no attention of this network goes from all places of the picture to all; '
            'attention maps are of vision transformers, use method="grad-cam" for '
            'others'
        )
    total = torch.eye(largest)
    for each in kept:
        if len(each) == largest:
            mixed = each + torch.eye(largest)
            total = mixed / mixed.sum(dim=1, keepdim=True) @ total
    places = grid[0] * grid[1]
    extra = largest - places
    row = total[0] if extra else total.mean(dim=0)
    return row[extra:].reshape(grid).numpy()


@contextmanager
def _attention(kept: list[Tensor]) -> Iterator[None]:
    """Keep the attention of a call, ``(L, L)`` each, the mean over its heads."""
    real = F.scaled_dot_product_attention

    def noting(query: Tensor, key: Tensor, value: Tensor, *args: Any, **kw: Any) -> Any:
        if query.ndim == 4 and len(query) == 1 and query.shape[2] == key.shape[2]:
            # Attention to the unit matrix is the attention itself.
            unit = torch.eye(key.shape[2]).to(value)
            unit = unit.expand(*value.shape[:2], -1, -1)
            weights = real(query, key, unit, *args, **kw)
            kept.append(weights[0].mean(dim=0).float().cpu())
        return real(query, key, value, *args, **kw)

    F.scaled_dot_product_attention = noting
    try:
        yield
    finally:
        F.scaled_dot_product_attention = real
