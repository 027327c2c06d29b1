"""Start convolutions as the identity."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model.weight_init import BaseInit, update_init_info
from mmengine.registry import WEIGHT_INITIALIZERS as ROOT_INITIALIZERS
from torch import nn

from ...registry import WEIGHT_INITIALIZERS

__all__ = ['DiracInit', 'dirac_init']

_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def dirac_init(module: nn.Module) -> None:
    """Let a convolution pass its inputs on, and draw what other filters it has.

    The first filters, one for each input, are the identity; further ones are
    torch's random start, and the bias is 0. With ``groups`` that holds for each
    group.

    Example:
        >>> conv = nn.Conv2d(2, 3, kernel_size=3, padding=1)
        >>> dirac_init(conv)
        >>> x = torch.rand(1, 2, 4, 4)
        >>> torch.equal(conv(x)[:, :2], x)
        True
    """
    module.reset_parameters()
    for filters in module.weight.data.chunk(module.groups):
        nn.init.dirac_(filters[: filters.size(1)])
    if module.bias is not None:
        nn.init.zeros_(module.bias)


# mmengine looks into its own registry wherever no Runner has named another one.
@ROOT_INITIALIZERS.register_module(name='Dirac')
@WEIGHT_INITIALIZERS.register_module(name='Dirac')
class DiracInit(BaseInit):
    """Start convolutions as the identity, as far as their channels go.

    See :func:`dirac_init`. With it a network without residuals begins as the identity.

    Args:
        layer: Class names of the layers to initialise, e.g. ``'Conv2d'``; other
            layers than convolutions are left alone.

    Example:
        >>> conv = nn.Conv2d(1, 1, 3)
        >>> DiracInit(layer='Conv2d')(conv)
        >>> conv.weight[0, 0]
        tensor([[0., 0., 0.],
                [0., 1., 0.],
                [0., 0., 0.]], grad_fn=<SelectBackward0>)
    """

    def __init__(self, layer: str | Sequence[str] | None = None) -> None:
        super().__init__(layer=[*layer] if isinstance(layer, tuple) else layer)

    def __call__(self, module: nn.Module) -> None:
        """Initialise the layers of a module."""
        for part in module.modules():
            names = {cls.__name__ for cls in type(part).__mro__}
            if isinstance(part, _CONVS) and (self.wholemodule or names & {*self.layer}):
                dirac_init(part)
        if '_params_init_info' in vars(module):  # mmengine keeps account
            update_init_info(module, init_info=type(self).__name__)
