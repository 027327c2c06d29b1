"""From a map of a body to parts, from head to foot."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...errors import DataError
from ...ops import at_least_float32
from ...registry import MODELS
from ...structures import FeatureSpec

__all__ = ['GeMHPP', 'HorizontalPoolingPyramid']


class _StripPooling(nn.Module):
    """Base: cut a map into horizontal strips, and pool each.

    Override:
        pool: from the pixels of strips ``(B, C, P, N)`` to ``(B, C, P)``.
    """

    def __init__(self, bin_num: int | Sequence[int]) -> None:
        super().__init__()
        self.bin_num = (bin_num,) if isinstance(bin_num, int) else tuple(bin_num)
        if not self.bin_num or not all(
            isinstance(bins, int) and bins > 0 for bins in self.bin_num
        ):
            raise ValueError(
                f'bin_num has numbers of strips, each at least 1, got {bin_num!r}'
            )

    @abstractmethod
    def pool(self, strips: Tensor) -> Tensor:
        """One value of each strip."""

    @property
    def parts_num(self) -> int:
        """Number of parts ``P``."""
        return sum(self.bin_num)

    def output_specs(self, specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
        """The specs of the outputs: the same widths."""
        return tuple(specs)

    def forward(
        self, inputs: Tensor | tuple[Tensor, ...]
    ) -> Tensor | tuple[Tensor, ...]:
        """The parts of one map, or of each of several."""
        if isinstance(inputs, Tensor):
            return self._parts(inputs)
        return tuple(self._parts(x) for x in inputs)

    def _parts(self, x: Tensor) -> Tensor:
        height = x.size(2) if x.ndim == 4 else 0
        if not height or any(height % bins for bins in self.bin_num):
            raise DataError(
                f'{type(self).__name__}: bin_num={list(self.bin_num)} cuts a map '
                f'(B, C, H, W) whose height is a multiple of each, got '
                f'{tuple(x.shape)}; give frames of 64 rows, or set bin_num'
            )
        parts = [self.pool(x.unflatten(2, (b, -1)).flatten(3)) for b in self.bin_num]
        return torch.cat(parts, dim=2)

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        return f'bin_num={list(self.bin_num)}'


@MODELS.register_module()
class HorizontalPoolingPyramid(_StripPooling):
    """Mean plus maximum of each horizontal strip, at several scales.

    Paper: Horizontal Pyramid Matching for Person Re-identification, AAAI 2019,
    https://arxiv.org/abs/1804.05275; as in GaitSet, https://arxiv.org/abs/1811.06186

    Args:
        bin_num: Number of strips of each scale, in the order of the parts.

    Shape:
        inputs: ``(B, C, H, W)``, or a tuple of such.
        returns: ``(B, C, P)`` with as many parts as all strips, or a tuple of such.

    Raises:
        DataError: if the height is not a multiple of each number of strips.

    Example:
        >>> neck = MODELS.build(
        ...     dict(type='HorizontalPoolingPyramid', bin_num=[2, 1]))
        >>> neck(torch.tensor([[[[1.0, 3.0], [4.0, 4.0]]]]))
        tensor([[[5., 8., 7.]]])
    """

    def __init__(self, bin_num: int | Sequence[int] = (16, 8, 4, 2, 1)) -> None:
        super().__init__(bin_num)

    def pool(self, strips: Tensor) -> Tensor:
        """Mean plus maximum."""
        return strips.mean(dim=3) + strips.amax(dim=3)


@MODELS.register_module()
class GeMHPP(_StripPooling):
    """Generalised mean of each horizontal strip, with a power that is learned.

    Paper: Gait Recognition via Effective Global-Local Feature Representation and Local
    Temporal Aggregation, ICCV 2021, https://arxiv.org/abs/2011.01461 (section 3.5).

    Args:
        bin_num: Number of strips of each scale, in the order of the parts.
        p: Initial exponent of the mean.
        eps: Least value that enters the mean.

    Shape:
        inputs: ``(B, C, H, W)``, or a tuple of such.
        returns: ``(B, C, P)``, or a tuple of such.

    Raises:
        DataError: if the height is not a multiple of each number of strips.

    Example:
        >>> neck = MODELS.build(dict(type='GeMHPP', bin_num=[1], p=2.0))
        >>> neck(torch.tensor([[[[1.0, 7.0]]]]))
        tensor([[[5.]]], grad_fn=<CatBackward0>)
    """

    def __init__(
        self, bin_num: int | Sequence[int] = (64,), p: float = 6.5, eps: float = 1e-6
    ) -> None:
        super().__init__(bin_num)
        self.p = nn.Parameter(torch.ones(1) * p)
        self.eps = eps

    def pool(self, strips: Tensor) -> Tensor:
        """The generalised mean."""
        powers = at_least_float32(strips).clamp(min=self.eps).pow(self.p).mean(dim=3)
        return powers.pow(1 / self.p).to(strips.dtype)
