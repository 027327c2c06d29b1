import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmlite.models.backbones import VisionTransformer
from mmlite.models.layers import build_2d_sincos_position_embedding
from mmlite.models.selfsup import BaseSelfSupvisor
from mmlite.registry import MODELS


@MODELS.register_module()
class MyMAEViT(VisionTransformer):
    """Vision Transformer for MAE pre-training."""

    def __init__(self, mask_ratio: float = 0.75, **kwargs) -> None:
        super().__init__(**kwargs)
        # position embedding is not learnable during pretraining
        self.pos_embed.requires_grad = False
        self.mask_ratio = mask_ratio
        self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]

    def init_weights(self) -> None:
        """Initialize position embedding, patch embedding and cls token."""
        super().init_weights()
        pos_embed = build_2d_sincos_position_embedding(
            self.patch_resolution, self.embed_dims, cls_token=True
        )
        self.pos_embed.data.copy_(pos_embed)

    def random_masking(
        self, x: Tensor, mask_ratio: float = 0.75
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Generate the mask for MAE Pre-training."""
        batch, length, width = x.shape
        kept = int(length * (1 - mask_ratio))
        order = torch.rand(batch, length, device=x.device).argsort(dim=1)
        ids_restore = order.argsort(dim=1)
        index = order[:, :kept, None].expand(-1, -1, width)
        mask = (ids_restore >= kept).float()
        return x.gather(1, index), mask, ids_restore

    def forward(self, x: Tensor, mask: bool | None = True):
        """Generate features for masked images."""
        if not mask:
            return super().forward(x)
        x = self.patch_embed(x)[0] + self.pos_embed[:, 1:, :]
        x, mask, ids_restore = self.random_masking(x, self.mask_ratio)
        cls_token = self.cls_token + self.pos_embed[:, :1, :]
        x = torch.cat((cls_token.expand(x.shape[0], -1, -1), x), dim=1)
        for layer in self.layers:
            x = layer(x)
        return self.norm1(x), mask, ids_restore


@MODELS.register_module()
class MyMAEPretrainHead(BaseModule):
    """Head for MAE Pre-training."""

    def __init__(
        self, loss: dict, norm_pix: bool = False, patch_size: int = 16
    ) -> None:
        super().__init__()
        self.norm_pix = norm_pix
        self.patch_size = patch_size
        self.loss_module = MODELS.build(loss)

    def patchify(self, imgs: Tensor) -> Tensor:
        """Split images into non-overlapped patches."""
        p = self.patch_size
        h = w = imgs.shape[2] // p
        x = imgs.reshape(shape=(imgs.shape[0], 3, h, p, w, p))
        x = torch.einsum('nchpwq->nhwpqc', x)
        return x.reshape(shape=(imgs.shape[0], h * w, p**2 * 3))

    def construct_target(self, target: Tensor) -> Tensor:
        """Construct the reconstruction target."""
        target = self.patchify(target)
        if self.norm_pix:
            mean = target.mean(dim=-1, keepdim=True)
            var = target.var(dim=-1, keepdim=True)
            target = (target - mean) / (var + 1.0e-6) ** 0.5
        return target

    def loss(self, pred: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Generate loss."""
        return self.loss_module(pred, self.construct_target(target), mask)


@MODELS.register_module()
class NewAlgorithm(BaseSelfSupvisor):
    def __init__(self, backbone, neck=None, head=None, init_cfg=None):
        super().__init__(backbone, neck, head, init_cfg=init_cfg)

    # ``extract_feat`` is defined in BaseSelfSupvisor; overwrite it if needed
    def extract_feat(self, inputs, **kwargs):
        return self.backbone(inputs, mask=None)

    # the core function to compute the loss
    def loss(self, inputs, data_samples, **kwargs):
        latent, mask, ids_restore = self.backbone(inputs)
        pred = self.neck(latent, ids_restore)
        return dict(loss=self.head.loss(pred, inputs, mask))
