"""SE-ResNeXt."""

from __future__ import annotations

from typing import ClassVar

from ...registry import MODELS
from .resnext import GroupedResNet, ResNeXtBottleneck
from .seresnet import SEBottleneck, SEResNet

__all__ = ['SEResNeXt', 'SEResNeXtBottleneck']


class SEResNeXtBottleneck(SEBottleneck, ResNeXtBottleneck):
    """A grouped bottleneck whose output channels are weighed.

    Arguments are those of ``ResNeXtBottleneck``, and ``se_ratio``.
    """


@MODELS.register_module()
class SEResNeXt(GroupedResNet, SEResNet):
    """ResNeXt with squeeze-and-excitation in every block.

    Paper: Squeeze-and-Excitation Networks, CVPR 2018,
    https://arxiv.org/abs/1709.01507

    As in mmpretrain, se_ratio has no effect: it is 16.

    Args:
        depth: 50, 101 or 152.
        groups: Channel groups of the 3x3 convolutions.
        width_per_group: Channels of a group in the first stage.
        kwargs: Other arguments of :class:`SEResNet`.

    Example:
        >>> model = MODELS.build(dict(type='SEResNeXt', depth=50))
        >>> model.layer1[0].conv2.groups
        32
    """

    arch_settings: ClassVar[dict] = {
        50: (SEResNeXtBottleneck, (3, 4, 6, 3)),
        101: (SEResNeXtBottleneck, (3, 4, 23, 3)),
        152: (SEResNeXtBottleneck, (3, 8, 36, 3)),
    }
