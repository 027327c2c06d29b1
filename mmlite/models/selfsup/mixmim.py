"""MixMIM."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import DataSample
from .masked import MaskedImageModel

__all__ = ['MixMIM']


@MODELS.register_module()
class MixMIM(MaskedImageModel):
    """Mix two images, and predict the pixels of each that the other one hides.

    Paper: MixMIM: Mixed and Masked Image Modeling for Efficient Visual
    Representation Learning, CVPR 2023, https://arxiv.org/abs/2205.13137

    Args:
        backbone: Config of ``MixMIMPretrainTransformer``.
        neck: Config of ``MixMIMPretrainDecoder``, whose ``encoder_stride`` is the
            patch size of the head.
        head: Config of ``MixMIMPretrainHead``.
        kwargs: Arguments of :class:`~mmlite.models.selfsup.BaseSelfSupervisor`.

    Shape:
        inputs: ``(B, C, H, W)``.

    Example:
        >>> arch = dict(embed_dims=8, depths=[1, 1], num_heads=[1, 1])
        >>> model = MODELS.build(dict(
        ...     type='MixMIM',
        ...     backbone=dict(
        ...         type='MixMIMPretrainTransformer', arch=arch, img_size=32,
        ...         window_size=[4, 4]),
        ...     neck=dict(
        ...         type='MixMIMPretrainDecoder', num_patches=16, encoder_stride=8,
        ...         embed_dim=16, decoder_embed_dim=8, decoder_depth=1,
        ...         decoder_num_heads=1),
        ...     head=dict(type='MixMIMPretrainHead', norm_pix=True)))
        >>> list(model.loss(torch.rand(2, 3, 32, 32), []))
        ['loss']
    """

    num_views: ClassVar[int | None] = 1
    loss_in_one_graph: ClassVar[bool] = False

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module | None = None,
        head: dict | nn.Module | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(head, dict) and isinstance(neck, dict):
            head = dict(head, patch_size=neck.get('encoder_stride', 32))
        super().__init__(backbone, neck, head, **kwargs)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The loss of all patches.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: Not used.
        """
        latent, mask = self.backbone(inputs)
        pred = self.neck(latent, mask)
        loss = self.head.loss(pred, inputs, mask)
        with torch.no_grad():
            found = self.head.unmix(pred, mask)[: self.num_shown]
            images = inputs[: self.num_shown]
            rows = inputs.shape[2] // self.head.patch_size
            hidden = mask.view(1, 1, rows, -1)
            self.show(images, self.head.reconstruct(found, images), hidden)
        return dict(loss=loss)
