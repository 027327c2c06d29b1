"""Build the optimizer of a model: few groups, fused steps."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mmengine.logging import print_log
from mmengine.optim import DefaultOptimWrapperConstructor as BaseConstructor
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.optim import Optimizer

from ...errors import ConfigError, at
from ...registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS
from ..checkpoints import unwrapped
from .fused import IMPLEMENTATION, fused_by_default, match_layouts
from .paramwise import Owned, base_value, custom_entry, factors, owned_parameters

Group = dict[str, Any]


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class DefaultOptimWrapperConstructor(BaseConstructor):
    """Builds an optimizer and its wrapper from a config.

    Differs from mmengine's in that

    - SGD, Adam and AdamW do a whole step in one fused kernel, unless the config
      says otherwise or torch has none for the parameters;
    - parameters with the same settings share a group, where mmengine makes one
      for each as soon as there is a ``paramwise_cfg``;
    - an entry of ``custom_keys`` replaces the factors that it states, and leaves
      the other rules (``norm_decay_mult``, ...) in force;
    - a factor of a setting that the config leaves out multiplies the optimizer's
      own default;
    - a parameter that several modules share is taken once, with or without
      ``bypass_duplicate``;
    - states of either grouping are taken over, also from mmengine's checkpoints,
      and from another implementation of the step.

    Attributes:
        own_rules: Keys of ``paramwise_cfg`` that it takes beside the usual.
        other_optimizers: Keys of ``paramwise_cfg`` that hold an optimizer more.
        group_keys: Keys of an entry of ``custom_keys`` that the constructor takes
            for itself, beside ``lr_mult`` and ``decay_mult``. Any other goes to the
            groups of the optimizer, which may look for it, as LARS does.

    Args:
        optim_wrapper_cfg: The section ``optim_wrapper``.
        paramwise_cfg: Factors for some of the parameters; see mmengine's.

    Raises:
        ConfigError: if the optimizer refuses its settings.

    Example:
        >>> constructor = DefaultOptimWrapperConstructor(
        ...     dict(optimizer=dict(type='SGD', lr=0.1)))
        >>> constructor(nn.Linear(2, 2)).optimizer.defaults['fused']
        True
    """

    own_rules: ClassVar[tuple[str, ...]] = ()
    other_optimizers: ClassVar[tuple[str, ...]] = ()
    group_keys: ClassVar[tuple[str, ...]] = ()

    def _validate_cfg(self) -> None:
        """Nothing: what is not stated has the optimizer's default."""

    @property
    def has_rules(self) -> bool:
        """Whether parameters may differ in their settings."""
        return bool(self.paramwise_cfg)

    def base(self, name: str) -> float:
        """The ``lr`` or ``weight_decay`` that factors multiply.

        Raises:
            ConfigError: if it is neither stated nor has a default.
        """
        return base_value(self.optimizer_cfg, name)

    def add_params(
        self,
        params: list[Group],
        module: nn.Module,
        prefix: str = '',
        is_dcn_module: bool | None = None,
    ) -> None:
        """Add a group for each parameter, with the settings that it gets.

        Args:
            params: The groups so far.
            module: The model, or a part of it.
            prefix: The name of the part.
            is_dcn_module: Whether the part belongs to a deformable convolution.
        """
        seen = {id(p) for group in params for p in group['params']}
        for owned in owned_parameters(module, prefix, bool(is_dcn_module)):
            if not owned.parameter.requires_grad or id(owned.parameter) in seen:
                continue
            seen.add(id(owned.parameter))
            settings = self.settings_of(owned)
            params.append(dict(params=[owned.parameter], **settings))
            if settings:
                print_log(f'{owned.name}: {settings}', logger='current')

    def settings_of(self, owned: Owned) -> Group:
        """What a parameter has for itself; the rest is the optimizer's.

        Args:
            owned: The parameter.
        """
        settings: Group = {}
        lr, decay = factors(owned, self.paramwise_cfg)
        if lr is not None:
            settings['lr'] = self.base('lr') * lr
        if decay is not None:
            settings['weight_decay'] = self.base('weight_decay') * decay
        custom = custom_entry(owned.name, self.paramwise_cfg.get('custom_keys') or {})
        return settings | dict(custom)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimizer for a model, and what wraps it."""
        self._check_type()
        model = unwrapped(model)
        parameters = list(model.parameters())
        groups: list[Group] = []
        if self.has_rules:
            self.add_params(groups, model)
            parameters = [p for group in groups for p in group['params']]
        cfg = fused_by_default(self.optimizer_cfg, parameters, model)
        cfg[_first_argument(cfg['type'])] = merged(groups) or parameters
        with at('optimizer'):
            optimizer = OPTIMIZERS.build(cfg)
        loading = _Loading(parameters)
        optimizer.register_load_state_dict_pre_hook(loading.before)
        optimizer.register_load_state_dict_post_hook(match_layouts)
        return OPTIM_WRAPPERS.build(
            dict(dict(type='OptimWrapper'), **self.optim_wrapper_cfg),
            default_args=dict(optimizer=optimizer),
        )

    def _check_type(self) -> None:
        """Check that there is such an optimizer, before its arguments are looked at."""
        kind = dict(type=self.optimizer_cfg.get('type'))
        for problem in OPTIMIZERS.problems_of(kind, partial=True):
            raise ConfigError([problem.under('optimizer')])


def _first_argument(kind: str | type) -> str:
    """What an optimizer calls its parameters; not all say ``params``."""
    kind = OPTIMIZERS.get(kind) if isinstance(kind, str) else kind
    return next(iter(inspect.signature(kind).parameters))


def merged(groups: Sequence[Group]) -> list[Group]:
    """Fewer groups: one for each different setting, in the order of the first.

    Example:
        >>> merged([dict(params=[1]), dict(params=[2], lr=0.1), dict(params=[3])])
        [{'params': [1, 3]}, {'params': [2], 'lr': 0.1}]
    """
    found: list[Group] = []
    for group in groups:
        settings = _settings(group)
        for other in found:
            if _settings(other) == settings:
                other['params'] += group['params']
                break
        else:
            found.append(dict(settings, params=list(group['params'])))
    return [dict(params=group.pop('params'), **group) for group in found]


def _settings(group: Mapping[str, Any]) -> Group:
    return {name: value for name, value in group.items() if name != 'params'}


class _Loading:
    """Makes a saved state one of the optimizer that takes it over.

    Args:
        order: The parameters in the order in which mmengine numbers them.
    """

    def __init__(self, order: Sequence[Tensor]) -> None:
        self.places = {id(parameter): i for i, parameter in enumerate(order)}

    def before(self, optimizer: Optimizer, state: dict[str, Any]) -> dict[str, Any]:
        """The state in the groups of the optimizer, computed in its way."""
        groups, saved = optimizer.param_groups, state['param_groups']
        if len(saved) == len(self.places) != len(groups):
            saved = self._regrouped(groups, saved)
        if len(saved) == len(groups):
            own = [
                {name: group[name] for name in IMPLEMENTATION if name in group}
                for group in groups
            ]
            saved = [{**old, **new} for old, new in zip(saved, own, strict=True)]
        return dict(state, param_groups=saved)

    def _regrouped(self, groups: list[Group], saved: list[Group]) -> list[Group]:
        """Join groups of one parameter each as the optimizer's are joined."""
        result = []
        for group in groups:
            members = [saved[self.places[id(p)]] for p in group['params']]
            if any(_settings(m) != _settings(members[0]) for m in members):
                return saved  # of other settings, which the optimizer will refuse
            ids = [number for member in members for number in member['params']]
            result.append(dict(members[0], params=ids))
        return result
