"""The tokenizer of BEiT v2."""

from __future__ import annotations

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...ops import full_precision
from ...registry import MODELS
from .vector_quantizer import NormEMAVectorQuantizer

__all__ = ['VQKD']


@MODELS.register_module()
class VQKD(BaseModule):
    """A network that gives a visual word for every patch.

    Paper: BEiT v2: Masked Image Modeling with Vector-Quantized Visual Tokenizers,
    https://arxiv.org/abs/2208.06366. Only what gives the words is here.

    Args:
        encoder_config: Config of the encoder, which gives a map; its type may be
            left out for ``BEiTViT``.
        decoder_config: Config of a decoder, which is built and not called.
        num_embed: Number of words.
        embed_dims: Width of an entry of the codebook.
        decay: Share of the old value when an entry of the codebook is updated.
        beta: Factor on the loss of the codebook.
        quantize_kmeans_init: Whether the codebook starts as means of the first
            vectors.
        init_cfg: Config of the initialisation, e.g. the published tokenizer.

    Shape:
        x: ``(B, 3, H, W)``; returns: ``(B, L)``, the number of a word each.

    Example:
        >>> arch = dict(
        ...     embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)
        >>> tokenize = VQKD(
        ...     dict(arch=arch, img_size=32, out_type='featmap'), num_embed=16,
        ...     embed_dims=4)
        >>> tokenize(torch.rand(1, 3, 32, 32)).shape
        torch.Size([1, 4])
    """

    def __init__(
        self,
        encoder_config: dict,
        decoder_config: dict | None = None,
        num_embed: int = 8192,
        embed_dims: int = 32,
        decay: float = 0.99,
        beta: float = 1.0,
        quantize_kmeans_init: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.encoder = MODELS.build(dict(dict(type='BEiTViT'), **encoder_config))
        if decoder_config is not None:
            self.decoder = MODELS.build(dict(dict(type='BEiTViT'), **decoder_config))
        self.quantize = NormEMAVectorQuantizer(
            num_embed, embed_dims, beta, decay, kmeans_init=quantize_kmeans_init
        )
        width = self.encoder.arch_settings['embed_dims']
        self.encode_task_layer = nn.Sequential(
            nn.Linear(width, width), nn.Tanh(), nn.Linear(width, embed_dims)
        )

    def get_tokens(self, x: Tensor) -> dict[str, Tensor]:
        """The words as ``token`` ``(B, L)``, and the images as ``input_img``."""
        _, index, _ = self.encode(x)
        return dict(token=index.view(len(x), -1), input_img=x)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The entries of the codebook, their numbers, and the loss.

        The entries are ``(B, embed_dims, rows, columns)``.
        """
        feats = self.encoder(x)[0].permute(0, 2, 3, 1)
        with full_precision(x.device):
            feats = feats.to(self.encode_task_layer[-1].weight.dtype)
            entries, loss, index = self.quantize(self.encode_task_layer(feats))
        return entries.permute(0, 3, 1, 2), index, loss

    def forward(self, x: Tensor) -> Tensor:
        """The words."""
        return self.get_tokens(x)['token']
