import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmlite.registry import MODELS


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
        if imgs.shape[2] != imgs.shape[3] or imgs.shape[2] % p:
            raise ValueError(f'images are square, of patches of {p} pixels')
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
