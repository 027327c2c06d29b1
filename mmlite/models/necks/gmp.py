"""Global max pooling."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from ...structures import FeatureSpec


@MODELS.register_module()
class GlobalMaxPooling(nn.Module):
    """Take the largest value of each feature map.

    Shape:
        inputs: ``(B, C, H, W)``, or a tuple of such.
        returns: ``(B, C)``, or a tuple of such.

    Raises:
        DataError: if a map has another number of dimensions.

    Example:
        >>> GlobalMaxPooling()(torch.tensor([[[[1., 7.], [3., 2.]]]]))
        tensor([[7.]])
    """

    def output_specs(self, specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
        """The specs of the outputs: vectors of the same widths."""
        return tuple(FeatureSpec(spec.channels) for spec in specs)

    def forward(
        self, inputs: Tensor | tuple[Tensor, ...]
    ) -> Tensor | tuple[Tensor, ...]:
        """Pool one map, or each of several."""
        if isinstance(inputs, Tensor):
            return _pool(inputs)
        return tuple(_pool(x) for x in inputs)


def _pool(x: Tensor) -> Tensor:
    if x.ndim != 4:
        raise DataError(
            f'GlobalMaxPooling takes maps (B, C, H, W), got {tuple(x.shape)}; set '
            'model.neck=None if the backbone gives vectors'
        )
    return x.amax(dim=(2, 3))
