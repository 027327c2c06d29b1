"""CLIP's features of an image, and its attention."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ...errors import DataError
from ...given import is_url
from ...registry import MODELS
from ...saved import download, read_saved
from ..layers import QuickGELU

__all__ = ['CLIPGenerator']


class ResidualAttentionBlock(nn.Module):
    """A layer of CLIP, with the names of its checkpoint.

    Args:
        width: Width of the tokens.
        heads: Attention heads.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_1 = nn.LayerNorm(width)
        steps: OrderedDict[str, nn.Module] = OrderedDict()
        steps['c_fc'] = nn.Linear(width, width * 4)
        steps['gelu'] = QuickGELU()
        steps['c_proj'] = nn.Linear(width * 4, width)
        self.mlp = nn.Sequential(steps)
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor, look: bool = False) -> tuple[Tensor, Tensor | None]:
        """The tokens, and the mean attention of the heads if ``look`` is set."""
        y = self.ln_1(x)
        out, attention = self.attn(y, y, y, need_weights=look)
        x = x + out
        return x + self.mlp(self.ln_2(x)), attention


class CLIPVision(nn.Module):
    """The vision transformer of CLIP, with the names of its checkpoint.

    Args:
        grid: Rows, and columns, of patches.
        patch_size: Pixels of a side of a patch.
        width: Width of the tokens.
        layers: Number of layers.
        heads: Attention heads.
        output_dim: Width of the features.

    Shape:
        x: ``(B, 3, H, W)``; returns ``(B, 1 + L, output_dim)`` and the attention of
            the last layer ``(B, 1 + L, 1 + L)``.
    """

    def __init__(
        self,
        grid: int,
        patch_size: int,
        width: int,
        layers: int,
        heads: int,
        output_dim: int,
    ) -> None:
        super().__init__()
        self.side = grid * patch_size
        self.class_embedding = nn.Parameter(torch.randn(width) * width**-0.5)
        positions = torch.randn(grid**2 + 1, width) * width**-0.5
        self.positional_embedding = nn.Parameter(positions)
        self.proj = nn.Parameter(torch.randn(width, output_dim) * width**-0.5)
        self.conv1 = nn.Conv2d(3, width, patch_size, patch_size, bias=False)
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList(
            ResidualAttentionBlock(width, heads) for _ in range(layers)
        )
        self.ln_post = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The features of all tokens, and the attention of the last layer."""
        if x.shape[2:] != (self.side, self.side):
            raise DataError(
                f'this CLIP takes images of {self.side} x {self.side} pixels, got '
                f'{tuple(x.shape[2:])}; resize them in the pipeline'
            )
        patches = self.conv1(x.to(self.conv1.weight.dtype)).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(len(x), 1, -1)
        x = torch.cat((first, patches), dim=1) + self.positional_embedding
        x = self.ln_pre(x)
        *blocks, last = self.transformer.resblocks
        for block in blocks:
            x, _ = block(x)
        x, attention = last(x, look=True)
        return self.ln_post(x) @ self.proj, attention


@MODELS.register_module()
class CLIPGenerator(nn.Module):
    """The target of MILAN, EVA and iTPN: features of CLIP.

    Paper: Learning Transferable Visual Models From Natural Language Supervision, ICML
    2021, https://arxiv.org/abs/2103.00020

    Args:
        tokenizer_path: Checkpoint of CLIP, a file or an address; its sizes are those
            of the network. Only what sees images is taken.
        arch: Sizes of a network that starts at random, in place of a checkpoint: a
            dict with the keys ``grid``, ``patch_size``, ``width``, ``layers``,
            ``heads`` and ``output_dim``.

    Shape:
        x: ``(B, 3, H, W)``, of the size that CLIP was made for.
        returns: the features of the class token and all patches
            ``(B, 1 + L, output_dim)``; and the attention of the last layer, the mean
            of its heads ``(B, 1 + L, 1 + L)``.

    Raises:
        ValueError: if neither or both of the arguments are given.
        DataError: if the file is not a checkpoint of CLIP's vision transformer.
        CheckpointError: if it cannot be downloaded or read.

    Example:
        >>> arch = dict(grid=2, patch_size=8, width=16, layers=1, heads=2,
        ...             output_dim=4)
        >>> target, attention = CLIPGenerator(arch=arch)(torch.rand(1, 3, 16, 16))
        >>> target.shape, attention.shape
        (torch.Size([1, 5, 4]), torch.Size([1, 5, 5]))
    """

    def __init__(
        self, tokenizer_path: str | None = None, arch: dict | None = None
    ) -> None:
        super().__init__()
        if (tokenizer_path is None) == (arch is None):
            raise ValueError('give one of tokenizer_path and arch')
        self.tokenizer_path = tokenizer_path
        self.tokenizer = nn.Module()
        if arch is not None:
            self.tokenizer.visual = CLIPVision(**arch)
        else:
            self.tokenizer.visual = _from_checkpoint(tokenizer_path)
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> CLIPGenerator:
        """Stay in evaluation mode: a target is the same whenever it is made."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The features, and the attention."""
        return self.tokenizer.visual(x)


def _from_checkpoint(path: str) -> CLIPVision:
    file = download(path) if is_url(path) else Path(path)
    loaded = read_saved(file)
    state = loaded.get('state_dict', loaded) if isinstance(loaded, Mapping) else None
    if not isinstance(state, Mapping) or 'visual.proj' not in state:
        raise DataError(
            f'{path} is not a checkpoint of CLIP with a vision transformer: it has no '
            "entry 'visual.proj'"
        )
    own = {
        key.removeprefix('visual.'): value.float()
        for key, value in state.items()
        if key.startswith('visual.')
    }
    width, output_dim = own['proj'].shape
    layers = {k.split('.')[2] for k in own if k.startswith('transformer.resblocks.')}
    vision = CLIPVision(
        grid=round((len(own['positional_embedding']) - 1) ** 0.5),
        patch_size=own['conv1.weight'].shape[-1],
        width=width,
        layers=len(layers),
        heads=max(1, width // 64),
        output_dim=output_dim,
    )
    vision.load_state_dict(own)
    return vision
