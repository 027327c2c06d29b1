import torch
from torch import Tensor

from mmlite.models.backbones import VisionTransformer
from mmlite.models.layers import build_2d_sincos_position_embedding
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
