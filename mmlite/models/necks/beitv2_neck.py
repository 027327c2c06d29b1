"""The second half of the decoder of BEiT v2."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from mmengine.model import BaseModule, ModuleList
from torch import Tensor

from ...errors import did_you_mean
from ...registry import MODELS
from ..layers import BEiTTransformerEncoderLayer, build_norm_layer

__all__ = ['BEiTV2Neck']

LAYER_NORM = dict(type='LN', eps=1e-6)
LINEAR = dict(type='TruncNormal', layer='Linear', std=0.02, bias=0)
KEYS = ('embed_dims', 'depth', 'num_heads', 'feedforward_channels')
BASE = dict(zip(KEYS, (768, 12, 12, 3072), strict=True))
LARGE = dict(zip(KEYS, (1024, 24, 16, 4096), strict=True))


@MODELS.register_module()
class BEiTV2Neck(BaseModule):
    """Layers in which early patches attend to the last class token.

    Paper: BEiT v2: Masked Image Modeling with Vector-Quantized Visual Tokenizers,
    https://arxiv.org/abs/2208.06366

    Args:
        num_layers: Number of its layers.
        early_layers: Index of the layer of the backbone that the early patches come
            from.
        backbone_arch: ``'base'``, ``'large'``, or a dict with the keys
            ``embed_dims``, ``depth`` (or ``num_layers``), ``num_heads`` and
            ``feedforward_channels``.
        drop_rate: Dropout after the projections, a fraction.
        drop_path_rate: Rate of stochastic depth of the last layer, a fraction.
        layer_scale_init_value: Initial value of the factors on every branch; 0 has
            none.
        use_rel_pos_bias: Must be False: its layers take the relative positions that the
            layers of the backbone share.
        norm_cfg: Config of the norms.
        init_cfg: Config of the initialisation.

    Shape:
        inputs: the early and the last tokens of the backbone, ``(B, 1 + L, D)`` each.
        returns: the last patches, and those of its own layers, ``(B, L, D)`` each.

    Raises:
        ValueError: if the arch is unknown, or use_rel_pos_bias is asked for.

    Example:
        >>> arch = dict(embed_dims=8, depth=4, num_heads=2, feedforward_channels=16)
        >>> neck = BEiTV2Neck(num_layers=1, early_layers=2, backbone_arch=arch)
        >>> [out.shape for out in neck([torch.zeros(1, 5, 8)] * 2, None)]
        [torch.Size([1, 4, 8]), torch.Size([1, 4, 8])]
    """

    promise: ClassVar[str] = 'PretrainNeck'
    arch_zoo: ClassVar[dict[str, dict]] = dict(b=BASE, base=BASE, l=LARGE, large=LARGE)

    def __init__(
        self,
        num_layers: int = 2,
        early_layers: int = 9,
        backbone_arch: str | dict = 'base',
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 0.1,
        use_rel_pos_bias: bool = False,
        norm_cfg: dict = LAYER_NORM,
        init_cfg: dict | list[dict] | None = LINEAR,
    ) -> None:
        super().__init__(init_cfg)
        if use_rel_pos_bias:
            raise ValueError(
                'the neck is given the bias that the layers of the backbone share; '
                'set use_rel_pos_bias=False'
            )
        self.arch_settings = self._settings(backbone_arch)
        width = self.arch_settings['embed_dims']
        depth = self.arch_settings['depth']
        self.early_layers = early_layers
        last = early_layers + num_layers
        rates = np.linspace(0, drop_path_rate, max(depth, last)).tolist()
        self.patch_aggregation = ModuleList(
            BEiTTransformerEncoderLayer(
                width,
                self.arch_settings['num_heads'],
                self.arch_settings['feedforward_channels'],
                layer_scale_init_value=layer_scale_init_value,
                window_size=None,
                use_rel_pos_bias=False,
                drop_rate=drop_rate,
                drop_path_rate=rate,
                norm_cfg=norm_cfg,
            )
            for rate in rates[early_layers:last]
        )
        self.norm = build_norm_layer(norm_cfg, width)[1]

    def _settings(self, arch: str | dict) -> dict:
        if isinstance(arch, dict):
            settings = dict(arch)
            if 'num_layers' in settings:
                settings.setdefault('depth', settings['num_layers'])
            if missing := [key for key in KEYS if key not in settings]:
                raise ValueError(
                    f'backbone_arch lacks {", ".join(missing)}; got {[*arch]}'
                )
            return settings
        name = arch.lower()
        if name not in self.arch_zoo:
            raise ValueError(
                f'backbone_arch must be one of {[*self.arch_zoo]} or a dict, got '
                f'{arch!r}'
                f'{did_you_mean(name, self.arch_zoo)}'
            )
        return self.arch_zoo[name]

    def init_weights(self) -> None:
        """As init_cfg says; branches start smaller the deeper they lie."""
        super().init_weights()
        with torch.no_grad():
            for depth, layer in enumerate(
                self.patch_aggregation, self.early_layers + 1
            ):
                layer.attn.proj.weight.div_(math.sqrt(2.0 * depth))
                layer.ffn.layers[1].weight.div_(math.sqrt(2.0 * depth))

    def forward(
        self, inputs: Sequence[Tensor], rel_pos_bias: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The last patches, and the early ones after the layers of the neck."""
        early, last = inputs
        x = torch.cat((last[:, :1], early[:, 1:]), dim=1)
        for layer in self.patch_aggregation:
            x = layer(x, rel_pos_bias=rel_pos_bias)
        return self.norm(last)[:, 1:], self.norm(x)[:, 1:]
