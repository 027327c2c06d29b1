"""Fine-tune a backbone by low-rank changes alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import did_you_mean
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import LoRALinear


@MODELS.register_module()
class LoRAModel(BaseModule):
    """Freeze a backbone, and learn low-rank changes of some of its linear layers.

    Paper: LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022,
    https://arxiv.org/abs/2106.09685. As in mmpretrain, its state dict has the changes
    alone; the weights of the backbone are those of its ``init_cfg``.

    Args:
        module: Config of the backbone, or the module itself.
        alpha: The changes are multiplied by ``alpha / rank``.
        rank: Rank of the changes.
        drop_rate: Dropout on the input of a change, a fraction.
        targets: Which layers: dicts with ``type``, the end of the layer's name or a
            regular expression for all of it, and settings of their own.

    Shape:
        x: as the backbone takes it; returns: what it gives.

    Raises:
        ValueError: if a target is no linear layer of the backbone.

    Example:
        >>> vit = dict(type='VisionTransformer', arch='deit-tiny', img_size=32)
        >>> model = LoRAModel(vit, alpha=4, rank=4, targets=[dict(type='qkv')])
        >>> sorted(model.state_dict())[0]
        'module.layers.0.attn.qkv.lora_down.weight'
    """

    def __init__(
        self,
        module: dict | nn.Module,
        alpha: float = 1,
        rank: int = 0,
        drop_rate: float = 0.0,
        targets: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__()
        self.module = module if isinstance(module, nn.Module) else MODELS.build(module)
        if not targets:
            raise ValueError("targets names layers, e.g. [dict(type='qkv')], got none")
        common = dict(alpha=alpha, rank=rank, drop_rate=drop_rate)
        for target in targets:
            settings = {**common, **target}
            self._adapt(settings.pop('type'), settings)
        for name, parameter in self.named_parameters():
            parameter.requires_grad = '.lora_' in name
        self._register_state_dict_hook(_keep_changes)
        self.register_load_state_dict_post_hook(_expect_changes)

    def _adapt(self, wanted: str, settings: dict[str, Any]) -> None:
        """Put a change beside each linear layer of a name."""
        linear = {
            name: layer
            for name, layer in self.module.named_modules()
            if isinstance(layer, nn.Linear) and '.lora_' not in name
        }
        found = [
            name
            for name in linear
            if name.endswith(wanted) or re.fullmatch(wanted, name)
        ]
        if not found:
            ends = {name.rpartition('.')[2] for name in linear}
            raise ValueError(
                f'targets: {wanted!r} is the end of the name of no linear layer of '
                f'{type(self.module).__name__}{did_you_mean(wanted, ends)}; they end '
                f'with {", ".join(sorted(ends))}'
            )
        for name in found:
            parent, _, own = name.rpartition('.')
            changed = LoRALinear(linear[name], **settings)
            setattr(self.module.get_submodule(parent), own, changed)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...] | None:
        """Width and stride of every output."""
        return getattr(self.module, 'feature_specs', None)

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Depth of a parameter's layer, and the number of layers."""
        return self.module.get_layer_depth(param_name, f'{prefix}module.')

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The features."""
        return self.module(x)


def _keep_changes(
    module: nn.Module, state: dict[str, Tensor], prefix: str, metadata: Any
) -> None:
    for key in [k for k in state if k.startswith(prefix) and '.lora_' not in k]:
        del state[key]


def _expect_changes(module: nn.Module, found: Any) -> None:
    for keys in (found.missing_keys, found.unexpected_keys):
        keys[:] = [key for key in keys if '.lora_' in key]
