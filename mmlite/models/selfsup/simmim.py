"""SimMIM."""

from __future__ import annotations

from torch import Tensor

from ...registry import MODELS
from ...structures import DataSample
from .masked import MaskedImageModel, masks_of

__all__ = ['SimMIM']


@MODELS.register_module()
class SimMIM(MaskedImageModel):
    """Predict the pixels of hidden patches with one layer.

    Paper: SimMIM: A Simple Framework for Masked Image Modeling, CVPR 2022,
    https://arxiv.org/abs/2111.09886

    Args:
        args, kwargs: Arguments of
            :class:`~mmlite.models.selfsup.BaseSelfSupervisor`: a backbone such as
            ``SimMIMSwinTransformer``, the neck ``SimMIMLinearDecoder``, the head
            ``SimMIMHead``.

    Shape:
        inputs: ``(B, C, H, W)``; every sample has a ``mask`` ``(rows, columns)``, 1
            where a patch is hidden, as ``SimMIMMaskGenerator`` draws it.

    Example:
        >>> import torch
        >>> arch = dict(embed_dims=8, depths=[1, 1], num_heads=[1, 2])
        >>> model = MODELS.build(dict(
        ...     type='SimMIM',
        ...     backbone=dict(
        ...         type='SimMIMSwinTransformer', arch=arch, img_size=32,
        ...         out_indices=(1, ), stage_cfgs=dict(
        ...             block_cfgs=dict(window_size=4))),
        ...     neck=dict(type='SimMIMLinearDecoder', in_channels=16,
        ...               encoder_stride=8),
        ...     head=dict(type='SimMIMHead', patch_size=4, loss=dict(
        ...         type='PixelReconstructionLoss', criterion='L1', channel=3))))
        >>> sample = DataSample()
        >>> sample.mask = torch.ones(8, 8)
        >>> list(model.loss(torch.rand(1, 3, 32, 32), [sample]))
        ['loss']
    """

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The loss of the hidden pixels.

        Args:
            inputs: Images, ``(B, C, H, W)``.
            data_samples: One sample per image, with ``mask``.
        """
        mask = masks_of(data_samples).to(inputs.device)
        pred = self.neck(self.backbone(inputs, mask)[0])
        loss = self.head.loss(pred, inputs, mask)
        self.show(inputs, pred, mask[:, None].float())
        return dict(loss=loss)
