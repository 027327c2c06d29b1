"""Count the parameters and the operations of a network."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ..config import input_size_of
from ..engine.builders import build_loaders_in
from ..errors import ConfigError, UserError
from ..registry import MODELS
from .zoo.cards import find_card, known_name
from .zoo.configs import read_config

__all__ = ['Flops', 'flops']

aten = torch.ops.aten
_DEPTH = 2
#: Frames, height and width of a walk, as gait is trained on.
_WALK = (30, 64, 44)


def _elements(factor: int) -> Any:
    """So many operations for each element of the input, as mmengine counts them."""

    def count(shape: Sequence[int], *_: Any, **__: Any) -> int:
        return factor * prod(shape)

    return count


def _outputs(factor: int) -> Any:
    def count(*_: Any, out_shape: Sequence[int], **__: Any) -> int:
        return factor * prod(out_shape)

    return count


#: What is no product of matrices: operations an element.
_ELEMENTWISE = {
    aten.native_batch_norm: _elements(2),
    aten._native_batch_norm_legit_no_training: _elements(2),
    aten.cudnn_batch_norm: _elements(2),
    aten.relu: _elements(1),
    aten.relu_: _elements(1),
    aten.hardtanh: _elements(1),
    aten.hardtanh_: _elements(1),
    aten.leaky_relu: _elements(1),
    aten.leaky_relu_: _elements(1),
    aten.native_layer_norm: _elements(5),
    aten.native_group_norm: _elements(5),
    aten._adaptive_avg_pool2d: _elements(1),
    aten.upsample_nearest2d: _outputs(1),
    aten.upsample_bilinear2d: _outputs(4),
    aten.grid_sampler_2d: _outputs(4),
}


@dataclass
class Flops:
    """What one sample costs.

    Args:
        shape: Shape of the input, without the batch.
        parameters: Number of parameters.
        macs: Multiply-adds of convolutions, matrix products and attention.
        attention: Those of them whose factors are both activations.
        elementwise: Operations of normalisation, ReLU, pooling and interpolation.
        parts: ``(name, parameters, macs + elementwise)`` of the modules within.
    """

    shape: tuple[int, ...]
    parameters: int
    macs: int
    attention: int
    elementwise: int
    parts: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def flops(self) -> int:
        """FLOPs as papers and mmpretrain's cards state them: a multiply-add is one."""
        return self.macs + self.elementwise

    @property
    def operations(self) -> int:
        """Floating-point operations in the strict sense: a multiply-add is two."""
        return 2 * self.macs + self.elementwise

    def to_dict(self) -> dict[str, Any]:
        """All figures, as plain values."""
        return dict(
            shape=list(self.shape),
            parameters=self.parameters,
            flops=self.flops,
            macs=self.macs,
            attention=self.attention,
            operations=self.operations,
            parts={name: dict(parameters=p, flops=f) for name, p, f in self.parts},
        )

    def __str__(self) -> str:
        rows = [('', 'parameters', 'FLOPs')]
        rows += [(name, _short(p), _short(f)) for name, p, f in self.parts]
        rows.append(('total', _short(self.parameters), _short(self.flops)))
        width = max(len(row[0]) for row in rows)
        lines = [f'{name:{width}}  {p:>10}  {f:>9}' for name, p, f in rows]
        lines.append(
            f'for an input of {" x ".join(map(str, self.shape))}; one FLOP is a '
            f'multiply-add, as in papers; {_short(self.macs)} MACs, '
            f'{_short(self.operations)} operations if a multiply-add is two'
        )
        return '\n'.join(lines)


def _short(number: int) -> str:
    for unit, size in (('T', 10**12), ('G', 10**9), ('M', 10**6), ('k', 10**3)):
        if number >= size:
            return f'{number / size:.2f} {unit}'
    return str(number)


def flops(
    model: str | Path | Config | Mapping[str, Any] | nn.Module,
    size: int | Sequence[int] | None = None,
    overrides: Sequence[str] = (),
    depth: int = _DEPTH,
) -> Flops:
    """Count what a network costs for one sample, in its evaluation.

    The network runs without memory or arithmetic where it can (on the meta device), so
    that large ones are counted in seconds. Counted are convolutions, matrix products
    and attention (a multiply-add is one FLOP, as papers have it), normalisation (two an
    element for batch norm, five for the others), ReLU, pooling to a size and
    interpolation, as mmcv and mmengine do; unlike them, attention is counted also where
    it is one fused kernel.

    Args:
        model: A config, the name of a model (see :func:`~mmlite.apis.list_models`), or
            the network itself.
        size: Height and width in pixels, or one number for both, or the whole shape
            without the batch; by default that which the model takes in its test, 30
            frames of 64 x 44 for gait, or else 224.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        depth: How deep modules are listed one by one.

    Raises:
        UserError: if the network cannot run on an input of that size.

    Example:
        >>> found = flops(nn.Conv2d(3, 8, 3, padding=1), size=32)
        >>> found.parameters, found.macs == 32 * 32 * 8 * 3 * 3 * 3
        (224, True)
    """
    if isinstance(model, nn.Module):
        network, shape = model, _shape(size, 224)
        return _count(_on_meta(model), shape, depth) or _count(network, shape, depth)
    cfg = read_config(model, overrides)
    default = input_size_of(cfg)
    if isinstance(model, str) and known_name(model):
        default = find_card(model).shape or default
    whole = cfg.model.get('type')
    whole = MODELS.get(whole) if isinstance(whole, str) else whole
    if getattr(whole, 'task', '') == 'gait':
        default = _WALK
    shape = _shape(size, default)
    with torch.device('meta'):
        network = _build(cfg)
    found = _count(network, shape, depth)
    return found or _count(_build(cfg), shape, depth, must=True)


def _build(cfg: Config) -> nn.Module:
    try:
        return MODELS.build(build_loaders_in(copy.deepcopy(cfg.model)))
    except ConfigError as error:
        raise ConfigError(error.under('model').problems, cfg.filename) from error


def _shape(size: int | Sequence[int] | None, default: Any) -> tuple[int, ...]:
    given = default if size is None else size
    values = [given] * 2 if isinstance(given, int) else list(given)
    if not 1 <= len(values) <= 4 or min(values) < 1:
        raise UserError(f'size must be a height and a width in pixels, got {values}')
    if len(values) == 1:
        values *= 2
    return (3, *values) if len(values) == 2 else tuple(values)


def _on_meta(model: nn.Module) -> nn.Module:
    """A copy without memory."""
    memo = {
        id(t): torch.empty_like(t, device='meta')
        for t in (*model.parameters(), *model.buffers())
    }
    memo = {
        key: nn.Parameter(t) if t.is_floating_point() else t for key, t in memo.items()
    }
    return copy.deepcopy(model, memo)


def _count(
    network: nn.Module, shape: tuple[int, ...], depth: int, must: bool = False
) -> Flops | None:
    """The costs, or None where it cannot run without memory."""
    device = next((p.device for p in network.parameters()), torch.device('cpu'))
    inputs: Any = torch.zeros(1, *shape, device=device)
    if keys := getattr(network, 'input_keys', ()):
        inputs = dict.fromkeys(keys, inputs)
    counter = FlopCounterMode(display=False, custom_mapping=_ELEMENTWISE)
    training = network.training
    try:
        with counter, torch.no_grad():
            network.eval()(inputs)
    except (RuntimeError, NotImplementedError, TypeError, ValueError) as error:
        if device.type == 'meta' and not must:
            return None
        raise UserError(
            f'{type(network).__name__} does not run on an input of '
            f'{" x ".join(map(str, shape))}: {error}; give its size, e.g. --size 224'
        ) from error
    finally:
        network.train(training)
    return _figures(network, counter, shape, depth)


def _figures(
    network: nn.Module, counter: FlopCounterMode, shape: tuple[int, ...], depth: int
) -> Flops:
    counts = {'Global': {}, **counter.get_flop_counts()}

    def split(name: str) -> tuple[int, int]:
        found = counts.get(name, {})
        others = sum(n for kind, n in found.items() if kind in _ELEMENTWISE)
        return (sum(found.values()) - others) // 2, others

    macs, elementwise = split('Global')
    attention = sum(n for kind, n in counts['Global'].items() if _is_attention(kind))
    root = type(network).__name__
    parts = [
        (name, _size(module), sum(split(f'{root}.{name}')))
        for name, module in network.named_modules()
        if name and name.count('.') < depth
    ]
    parts = [part for part in parts if part[1] or part[2]]
    figures = macs, attention // 2, elementwise
    return Flops(shape, _size(network), *figures, parts)


def _is_attention(kind: Any) -> bool:
    name = str(kind)
    return 'bmm' in name or 'dot_product' in name


def _size(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
