from torch import Tensor, nn

from mmlite.models.backbones import ResNet
from mmlite.models.layers import build_conv_layer, build_norm_layer
from mmlite.registry import MODELS


@MODELS.register_module()
class MyResNet_CIFAR(ResNet):
    """ResNet for images of 32x32 pixels.

    The stem is one 3x3 convolution of stride 1 instead of a 7x7 convolution of
    stride 2 and a max-pooling, so that the blocks see the whole resolution.

    Args:
        depth: Network depth: 18, 34, 50, 101 or 152.
        deep_stem: There is no deep stem for images of this size.
        **kwargs: See :class:`mmlite.models.backbones.ResNet`.
    """

    def __init__(self, depth: int, deep_stem: bool = False, **kwargs) -> None:
        if deep_stem:
            raise ValueError('deep_stem is not supported; leave it away')
        super().__init__(depth, deep_stem=deep_stem, **kwargs)

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        self.conv1 = build_conv_layer(
            self.conv_cfg,
            in_channels,
            stem_channels,
            kernel_size=3,
            stride=1,
            padding=1,
            bias=False,
        )
        self.norm1_name, norm1 = build_norm_layer(
            self.norm_cfg, stem_channels, postfix=1
        )
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.relu(self.norm1(self.conv1(x)))
        outs = []
        for i, name in enumerate(self.res_layers):
            x = getattr(self, name)(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)

    def init_weights(self) -> None:
        super().init_weights()
        # Weights that were loaded from a checkpoint stay as they are.
        if not self.is_pretrained:
            nn.init.kaiming_normal_(self.conv1.weight, nonlinearity='relu')
