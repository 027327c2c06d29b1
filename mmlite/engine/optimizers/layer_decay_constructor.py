"""Layer-wise decay: lower learning rates for the layers nearer to the image."""

from __future__ import annotations

from typing import Any, ClassVar

from mmengine.optim import OptimWrapper
from torch import nn

from ...errors import ConfigError
from ...registry import OPTIM_WRAPPER_CONSTRUCTORS
from ..checkpoints import unwrapped
from .constructor import DefaultOptimWrapperConstructor, Group
from .paramwise import Owned


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LearningRateDecayOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Scales the learning rate of each layer by its distance from the end.

    A parameter of layer ``i`` of ``n``, as ``model.get_layer_depth(name)`` counts
    them, has the rate ``lr * layer_decay_rate ** (n - i - 1)``. Paper: ELECTRA,
    https://arxiv.org/abs/2003.10555. Differs from mmpretrain's in that ``lr_mult`` in
    ``custom_keys`` multiplies this rate, where mmpretrain's leaves it without effect,
    and in what :class:`DefaultOptimWrapperConstructor` does for groups and
    ``custom_keys``.

    Args:
        optim_wrapper_cfg: The section ``optim_wrapper``.
        paramwise_cfg: ``layer_decay_rate``, by default 1, and the usual settings
            (``norm_decay_mult``, ``custom_keys``, ...).

    Raises:
        ConfigError: if the model does not say how deep its parameters are.
    """

    own_rules: ClassVar[tuple[str, ...]] = ('layer_decay_rate',)

    def __init__(
        self, optim_wrapper_cfg: dict, paramwise_cfg: dict[str, Any] | None = None
    ) -> None:
        paramwise_cfg = dict(paramwise_cfg or {})
        self.decay_rate = paramwise_cfg.pop('layer_decay_rate', 1.0)
        super().__init__(optim_wrapper_cfg, paramwise_cfg)
        self._depth_of: Any = None

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimizer for a model, and what wraps it."""
        depth_of = getattr(unwrapped(model), 'get_layer_depth', None)
        if depth_of is None:
            raise ConfigError(
                f'constructor: {type(unwrapped(model)).__name__} has no '
                'get_layer_depth(name), which rates by layer ask for'
            )
        self._depth_of = depth_of
        try:
            return super().__call__(model)
        except NotImplementedError as error:
            raise ConfigError(f'constructor: {error}') from error

    @property
    def has_rules(self) -> bool:
        """Whether parameters may differ in their settings."""
        return True

    def settings_of(self, owned: Owned) -> Group:
        """What a parameter has for itself: its rate, and what the rules say."""
        settings = super().settings_of(owned)
        layer, count = self._depth_of(owned.name)
        scale = self.decay_rate ** (count - layer - 1)
        rate = settings.get('lr', self.base('lr'))
        return settings | dict(lr=rate * scale, lr_scale=scale, layer_id=layer)
