"""VGG, DenseNet and ConvNeXt."""

from __future__ import annotations

from torch import Tensor

from ....structures.key_templates import Turned
from .tables import register

#: Convolutions of a stage of VGG by the number of layers.
_VGG = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def _vgg(counts: tuple[int, ...], norm: bool) -> str:
    """A line for each convolution; here one module holds it, its norm and its ReLU."""
    lines = []
    theirs = ours = 0
    for count in counts:
        for _ in range(count):
            lines.append(f'features.{theirs}.{{*}}  features.{ours}.conv.{{*}}')
            if norm:
                lines.append(f'features.{theirs + 1}.{{*}}  features.{ours}.bn.{{*}}')
            theirs += 3 if norm else 2
            ours += 1
        theirs, ours = theirs + 1, ours + 1  # pooling
    return '\n'.join(lines) + '\n'


_VGG_HEAD = """
pre_logits.fc1.{*}  classifier.0.{*}
pre_logits.fc2.{*}  classifier.3.{*}
head.fc.{*}         classifier.6.{*}
"""


def _as_matrix(kernel: Tensor) -> Tensor:
    return kernel.flatten(1) if kernel.dim() == 4 else kernel


def _as_kernel(matrix: Tensor) -> Tensor:
    """The 7 x 7 convolution that timm has for the first linear layer."""
    if matrix.dim() != 2:
        return matrix
    side = 7 if matrix.size(1) == 512 * 49 else 1
    return matrix.reshape(matrix.size(0), -1, side, side)


for _depth, _counts in _VGG.items():
    for _norm, _suffix in ((False, ''), (True, '-bn')):
        _table = _vgg(_counts, _norm)
        register(f'torchvision-vgg{_depth}{_suffix}', _table + 'classifier.{*}  =')
        register(
            f'timm-vgg{_depth}{_suffix}',
            _table + _VGG_HEAD,
            Turned('backbone.classifier.0.weight', _as_matrix, _as_kernel),
            Turned('backbone.classifier.3.weight', _as_matrix, _as_kernel),
        )

_DENSENET = """
features.conv0.{*}  stem.0.{*}
features.norm0.{*}  stem.1.{*}
features.denseblock{i+1}.denselayer{j+1}.norm{k}.{*}   stages.{i}.block.{j}.norm{k}.{*}
features.denseblock{i+1}.denselayer{j+1}.conv{k}.{*}   stages.{i}.block.{j}.conv{k}.{*}
features.denseblock{i+1}.denselayer{j+1}.norm.{k}.{*}  stages.{i}.block.{j}.norm{k}.{*}
features.denseblock{i+1}.denselayer{j+1}.conv.{k}.{*}  stages.{i}.block.{j}.conv{k}.{*}
features.norm5.{*}            transitions.3.0.{*}
features.transition{i+1}.{*}  transitions.{i}.{*}
classifier.{*}                head.fc.{*}
"""
register('torchvision-densenet', _DENSENET)
register('timm-densenet', _DENSENET)

register(
    'timm-convnext',
    """
stem.{*}                        downsample_layers.0.{*}
stages.{i}.downsample.{*}       downsample_layers.{i}.{*}
stages.{i}.blocks.{j}.conv_dw.{*}  stages.{i}.{j}.depthwise_conv.{*}
stages.{i}.blocks.{j}.mlp.fc1.{*}  stages.{i}.{j}.pointwise_conv1.{*}
stages.{i}.blocks.{j}.mlp.fc2.{*}  stages.{i}.{j}.pointwise_conv2.{*}
stages.{i}.blocks.{j}.mlp.grn.weight  stages.{i}.{j}.grn.gamma
stages.{i}.blocks.{j}.mlp.grn.bias    stages.{i}.{j}.grn.beta
stages.{i}.blocks.{j}.{*}       stages.{i}.{j}.{*}
head.norm.{*}                   norm3.{*}
norm_pre.{*}                    norm3.{*}
head.fc.{*}                     head.fc.{*}
""",
    *(
        Turned(
            f'backbone.stages.{{i}}.{{j}}.pointwise_conv{k}.weight',
            _as_matrix,
            lambda matrix: matrix,  # the large ones of timm have matrices
        )
        for k in (1, 2)
    ),
)


def _torchvision_convnext() -> str:
    lines = ['features.0.0.{*}  downsample_layers.0.0.{*}']
    lines.append('features.0.1.{*}  downsample_layers.0.1.{*}')
    for stage in range(4):
        theirs, ours = f'features.{2 * stage + 1}.{{j}}', f'stages.{stage}.{{j}}'
        lines += [
            f'{theirs}.block.0.{{*}}  {ours}.depthwise_conv.{{*}}',
            f'{theirs}.block.2.{{*}}  {ours}.norm.{{*}}',
            f'{theirs}.block.3.{{*}}  {ours}.pointwise_conv1.{{*}}',
            f'{theirs}.block.5.{{*}}  {ours}.pointwise_conv2.{{*}}',
            f'{theirs}.layer_scale    {ours}.gamma',
        ]
        if stage:
            lines.append(f'features.{2 * stage}.{{*}}  downsample_layers.{stage}.{{*}}')
    lines += ['classifier.0.{*}  norm3.{*}', 'classifier.2.{*}  head.fc.{*}']
    return '\n'.join(lines)


register(
    'torchvision-convnext',
    _torchvision_convnext(),
    Turned(
        'backbone.stages.{i}.{j}.gamma',
        lambda scale: scale.flatten(),
        lambda scale: scale[:, None, None],
    ),
)
