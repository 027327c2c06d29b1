"""CAE."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...ops import gather_tokens, separate
from ...registry import MODELS
from ...structures import DataSample
from ..joining import build_part
from .masked import MaskedImageModel, masks_of

__all__ = ['CAE']


@MODELS.register_module()
class CAE(MaskedImageModel):
    """Predict an encoder's features of hidden patches, and their visual words.

    Paper: Context Autoencoder for Self-Supervised Representation Learning, IJCV 2023,
    https://arxiv.org/abs/2202.03026

    Args:
        backbone: Config of ``CAEPretrainViT``; the teacher is one more of it.
        neck: Config of ``CAENeck``.
        head: Config of ``CAEHead``.
        target_generator: Config of the tokenizer, ``DALL-E``.
        base_momentum: Share of the old value when the teacher follows the backbone.
        data_preprocessor: As in
            :class:`~mmlite.models.selfsup.BaseSelfSupervisor`.
        init_cfg: How the weights are initialised, as mmengine has it.

    Shape:
        inputs: two ``(B, C, H, W)``: what the backbone sees, and what the target is
            made of; every sample has a ``mask`` ``(rows, columns)`` with as many
            ones.
    """

    loss_in_one_graph: ClassVar[bool] = False

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        target_generator: dict | nn.Module | None = None,
        base_momentum: float = 0.0,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(
            backbone,
            neck,
            head,
            target_generator,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.momentum = base_momentum
        if isinstance(backbone, nn.Module):
            self.teacher = deepcopy(backbone)
        else:
            self.teacher = build_part('backbone', backbone)
        self.teacher.requires_grad_(False)

    def init_weights(self) -> None:
        """As init_cfg says; the teacher starts as the backbone."""
        super().init_weights()
        self.teacher.load_state_dict(self.backbone.state_dict())

    @torch.no_grad()
    def momentum_update(self) -> None:
        """Let the teacher follow the backbone."""
        pairs = zip(self.teacher.parameters(), self.backbone.parameters(), strict=True)
        for old, new in pairs:
            old.lerp_(new, 1.0 - self.momentum)

    def loss(
        self, inputs: list[Tensor], data_samples: list[DataSample]
    ) -> dict[str, Any]:
        """The losses of the hidden patches.

        Args:
            inputs: What the backbone sees, and what the target is made of.
            data_samples: One sample per image, with ``mask``.

        Returns:
            ``loss``, of which ``main`` is that of the words and ``align`` that of
            the features.
        """
        images, originals = inputs
        mask = masks_of(data_samples).flatten(1).to(images.device).bool()
        seen = self.backbone(images, mask)
        with torch.no_grad():
            latent_target = self.teacher(images, ~mask)[:, 1:]
            if self.training:
                self.momentum_update()
            words = self.target_generator(originals)
        places = self.backbone.pos_embed[:, 1:].expand(len(images), -1, -1)
        kept, hidden = (
            gather_tokens(places, own) for own in separate(mask, seen.size(1) - 1)
        )
        logits, latent_pred = self.neck(seen[:, 1:], hidden, kept)
        main, align = self.head.loss(
            logits.flatten(0, 1), words, latent_pred, latent_target, mask
        )
        return dict(loss=main + align, main=main, align=align)
