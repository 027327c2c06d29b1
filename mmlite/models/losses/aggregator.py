"""Assign the named outputs of a model to their losses."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import ConfigError, Problem, TrainingError, at, did_you_mean
from ...ops import full_precision
from ...registry import MODELS
from .base_loss import BaseLoss

__all__ = ['LossAggregator']

_HALF = (torch.float16, torch.bfloat16)


class LossAggregator(nn.Module):
    """Losses by name, and the rule by which outputs find theirs.

    What a model gives under a name goes to the loss of that name: a dict as its
    arguments, anything else as its first argument, the others by their names from
    what the batch holds (``labels``; ``disp_gt``, ``mask``). A name without its loss,
    or a loss without its name, is an error, except a scalar, which is a loss already,
    and the defaults of a task where no loss is configured at all.

    Losses are computed in float32, whatever the precision of the model.

    Args:
        loss_cfg: Config of each loss, with ``log_prefix`` for its name and
            ``loss_term_weight`` for the factor on its mean; one, a list of them, or a
            dict of them by name.
        defaults: Config of losses by name, which apply where ``loss_cfg`` is empty.

    Shape:
        returns: scalars by name: ``loss_*`` is optimised; ``*/*`` is what a loss
        reports beside its value.

    Raises:
        ConfigError: if a loss has no name, two have the same, or its config is wrong;
            when called, if names do not find each other.

    Example:
        >>> losses = LossAggregator(
        ...     dict(type='L1Loss', log_prefix='depth', loss_term_weight=2.0))
        >>> losses(dict(depth=dict(pred=torch.ones(3), target=torch.zeros(3))))
        {'loss_depth': tensor(2.)}
    """

    def __init__(
        self,
        loss_cfg: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        defaults: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__()
        entries = _entries(loss_cfg)
        self.is_default = not entries
        if not entries:
            entries = [(k, f'default.{k}', v) for k, v in (defaults or {}).items()]
        self.names: list[str] = []
        self.weights: list[float] = []
        self.losses = nn.ModuleList()
        for name, path, cfg in entries:
            loss, weight = _build(path, cfg)
            self.losses.append(loss)
            self.weights.append(weight)
            self.names.append(name)

    def forward(
        self, outputs: Mapping[str, Any], known: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The losses of what a model gives for training.

        Args:
            outputs: What it gives, by name; None counts as nothing.
            known: What the batch holds, by the names of arguments.
        """
        outputs = {k: v for k, v in outputs.items() if v is not None and v is not ...}
        self._check_names(outputs)
        found: dict[str, Any] = {}
        for name, value in outputs.items():
            if name not in self.names:
                found[f'loss_{name}'] = value
                continue
            place = self.names.index(name)
            loss, info = self._loss_of(name, self.losses[place], value, known or {})
            found[f'loss_{name}'] = loss.mean() * self.weights[place]
            found.update({f'{name}/{key}': entry for key, entry in info.items()})
        return found

    def _check_names(self, outputs: Mapping[str, Any]) -> None:
        ready = {k for k, v in outputs.items() if isinstance(v, Tensor) and not v.ndim}
        homeless = [k for k in outputs if k not in self.names and k not in ready]
        idle = [] if self.is_default else [k for k in self.names if k not in outputs]
        if not homeless and not idle:
            return
        parts = []
        if homeless:
            names = [] if self.is_default else self.names
            hint = did_you_mean(homeless[0], names)
            parts.append(f'the model gives {_quoted(homeless)} without a loss{hint}')
        if idle:
            parts.append(f'the model gives nothing for the loss {_quoted(idle)}')
        has = 'is empty' if self.is_default else f'has {_quoted(self.names)}'
        message = (
            f'{"; ".join(parts)}; loss_cfg {has}, the model gives '
            f'{_quoted(outputs) or "nothing"}. Give each name of training_* a loss '
            'with this log_prefix, or a scalar, which is a loss already'
        )
        raise ConfigError([Problem('model.loss_cfg', message)])

    def _loss_of(
        self, name: str, loss: nn.Module, value: Any, known: Mapping[str, Any]
    ) -> tuple[Tensor, Mapping[str, Any]]:
        signature = inspect.signature(loss.forward)
        given = value
        if not isinstance(value, Mapping):
            given = self._arguments(signature, value, known)
        given = {key: _in_float32(entry) for key, entry in given.items()}
        try:
            signature.bind(**given)
        except TypeError as error:
            wanted = ', '.join(signature.parameters)
            raise TrainingError(
                f'the loss {name!r} ({type(loss).__name__}) takes {wanted}, but the '
                f'model gives it {", ".join(given) or "nothing"}: {error}'
            ) from None
        device = next((v.device for v in given.values() if isinstance(v, Tensor)), None)
        with full_precision(device or 'cpu'):
            result = loss(**given)
        value, info = result if isinstance(result, tuple) else (result, {})
        if not isinstance(value, Tensor):
            raise TrainingError(
                f'the loss {name!r} ({type(loss).__name__}) returns the loss as a '
                f'tensor, or (loss, info), got {value!r} ({type(value).__name__})'
            )
        return value, info

    @staticmethod
    def _arguments(
        signature: inspect.Signature, value: Any, known: Mapping[str, Any]
    ) -> dict[str, Any]:
        first, *others = signature.parameters
        target = known.get('target')
        if isinstance(value, Tensor) and isinstance(target, Tensor):
            if value.ndim == target.ndim + 1 and value.shape[1] == 1:
                value = value.squeeze(1)
        return {first: value, **{k: known[k] for k in others if k in known}}


def _entries(loss_cfg: Any) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Name, place in the config, and config of each loss."""
    if not loss_cfg:
        return []
    path = 'loss_cfg'
    if isinstance(loss_cfg, Mapping) and 'type' not in loss_cfg:
        named = [(name, f'{path}.{name}', cfg) for name, cfg in loss_cfg.items()]
    elif isinstance(loss_cfg, Mapping):
        named = [(loss_cfg.get('log_prefix'), path, loss_cfg)]
    else:
        named = [
            (cfg.get('log_prefix'), f'{path}.{i}', cfg)
            for i, cfg in enumerate(loss_cfg)
        ]
    seen: set[str] = set()
    for name, place, _ in named:
        if not isinstance(name, str) or name in seen:
            what = 'is used twice' if name in seen else f'is {name!r}'
            message = (
                f'{what}; it is the name under which the model gives what the loss '
                "takes, e.g. 'triplet'"
            )
            raise ConfigError([Problem(f'{place}.log_prefix', message)])
        seen.add(name)
    return named


def _build(path: str, cfg: Mapping[str, Any]) -> tuple[nn.Module, float]:
    args = {k: v for k, v in cfg.items() if k != 'log_prefix'}
    weight = args.pop('loss_term_weight', 1.0)
    kind = args.get('type')
    target = MODELS.get(kind) if isinstance(kind, str) else kind
    if isinstance(target, type) and issubclass(target, BaseLoss):
        args['loss_term_weight'] = weight
    with at(*path.split('.')):
        loss = MODELS.build(args)
    return loss, getattr(loss, 'loss_term_weight', weight)


def _in_float32(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.float() if value.dtype in _HALF else value
    if isinstance(value, (list, tuple)):
        return type(value)(_in_float32(entry) for entry in value)
    return value


def _quoted(names: Any) -> str:
    return ', '.join(repr(name) for name in names)
