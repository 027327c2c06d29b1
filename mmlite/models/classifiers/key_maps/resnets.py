"""ResNet and its relatives."""

from __future__ import annotations

from .tables import register

_HEAD = 'fc.{*}  head.fc.{*}'
_PLAIN = """
conv1.{*}      =
bn1.{*}        =
layer{i}.{*}   =
"""
_DEEP_STEM = """
conv1.0.{*}  stem.0.conv.{*}
conv1.1.{*}  stem.0.bn.{*}
conv1.3.{*}  stem.1.conv.{*}
conv1.4.{*}  stem.1.bn.{*}
conv1.6.{*}  stem.2.conv.{*}
bn1.{*}      stem.2.bn.{*}
"""
#: The pooling of the first stage, which has nothing to do, is left out here.
_AVERAGED = """
layer1.0.downsample.1.{*}  layer1.0.downsample.0.{*}
layer1.0.downsample.2.{*}  layer1.0.downsample.1.{*}
"""
_SQUEEZE = """
layer{i}.{j}.se.fc1.{*}         layer{i}.{j}.se_layer.conv1.conv.{*}
layer{i}.{j}.se.fc2.{*}         layer{i}.{j}.se_layer.conv2.conv.{*}
layer{i}.{j}.se_module.fc1.{*}  layer{i}.{j}.se_layer.conv1.conv.{*}
layer{i}.{j}.se_module.fc2.{*}  layer{i}.{j}.se_layer.conv2.conv.{*}
"""

register('torchvision-resnet', _PLAIN + _HEAD)
register('timm-resnet', _SQUEEZE + _PLAIN + _HEAD)
register('timm-resnet-d', _DEEP_STEM + _AVERAGED + _SQUEEZE + _PLAIN + _HEAD)
register(
    'timm-seresnet-legacy',
    'layer0.{*}  {*}\n' + _SQUEEZE + _PLAIN + 'last_linear.{*}  head.fc.{*}',
)

register(
    'torchvision-regnet',
    """
stem.0.{*}  conv1.{*}
stem.1.{*}  bn1.{*}
trunk_output.block{i}.block{i}-{j}.proj.{*}  layer{i}.{j}.downsample.{*}
trunk_output.block{i}.block{i}-{j}.f.a.0.{*}  layer{i}.{j}.conv1.{*}
trunk_output.block{i}.block{i}-{j}.f.a.1.{*}  layer{i}.{j}.bn1.{*}
trunk_output.block{i}.block{i}-{j}.f.b.0.{*}  layer{i}.{j}.conv2.{*}
trunk_output.block{i}.block{i}-{j}.f.b.1.{*}  layer{i}.{j}.bn2.{*}
trunk_output.block{i}.block{i}-{j}.f.c.0.{*}  layer{i}.{j}.conv3.{*}
trunk_output.block{i}.block{i}-{j}.f.c.1.{*}  layer{i}.{j}.bn3.{*}
"""
    + _HEAD,
)
register(
    'timm-regnet',
    """
stem.conv.{*}  conv1.{*}
stem.bn.{*}    bn1.{*}
s{i}.b{j+1}.conv{k}.conv.{*}     layer{i}.{j}.conv{k}.{*}
s{i}.b{j+1}.conv{k}.bn.{*}       layer{i}.{j}.bn{k}.{*}
s{i}.b{j+1}.downsample.conv.{*}  layer{i}.{j}.downsample.0.{*}
s{i}.b{j+1}.downsample.bn.{*}    layer{i}.{j}.downsample.1.{*}
head.fc.{*}  head.fc.{*}
""",
)
register(
    'timm-repvgg',
    """
stem.conv_kxk.conv.{*}  stem.branch_3x3.conv.{*}
stem.conv_kxk.bn.{*}    stem.branch_3x3.norm.{*}
stem.conv_1x1.conv.{*}  stem.branch_1x1.conv.{*}
stem.conv_1x1.bn.{*}    stem.branch_1x1.norm.{*}
stages.{i}.{j}.conv_kxk.conv.{*}  stage_{i+1}.{j}.branch_3x3.conv.{*}
stages.{i}.{j}.conv_kxk.bn.{*}    stage_{i+1}.{j}.branch_3x3.norm.{*}
stages.{i}.{j}.conv_1x1.conv.{*}  stage_{i+1}.{j}.branch_1x1.conv.{*}
stages.{i}.{j}.conv_1x1.bn.{*}    stage_{i+1}.{j}.branch_1x1.norm.{*}
stages.{i}.{j}.identity.{*}       stage_{i+1}.{j}.branch_norm.{*}
head.fc.{*}  head.fc.{*}
""",
)
register(
    'timm-mobileone',
    """
stem.conv_kxk.{k}.conv.{*}  stage0.branch_conv_list.{k}.conv.{*}
stem.conv_kxk.{k}.bn.{*}    stage0.branch_conv_list.{k}.norm.{*}
stem.conv_scale.conv.{*}    stage0.branch_scale.conv.{*}
stem.conv_scale.bn.{*}      stage0.branch_scale.norm.{*}
stages.{i}.{j}.conv_kxk.{k}.conv.{*}  stage{i+1}.{j}.branch_conv_list.{k}.conv.{*}
stages.{i}.{j}.conv_kxk.{k}.bn.{*}    stage{i+1}.{j}.branch_conv_list.{k}.norm.{*}
stages.{i}.{j}.conv_scale.conv.{*}    stage{i+1}.{j}.branch_scale.conv.{*}
stages.{i}.{j}.conv_scale.bn.{*}      stage{i+1}.{j}.branch_scale.norm.{*}
stages.{i}.{j}.identity.{*}           stage{i+1}.{j}.branch_norm.{*}
stages.{i}.{j}.attn.fc1.{*}           stage{i+1}.{j}.se.conv1.conv.{*}
stages.{i}.{j}.attn.fc2.{*}           stage{i+1}.{j}.se.conv2.conv.{*}
head.fc.{*}  head.fc.{*}
""",
)
