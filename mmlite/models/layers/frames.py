"""From layers of images to layers of sequences, and over their frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ['PackSequenceWrapper', 'SetBlockWrapper', 'each_sequence', 'lengths_of']


def lengths_of(lengths: Tensor | Sequence[int] | None) -> list[int] | None:
    """The lengths of concatenated sequences, as plain numbers.

    Example:
        >>> lengths_of(torch.tensor([[4, 2]])), lengths_of(None)
        ([4, 2], None)
    """
    if lengths is None:
        return None
    return torch.as_tensor(lengths).flatten().tolist()


def each_sequence(
    layer: Callable[[Tensor], Tensor],
    x: Tensor,
    lengths: Tensor | Sequence[int] | None,
    dim: int = 2,
) -> Tensor:
    """What a layer gives that looks at several frames, but never at two sequences.

    Args:
        layer: The layer.
        x: Sequences of one length ``(B, C, S, *)``, or of several, concatenated, ``(1,
            C, sum of S, *)``.
        lengths: The lengths of the latter; None for the former.
        dim: The dimension of the frames.

    Example:
        >>> x = torch.tensor([[[1.0, 2.0, 3.0]]])
        >>> each_sequence(lambda part: part.cumsum(2), x, [2, 1])
        tensor([[[1., 3., 3.]]])
    """
    sizes = lengths_of(lengths)
    if sizes is None:
        return layer(x)
    return torch.cat([layer(part) for part in x.split(sizes, dim)], dim)


class SetBlockWrapper(nn.Module):
    """Calls a module of images on each frame; its parameters get a prefix.

    Paper: GaitSet: Regarding Gait as a Set for Cross-View Gait Recognition, AAAI 2019,
    https://arxiv.org/abs/1811.06186

    Args:
        forward_block: Takes and gives ``(B, C, H, W)``. Of a tuple, as backbones give
            it, the last entry is taken.

    Raises:
        ValueError: if it is no module that can be called.

    Shape:
        x: ``(B, C, S, H, W)``.
        returns: ``(B, C', S, H', W')``.

    Example:
        >>> pool = SetBlockWrapper(nn.MaxPool2d(2))
        >>> pool(torch.zeros(2, 3, 5, 8, 6)).shape
        torch.Size([2, 3, 5, 4, 3])
    """

    def __init__(self, forward_block: nn.Module) -> None:
        super().__init__()
        kind = type(forward_block)
        if not callable(forward_block) or issubclass(kind, nn.ModuleList):
            raise ValueError(f'one module is called on each frame, got {kind.__name__}')
        self.forward_block = forward_block

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """The module on all frames at once."""
        batch, channels, frames, *size = x.shape
        folded = x.transpose(1, 2).reshape(batch * frames, channels, *size)
        out = self.forward_block(folded, *args, **kwargs)
        if isinstance(out, (tuple, list)):
            out = out[-1]
        return out.reshape(batch, frames, *out.shape[1:]).transpose(1, 2)


class PackSequenceWrapper(nn.Module):
    """Pools over the frames of sequences, whether they are of one length or not.

    Args:
        pooling_func: From frames to one value; e.g. ``torch.max``, or a module, whose
            parameters get a prefix.

    Shape:
        seqs: ``(B, C, S, *)``, or ``(1, C, sum of S, *)`` of several lengths.
        seqL: None, or the lengths, ``(1, B)``; on a GPU they are waited for.
        returns: What ``pooling_func`` gives, for ``B`` sequences.

    Example:
        >>> pool = PackSequenceWrapper(torch.max)
        >>> packed = torch.tensor([[[1.0, 5.0, 2.0]]])
        >>> pool(packed, torch.tensor([[2, 1]]), options=dict(dim=2))[0].flatten()
        tensor([5., 2.])
    """

    def __init__(self, pooling_func: Callable) -> None:
        super().__init__()
        self.pooling_func = pooling_func

    def forward(
        self,
        seqs: Tensor,
        seqL: Tensor | Sequence[int] | None = None,  # noqa: N803
        dim: int = 2,
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        """Pool each sequence; ``options`` are further arguments of the function."""
        options = options or {}
        sizes = lengths_of(seqL)
        if sizes is None:
            return self.pooling_func(seqs, **options)
        found = [self.pooling_func(part, **options) for part in seqs.split(sizes, dim)]
        if isinstance(found[0], (tuple, list)):
            return [torch.cat(parts) for parts in zip(*found, strict=True)]
        return torch.cat(found)
