"""What networks share whose estimate is improved step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ..layers import norms_to_eval
from ..layers.raft_encoder import RAFTContextEncoder
from ..layers.raft_update import Gates, RAFTUpdateBlock
from ..model_cfg import ModelCfg
from .base import StereoModel

__all__ = ['RecurrentStereo']

_DEFAULTS: dict[str, Any] = dict(
    hidden_dims=(128, 128, 128),
    n_gru_layers=3,
    corr_levels=4,
    corr_radius=4,
    slow_fast_gru=False,
    train_iters=16,
    valid_iters=32,
    norm_eval=True,
)


class RecurrentStereo(StereoModel):
    """Base of RAFT-Stereo and IGEV: a context, and units that update from it.

    Batch norms keep the statistics of their checkpoint (``norm_eval``).
    """

    size_divisor: ClassVar[int] = 32
    normalization: ClassVar = dict(mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True)
    #: What the sizes are called in checkpoints, from fine to coarse.
    scales: ClassVar[tuple[str, ...]] = ('08', '16', '32')
    #: Whether the units see a flow (``'f'``) or a disparity (``'d'``).
    motion: ClassVar[str] = 'f'

    def build_recurrence(
        self,
        model_cfg: ModelCfg,
        halvings: int = 2,
        num_volumes: int = 1,
        **defaults: Any,
    ) -> Sequence[int]:
        """Make the context's encoder and the units; returns the widths of the states.

        Args:
            model_cfg: The settings of the model.
            halvings: How often the size is halved for the finest of them.
            num_volumes: Of how many volumes the units are shown a piece.
            defaults: Settings that the model has where the config gives none.
        """
        settings = {**_DEFAULTS, **defaults}
        settings = {key: model_cfg.get(key, value) for key, value in settings.items()}
        hidden = settings['hidden_dims']
        self.num_layers = settings['n_gru_layers']
        self.levels = settings['corr_levels']
        self.radius = settings['corr_radius']
        self.slow_fast = settings['slow_fast_gru']
        self.train_iters = settings['train_iters']
        self.valid_iters = settings['valid_iters']
        self.norm_eval = settings['norm_eval']
        self.cnet = RAFTContextEncoder(hidden, hidden, 'batch', halvings, self.scales)
        self.cnet.freeze_from(self.num_layers)
        self.update_block = RAFTUpdateBlock(
            hidden,
            self.levels * (2 * self.radius + 1) * num_volumes,
            self.num_layers,
            self.motion,
            self.scales,
        )
        return hidden

    def train(self, mode: bool = True) -> RecurrentStereo:
        """As all modules, but batch norms may keep their statistics."""
        super().train(mode)
        if mode and self.norm_eval:
            norms_to_eval(self)
        return self

    def build_contexts(self, hidden: Sequence[int]) -> None:
        """Make what brings the context to the gates of the units."""
        # The widths of the official code, which takes the contexts from coarse to fine.
        self.context_zqr_convs = nn.ModuleList(
            nn.Conv2d(hidden[i], 3 * hidden[i], 3, padding=1)
            for i in range(self.num_layers)
        )

    def begin(
        self, maps: Sequence[tuple[Tensor, Tensor]]
    ) -> tuple[list[Tensor], list[Gates]]:
        """The first states, and the context of their gates."""
        states = [torch.tanh(state) for state, _ in maps]
        gates = [
            conv(torch.relu(context)).chunk(3, dim=1)
            for conv, (_, context) in zip(self.context_zqr_convs, maps, strict=True)
        ]
        return states, gates
