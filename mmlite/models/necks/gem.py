"""Generalized-mean pooling."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...errors import check_at_least
from ...ops import at_least_float32
from ...registry import MODELS
from ...structures import FeatureSpec


def generalized_mean(
    x: Tensor, p: Tensor | float, eps: float = 1e-6, clamp: bool = True
) -> Tensor:
    """The ``p``-th root of the mean of ``p``-th powers over all places.

    Args:
        x: Feature map.
        p: Exponent; 1 gives the average, a large one nearly the maximum.
        eps: Smallest value that counts.
        clamp: Whether smaller values are raised to ``eps``.

    Shape:
        x: ``(B, C, H, W)``; returns: ``(B, C)``.

    Example:
        >>> generalized_mean(torch.tensor([[[[3.0, 4.0]]]]), 2.0)  # sqrt(12.5)
        tensor([[3.5355]])
    """
    x = x.clamp(min=eps) if clamp else x
    powers = at_least_float32(x).pow(p).mean(dim=(-2, -1))
    return powers.pow(1 / p).to(x.dtype)


@MODELS.register_module()
class GeneralizedMeanPooling(nn.Module):
    """Pool each feature map by its generalized mean, with a learnt exponent.

    Paper: Fine-tuning CNN Image Retrieval with No Human Annotation, TPAMI 2018,
    https://arxiv.org/abs/1711.02512

    Args:
        p: Initial exponent, at least 1.
        eps: Least value that enters the mean.
        clamp: Whether smaller values are raised to ``eps``.
        p_trainable: Whether the exponent is learnt.

    Shape:
        inputs: ``(B, C, H, W)``, or a tuple of such.
        returns: ``(B, C)``, or a tuple of such.

    Raises:
        ValueError: if ``p`` is less than 1.

    Example:
        >>> neck = GeneralizedMeanPooling(p=1.0)
        >>> neck((torch.ones(2, 8, 7, 7), ))[0].shape
        torch.Size([2, 8])
    """

    def __init__(
        self,
        p: float = 3.0,
        eps: float = 1e-6,
        clamp: bool = True,
        p_trainable: bool = True,
    ) -> None:
        super().__init__()
        check_at_least(1, p=p)
        self.p = nn.Parameter(torch.full((1,), float(p)), requires_grad=p_trainable)
        self.eps = eps
        self.clamp = clamp

    def output_specs(self, specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
        """The specs of the outputs: vectors of the same widths."""
        return tuple(FeatureSpec(spec.channels) for spec in specs)

    def forward(
        self, inputs: Tensor | tuple[Tensor, ...]
    ) -> Tensor | tuple[Tensor, ...]:
        """Pool one map, or each of several."""
        if isinstance(inputs, Tensor):
            return generalized_mean(inputs, self.p, self.eps, self.clamp)
        return tuple(self(x) for x in inputs)
