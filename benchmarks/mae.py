"""G7: pre-training of MAE, over bare loops of mmlite's network and of timm's blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import bare_losses
import torch
from bare import Loop
from protocol import Goal, Line, speed
from recipes import (
    IMAGENET,
    Ready,
    fast,
    fused,
    on_device,
    ready_runner,
    take_turns_with,
)
from session import ROOT, Session, optional
from torch import Tensor, nn
from turns import steps_of

from mmlite.config import load_config

_OPTIMIZER = dict(type='AdamW', lr=1.5e-4, betas=(0.9, 0.95), weight_decay=0.05)


class PlainMAE(nn.Module):
    """MAE of blocks of any library, put together as in the code of its authors.

    Paper: Masked Autoencoders Are Scalable Vision Learners, CVPR 2022,
    https://arxiv.org/abs/2111.06377

    Args:
        block: Makes a block of a width and a number of heads.
        width: Of the tokens of the encoder.
        depth: Its blocks.
        heads: Attention heads of each.
        decoder: The same three of the decoder.
        side: Pixels of a side of an image.
        patch: Pixels of a side of a patch.
        kept: Share of the patches that the encoder sees.

    Shape:
        images: ``(B, 3, side, side)``; returns: what is predicted of the patches
        ``(B, L, patch * patch * 3)``, and ``(B, L)``, 1 where one was hidden.
    """

    def __init__(
        self,
        block: Callable[[int, int], nn.Module],
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        decoder: tuple[int, int, int] = (512, 8, 16),
        side: int = 224,
        patch: int = 16,
        kept: float = 0.25,
    ) -> None:
        super().__init__()
        self.count = (side // patch) ** 2
        self.kept = int(self.count * kept)
        self.embed = nn.Conv2d(3, width, patch, patch)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.blocks = nn.Sequential(*(block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        own, own_depth, own_heads = decoder
        self.to_decoder = nn.Linear(width, own)
        self.mask_token = nn.Parameter(torch.randn(1, 1, own) * 0.02)
        blocks = (block(own, own_heads) for _ in range(own_depth))
        self.decoder = nn.Sequential(*blocks, nn.LayerNorm(own, eps=1e-6))
        self.to_pixels = nn.Linear(own, patch * patch * 3)
        # Fixed; sines and cosines cost what these do.
        self.register_buffer('places', torch.randn(1, 1 + self.count, width) * 0.02)
        shape = 1, 1 + self.count, own
        self.register_buffer('decoder_places', torch.randn(shape) * 0.02)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Hide patches, encode the others, and predict all."""
        x = self.embed(images).flatten(2).transpose(1, 2) + self.places[:, 1:]
        order = torch.rand(x.shape[:2], device=x.device).argsort(dim=1)
        restore = order.argsort(dim=1)
        seen = x.gather(1, order[:, : self.kept, None].expand(-1, -1, x.shape[2]))
        token = (self.cls_token + self.places[:, :1]).expand(len(x), -1, -1)
        latent = self.norm(self.blocks(torch.cat([token, seen], dim=1)))

        y = self.to_decoder(latent)
        masks = self.mask_token.expand(len(y), self.count - self.kept, -1)
        tokens = torch.cat([y[:, 1:], masks.to(y.dtype)], dim=1)
        tokens = tokens.gather(1, restore[..., None].expand(-1, -1, y.shape[2]))
        whole = torch.cat([y[:, :1], tokens], dim=1) + self.decoder_places
        predicted = self.to_pixels(self.decoder(whole)[:, 1:])
        return predicted, (restore >= self.kept).float()


def plain_loss(net: PlainMAE, model: nn.Module) -> bare_losses.Loss:
    """The loss of it; images are normalised as those of mmlite's model."""
    normalized, patch = bare_losses.normalizer(model), net.embed.kernel_size[0]

    def loss(images: Tensor) -> Tensor:
        images = normalized(images)
        predicted, hidden = net(images)
        return bare_losses.hidden_pixels(predicted, images, hidden, patch)

    return loss


def _model(session: Session) -> dict[str, Any]:
    cfg = load_config(ROOT / 'configs/_base_/models/mae_vit-base-p16.py').model
    cfg.data_preprocessor = dict(IMAGENET)
    if session.tiny:
        width = dict(embed_dims=16, num_layers=1, num_heads=2, feedforward_channels=64)
        cfg.backbone.update(arch=width, img_size=32)
        cfg.neck.update(num_patches=4, embed_dim=16, decoder_embed_dim=16)
        cfg.neck.update(decoder_depth=1, decoder_num_heads=2)
    return cfg


def timm_mae(session: Session) -> PlainMAE | None:
    """MAE of timm's blocks; None where there is no timm."""
    if optional('timm') is None:
        return None
    from timm.models.vision_transformer import Block

    norm = partial(nn.LayerNorm, eps=1e-6)
    block = partial(Block, mlp_ratio=4, qkv_bias=True, norm_layer=norm)
    tiny = dict(width=16, depth=1, heads=2, decoder=(16, 1, 2), side=32)
    return PlainMAE(block, **session.size({}, tiny))


def mae(session: Session) -> Iterator[Line]:
    """G7: MAE of ViT-B/16 at 224x224, batches that lie on the GPU."""
    ready = Ready(session.size(256, 2), session.size(224, 32))
    segment = session.size(10, 2)
    steps = (session.rounds + session.warmup) * segment
    runner = ready_runner(
        session, _model(session), _OPTIMIZER, ready.loader(steps), channels_last=False
    )
    model = on_device(runner.model, channels_last=False).train()

    def side(net: nn.Module, loss: bare_losses.Loss) -> Callable[[], float]:
        learned = [p for p in net.parameters() if p.requires_grad]
        loop = Loop(loss, fused(_OPTIMIZER, learned), **fast({}))
        return steps_of(lambda: loop.step(ready.images), segment)

    others = dict(bare=side(model, bare_losses.mae(model)))
    theirs = timm_mae(session)
    if theirs is not None:
        theirs = on_device(theirs, channels_last=False)
        others['timm'] = side(theirs, plain_loss(theirs, model))
    taken = take_turns_with(session, runner, others, segment)
    what = f'MAE of ViT-B/16, batch {ready.batch_size}: img/s, over'
    for name, other, goal in (
        ('bare', 'a bare loop', Goal('>=', 0.95)),
        ('timm', 'blocks of timm', Goal('>=', 1.1)),
    ):
        if name not in others:
            yield Line('G7', f'{what} {other}', goal, note='timm absent')
            continue
        yield speed('G7', f'{what} {other}', goal, taken, name, ready.batch_size)
