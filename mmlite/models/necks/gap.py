"""Global average pooling."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ...errors import DataError, check_choice
from ...registry import MODELS
from ...structures import FeatureSpec


@MODELS.register_module()
class GlobalAveragePooling(nn.Module):
    """Average each feature map over all its places.

    Args:
        dim: Number of spatial dimensions: 1, 2 or 3.

    Shape:
        inputs: ``(B, C, L)``, ``(B, C, H, W)`` or ``(B, C, S, H, W)`` by
        ``dim``, or a tuple of such.
        returns: ``(B, C)``, or a tuple of such.

    Raises:
        ValueError: if ``dim`` is not 1, 2 or 3.
        DataError: if a map has another number of dimensions.

    Example:
        >>> neck = GlobalAveragePooling()
        >>> [x.shape for x in neck((torch.rand(2, 8, 7, 7), torch.rand(2, 16, 4, 4)))]
        [torch.Size([2, 8]), torch.Size([2, 16])]
    """

    def __init__(self, dim: int = 2) -> None:
        super().__init__()
        check_choice((1, 2, 3), dim=dim)
        self.dim = dim

    def output_specs(self, specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
        """The specs of the outputs: vectors of the same widths."""
        return tuple(FeatureSpec(spec.channels) for spec in specs)

    def forward(
        self, inputs: Tensor | tuple[Tensor, ...]
    ) -> Tensor | tuple[Tensor, ...]:
        """Average one map, or each of several."""
        if isinstance(inputs, Tensor):
            return self._pool(inputs)
        return tuple(self._pool(x) for x in inputs)

    def _pool(self, x: Tensor) -> Tensor:
        if x.ndim != self.dim + 2:
            raise DataError(
                f'GlobalAveragePooling(dim={self.dim}) averages the last {self.dim} of '
                f'{self.dim + 2} dimensions, got {tuple(x.shape)}; set '
                'model.neck.dim, or model.neck=None if the backbone gives vectors'
            )
        return x.mean(dim=tuple(range(2, 2 + self.dim)))

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        return f'dim={self.dim}'
