"""A codebook of unit vectors that follows the vectors that are looked up."""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce, broadcast
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ['NormEMAVectorQuantizer']


class EmbeddingEMA(nn.Module):
    """The entries of a codebook, and whether they have been started.

    Args:
        num_tokens: Number of entries.
        codebook_dim: Their width.
        kmeans_init: Whether they start as means of the first vectors; they are
            drawn otherwise.
    """

    def __init__(
        self, num_tokens: int, codebook_dim: int, kmeans_init: bool = True
    ) -> None:
        super().__init__()
        weight = torch.zeros(num_tokens, codebook_dim)
        if not kmeans_init:
            weight = F.normalize(torch.randn(num_tokens, codebook_dim), dim=-1)
        self.register_buffer('initted', torch.tensor([float(not kmeans_init)]))
        self.weight = nn.Parameter(weight, requires_grad=False)

    @torch.no_grad()
    def start(self, vectors: Tensor) -> None:
        """Set the entries to means of ``vectors``, unless that is done."""
        if bool(self.initted):
            return
        means = spherical_means(vectors, len(self.weight))
        broadcast(means)
        self.weight.copy_(means)
        self.initted.fill_(1.0)

    def forward(self, index: Tensor) -> Tensor:
        """The entries that ``index`` numbers."""
        return F.embedding(index, self.weight)


class NormEMAVectorQuantizer(nn.Module):
    """Replace vectors by the nearest entries of a codebook.

    In training the entries move towards the mean of what they replaced; in both modes
    it is counted how often each one is looked up.

    Paper: BEiT v2: Masked Image Modeling with Vector-Quantized Visual Tokenizers,
    https://arxiv.org/abs/2208.06366

    Args:
        num_embed: Number of entries.
        embed_dims: Their width.
        beta: Factor on the loss.
        decay: Share of the old value when an average is updated.
        kmeans_init: Whether the entries start as means of the first vectors.

    Shape:
        z: ``(B, H, W, embed_dims)``.
        returns: the entries, the same; the loss; the numbers of the entries
            ``(B * H * W, )``.
    """

    def __init__(
        self,
        num_embed: int,
        embed_dims: int,
        beta: float,
        decay: float = 0.99,
        kmeans_init: bool = True,
    ) -> None:
        super().__init__()
        self.num_tokens = num_embed
        self.beta = beta
        self.decay = decay
        self.embedding = EmbeddingEMA(num_embed, embed_dims, kmeans_init)
        self.register_buffer('cluster_size', torch.zeros(num_embed))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The nearest entries."""
        z = F.normalize(z, dim=-1)
        flat = z.flatten(0, -2)
        self.embedding.start(flat)
        weight = self.embedding.weight
        index = (weight.square().sum(dim=1) - 2 * flat @ weight.T).argmin(dim=1)
        entries = self.embedding(index).view_as(z)
        self._follow(flat.detach(), index)
        loss = self.beta * F.mse_loss(entries.detach(), z)
        # The gradient passes the choice as if it were not there.
        return z + (entries - z).detach(), loss, index

    @torch.no_grad()
    def _follow(self, flat: Tensor, index: Tensor) -> None:
        count = torch.bincount(index, minlength=self.num_tokens).to(flat.dtype)
        all_reduce(count)
        self.cluster_size.mul_(self.decay).add_(count, alpha=1 - self.decay)
        if not self.training:
            return
        weight = self.embedding.weight
        total = torch.zeros_like(weight).index_add_(0, index, flat)
        all_reduce(total)
        mean = F.normalize(total, dim=-1)
        mean = torch.where(count[:, None] > 0, mean, weight)
        moved = weight.mul(self.decay).add(mean, alpha=1 - self.decay)
        weight.copy_(F.normalize(moved, dim=-1))


def spherical_means(vectors: Tensor, count: int, rounds: int = 10) -> Tensor:
    """The directions of ``count`` groups of unit vectors, by k-means.

    Args:
        vectors: ``(N, D)`` of length 1.
        count: Number of groups.
        rounds: How often each vector is given to a group.

    Example:
        >>> spherical_means(torch.eye(2).repeat(4, 1), 1).shape
        torch.Size([1, 2])
    """
    number = len(vectors)
    if number >= count:
        start = torch.randperm(number, device=vectors.device)[:count]
    else:
        start = torch.randint(0, number, (count,), device=vectors.device)
    means = vectors[start]
    for _ in range(rounds):
        group = (vectors @ means.T).argmax(dim=1)
        total = torch.zeros_like(means).index_add_(0, group, vectors)
        empty = torch.bincount(group, minlength=count) == 0
        means = torch.where(empty[:, None], means, F.normalize(total, dim=-1))
    return means
