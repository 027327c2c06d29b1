"""Muon for the matrices of a model, another optimizer for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mmengine.optim import OptimWrapper
from torch import nn
from torch.optim import Optimizer

from ...errors import ConfigError, at
from ...registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS
from ..checkpoints import unwrapped
from .chained_optimizer import ChainedOptimizer
from .constructor import DefaultOptimWrapperConstructor, Group, merged
from .fused import fused_by_default, match_layouts


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class MuonOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Gives the matrices of a model to one optimizer, the rest to another.

    To the rest belong all vectors (biases, norms), embeddings, and what
    ``custom_keys`` exclude with ``muon=False``: the last layer, as a rule. Both
    optimizers act as one, so that ``optim_wrapper`` is configured, scheduled
    and resumed as ever. The log has factors for the settings of a parameter.

    Args:
        optim_wrapper_cfg: The section ``optim_wrapper``; ``optimizer`` is for
            the matrices.
        paramwise_cfg: The usual settings (``bias_lr_mult``, ``custom_keys``,
            ...), whose factors apply to the optimizer that a parameter belongs
            to; ``others``, the config of the optimizer for the rest; and
            ``muon=False`` in an entry of ``custom_keys``.

    Raises:
        ValueError: if ``others`` is missing, or there is nothing for one of the
            optimizers.

    Example:
        >>> constructor = MuonOptimWrapperConstructor(
        ...     dict(optimizer=dict(type='Muon', lr=0.02)),
        ...     dict(others=dict(type='SGD', lr=0.1)))
        >>> wrapper = constructor(nn.Linear(4, 3))
        >>> [group['lr'] for group in wrapper.optimizer.param_groups]
        [0.02, 0.1]
    """

    other_optimizers: ClassVar[tuple[str, ...]] = ('others',)
    group_keys: ClassVar[tuple[str, ...]] = ('muon',)

    def __init__(
        self,
        optim_wrapper_cfg: Mapping[str, Any],
        paramwise_cfg: Mapping[str, Any] | None = None,
    ) -> None:
        paramwise_cfg = dict(paramwise_cfg or {})
        self.others_cfg = paramwise_cfg.pop('others', None)
        if self.others_cfg is None:
            raise ValueError(
                'paramwise_cfg.others is missing: an optimizer for what is not a '
                "matrix, e.g. dict(type='SGD', lr=0.1, momentum=0.9)"
            )
        super().__init__(dict(optim_wrapper_cfg), paramwise_cfg)

    def base(self, name: str) -> float:
        """One: the groups hold factors, for the optimizer that each falls to."""
        return 1.0

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimizers for a model, and what wraps them."""
        model = unwrapped(model)
        matrices, others = self._divide(model)
        optimizers = [
            _build(self.optimizer_cfg, matrices, 'optimizer', model),
            _build(self.others_cfg, others, 'paramwise_cfg.others', model),
        ]
        return OPTIM_WRAPPERS.build(
            dict(dict(type='OptimWrapper'), **self.optim_wrapper_cfg),
            default_args=dict(optimizer=ChainedOptimizer(optimizers)),
        )

    def _divide(self, model: nn.Module) -> tuple[list[Group], list[Group]]:
        groups: list[Group] = []
        self.add_params(groups, model)
        modules = model.modules()
        tables = {id(m.weight) for m in modules if isinstance(m, nn.Embedding)}
        matrices, others = [], []
        for group in groups:
            (parameter,) = group['params']
            chosen = group.pop('muon', id(parameter) not in tables)
            is_matrix = parameter.ndim >= 2 and chosen
            (matrices if is_matrix else others).append(group)
        for kind, found in (('matrices', matrices), ('other parameters', others)):
            if not found:
                raise ValueError(
                    f'the model has no {kind} to train; leave out optim_wrapper.'
                    'constructor and use one optimizer'
                )
        return matrices, others


def _build(
    cfg: Mapping[str, Any], groups: list[Group], path: str, model: nn.Module
) -> Optimizer:
    """An optimizer with one group for each different setting, fused if it can be."""
    if problems := OPTIMIZERS.problems_of(cfg, given=('params',)):
        raise ConfigError(problems).under(*path.split('.'))
    groups = merged([_settings(cfg, group, path) for group in groups])
    parameters = [parameter for group in groups for parameter in group['params']]
    cfg = fused_by_default(cfg, parameters, model)
    with at(*path.split('.')):
        optimizer = OPTIMIZERS.build(dict(cfg, params=groups))
    optimizer.register_load_state_dict_post_hook(match_layouts)
    return optimizer


def _settings(cfg: Mapping[str, Any], group: Group, path: str) -> dict[str, Any]:
    """The settings of a group, in which factors have become values."""
    settings = dict(params=group['params'])
    for name, factor in group.items():
        if name in ('params', 'lr_mult', 'decay_mult'):
            continue
        if name not in ('lr', 'weight_decay'):
            settings[name] = factor
        elif name in cfg:
            settings[name] = cfg[name] * factor
        elif factor != 1:
            raise ValueError(
                f'{path}.{name} is missing, though paramwise_cfg multiplies it'
            )
    return settings
