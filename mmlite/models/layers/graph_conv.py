"""Convolutions on the graph of nearest neighbours.

Paper: Vision GNN: An Image is Worth Graph of Nodes, NeurIPS 2022,
https://arxiv.org/abs/2206.00272
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import Sequential
from torch import Tensor, nn

from ...errors import check_choice
from .activation import build_activation_layer
from .norm import build_norm_layer

__all__ = ['GRAPH_CONVS', 'DyGraphConv2d', 'nearest_neighbours']


@torch.no_grad()
def nearest_neighbours(
    x: Tensor, y: Tensor, k: int, relative_pos: Tensor | None = None
) -> Tensor:
    """The nodes of y that are nearest to every node of x.

    Args:
        x: ``(B, C, N)``.
        y: ``(B, C, M)``.
        k: How many.
        relative_pos: ``(1, N, M)``, added to the squared distances.

    Returns:
        Indices ``(B, N, k)``, the nearest first.

    Example:
        >>> x = torch.tensor([[[0.0, 1.0, 5.0]]])
        >>> nearest_neighbours(x, x, 2)
        tensor([[[0, 1],
                 [1, 0],
                 [2, 1]]])
    """
    x, y = x.transpose(1, 2), y.transpose(1, 2)
    inner = -2 * (x @ y.transpose(1, 2))
    squares = (x * x).sum(-1, keepdim=True) + inner
    distance = squares + (y * y).sum(-1, keepdim=True).transpose(1, 2)
    if relative_pos is not None:
        distance = distance + relative_pos
    return (-distance).topk(k).indices


def _nodes(x: Tensor, index: Tensor) -> Tensor:
    """Nodes of ``(B, C, N)`` at ``(B, N', k)``: ``(B, C, N', k)``."""
    batch, channels, _ = x.shape
    flat = index.flatten(1)[:, None].expand(-1, channels, -1)
    return x.gather(2, flat).view(batch, channels, *index.shape[1:])


class BasicConv(Sequential):
    """A grouped convolution of nodes, a norm and an activation.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        act_cfg: Config of the activation; ``None`` has none.
        norm_cfg: Config of the norm; ``None`` has none.
        bias: Whether the convolution has one.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        act_cfg: dict | None,
        norm_cfg: dict | None = None,
        bias: bool = True,
    ) -> None:
        layers = [nn.Conv2d(in_channels, out_channels, 1, bias=bias, groups=4)]
        if norm_cfg is not None:
            layers.append(build_norm_layer(norm_cfg, out_channels)[1])
        if act_cfg is not None:
            layers.append(build_activation_layer(act_cfg))
        super().__init__(*layers)


class MRConv2d(nn.Module):
    """Max-relative graph convolution: the largest difference to a neighbour."""

    def __init__(self, in_channels: int, out_channels: int, *args: object) -> None:
        super().__init__()
        self.nn = BasicConv(in_channels * 2, out_channels, *args)

    def forward(self, x: Tensor, y: Tensor, index: Tensor) -> Tensor:
        """New nodes ``(B, C', N, 1)`` from x and its neighbours in y."""
        most = (_nodes(y, index) - x[..., None]).amax(-1)
        both = torch.stack((x, most), dim=2).flatten(1, 2)  # channels in turn
        return self.nn(both[..., None])


class EdgeConv2d(nn.Module):
    """Edge convolution: the largest of a network on nodes and their differences."""

    def __init__(self, in_channels: int, out_channels: int, *args: object) -> None:
        super().__init__()
        self.nn = BasicConv(in_channels * 2, out_channels, *args)

    def forward(self, x: Tensor, y: Tensor, index: Tensor) -> Tensor:
        """New nodes ``(B, C', N, 1)`` from x and its neighbours in y."""
        near = _nodes(y, index)
        centre = x[..., None].expand_as(near)
        return self.nn(torch.cat((centre, near - centre), dim=1)).amax(-1, True)


class GraphSAGE(nn.Module):
    """Nodes joined with the largest of a network on their neighbours."""

    def __init__(self, in_channels: int, out_channels: int, *args: object) -> None:
        super().__init__()
        self.nn1 = BasicConv(in_channels, in_channels, *args)
        self.nn2 = BasicConv(in_channels * 2, out_channels, *args)

    def forward(self, x: Tensor, y: Tensor, index: Tensor) -> Tensor:
        """New nodes ``(B, C', N, 1)`` from x and its neighbours in y."""
        most = self.nn1(_nodes(y, index)).amax(-1, True)
        return self.nn2(torch.cat((x[..., None], most), dim=1))


class GINConv2d(nn.Module):
    """Nodes plus the sum of their neighbours."""

    def __init__(self, in_channels: int, out_channels: int, *args: object) -> None:
        super().__init__()
        self.nn = BasicConv(in_channels, out_channels, *args)
        self.eps = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, y: Tensor, index: Tensor) -> Tensor:
        """New nodes ``(B, C', N, 1)`` from x and its neighbours in y."""
        total = _nodes(y, index).sum(-1, True)
        return self.nn((1 + self.eps) * x[..., None] + total)


GRAPH_CONVS = dict(edge=EdgeConv2d, mr=MRConv2d, sage=GraphSAGE, gin=GINConv2d)


class DyGraphConv2d(nn.Module):
    """A graph convolution whose neighbours are found by the features themselves.

    Args:
        in_channels: Channels of the map.
        out_channels: Channels of the output.
        k: Neighbours of a node.
        dilation: Every so many of the nearest is taken.
        graph_conv_type: ``'edge'``, ``'mr'``, ``'sage'`` or ``'gin'``.
        act_cfg: Config of the activation.
        norm_cfg: Config of the norm.
        graph_conv_bias: Whether the convolutions have a bias.
        use_stochastic: Whether neighbours are drawn at times, in training.
        epsilon: How often, a fraction.
        r: The neighbours are those of a map that is smaller by this factor.

    Shape:
        x: ``(B, C, H, W)``; returns ``(B, out_channels, H, W)``.

    Raises:
        ValueError: if graph_conv_type is unknown.

    Example:
        >>> DyGraphConv2d(8, 16, k=3)(torch.rand(1, 8, 4, 5)).shape
        torch.Size([1, 16, 4, 5])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        k: int = 9,
        dilation: int = 1,
        graph_conv_type: str = 'mr',
        act_cfg: dict | None = None,
        norm_cfg: dict | None = None,
        graph_conv_bias: bool = True,
        use_stochastic: bool = False,
        epsilon: float = 0.2,
        r: int = 1,
    ) -> None:
        super().__init__()
        check_choice(GRAPH_CONVS, graph_conv_type=graph_conv_type)
        self.gconv = GRAPH_CONVS[graph_conv_type](
            in_channels, out_channels, act_cfg, norm_cfg, graph_conv_bias
        )
        self.k, self.dilation, self.r = k, dilation, r
        self.use_stochastic, self.epsilon = use_stochastic, epsilon

    def forward(self, x: Tensor, relative_pos: Tensor | None = None) -> Tensor:
        """The convolution of the map x."""
        size = x.shape[2:]
        y = F.avg_pool2d(x, self.r, self.r) if self.r > 1 else x
        x, y = x.flatten(2), y.flatten(2)
        index = nearest_neighbours(
            F.normalize(x, dim=1),
            F.normalize(y, dim=1),
            self.k * self.dilation,
            relative_pos,
        )
        return self.gconv(x, y, self._taken(index)).view(x.shape[0], -1, *size)

    def _taken(self, index: Tensor) -> Tensor:
        if self.use_stochastic and self.training and torch.rand(1) < self.epsilon:
            drawn = torch.randperm(self.k * self.dilation)[: self.k]
            return index[..., drawn.to(index.device)]
        return index[..., :: self.dilation]
