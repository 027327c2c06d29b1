"""EfficientNet, EfficientNetV2, MobileNetV2, MobileNetV3 and ShuffleNetV2."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from torch import Tensor

from ....structures.key_templates import Turned
from .tables import in_turn, register

_STEM = """
conv_stem.{*}   layers.0.conv.{*}
bn1.{*}         layers.0.bn.{*}
classifier.{*}  head.fc.{*}
"""
#: Names within a block, after its place is ours. A text of each kind of block.
_SEPARABLE = (
    ('conv_dw', 'depthwise_conv.conv'),
    ('bn1', 'depthwise_conv.bn'),
    ('conv_pw', 'linear_conv.conv'),
    ('bn2', 'linear_conv.bn'),
)
_INVERTED = (
    ('conv_pw', 'expand_conv.conv'),
    ('bn1', 'expand_conv.bn'),
    ('conv_dw', 'depthwise_conv.conv'),
    ('bn2', 'depthwise_conv.bn'),
    ('conv_pwl', 'linear_conv.conv'),
    ('bn3', 'linear_conv.bn'),
)
_FUSED = (
    ('conv_exp', 'conv1.conv'),
    ('bn1', 'conv1.bn'),
    ('conv_pwl', 'conv2.conv'),
    ('bn2', 'conv2.bn'),
)
_PLAIN = (('conv', 'conv'), ('bn1', 'bn'))
_SQUEEZE = (('se.conv_reduce', 'se.conv1.conv'), ('se.conv_expand', 'se.conv2.conv'))

Block = Sequence[tuple[str, str]]


def _single(theirs: str, ours: str) -> str:
    """A convolution and its norm, which are numbered in torchvision."""
    return _block(theirs, ours, (('0', 'conv'), ('1', 'bn')))


def _block(theirs: str, ours: str, parts: Block) -> str:
    return ''.join(f'{theirs}.{a}.{{*}}  {ours}.{b}.{{*}}\n' for a, b in parts)


def _stages(
    counts: Sequence[int], kinds: Sequence[Block], layer_of: Sequence[int]
) -> str:
    """A line for each part of each block.

    Args:
        counts: Blocks of their stages.
        kinds: What the blocks of a stage consist of.
        layer_of: Our layer for each of their stages; several may be one of ours.
    """
    lines = []
    taken: dict[int, int] = {}
    for stage, block, _ in in_turn(counts):
        layer = layer_of[stage]
        place = taken[layer] = taken.get(layer, -1) + 1
        lines.append(
            _block(f'blocks.{stage}.{block}', f'layers.{layer}.{place}', kinds[stage])
        )
    return ''.join(lines)


def _end(layer: int) -> str:
    ours = f'layers.{layer}'
    return f'conv_head.{{*}}  {ours}.conv.{{*}}\nbn2.{{*}}  {ours}.bn.{{*}}\n'


_DEPTHS = dict(
    b0=1.0, b1=1.1, b2=1.2, b3=1.4, b4=1.8, b5=2.2, b6=2.6, b7=3.1, b8=3.6, l2=5.3
)
_B = (1, 2, 2, 3, 3, 4, 1)
_LAYERS_B = (1, 2, 3, 4, 4, 5, 5)
_SEPARABLE_SE, _INVERTED_SE = (*_SEPARABLE, *_SQUEEZE), (*_INVERTED, *_SQUEEZE)

for _size, _depth in _DEPTHS.items():
    _counts = [ceil(_depth * n) for n in _B]
    register(
        f'timm-efficientnet-{_size}',
        _STEM
        + _end(6)
        + _stages(_counts, [_SEPARABLE_SE, *[_INVERTED_SE] * 6], _LAYERS_B),
    )

for _size, _depth in dict(es=1.0, em=1.1, el=1.4).items():
    _counts = [ceil(_depth * n) for n in (1, 2, 4, 5, 4, 2)]
    register(
        f'timm-efficientnet-{_size}',
        _STEM
        + _end(6)
        + _stages(_counts, [*[_FUSED] * 3, *[_INVERTED] * 3], (1, 2, 3, 4, 4, 5)),
    )

for _size, _counts in dict(
    b0=(1, 2, 2, 3, 5, 8),
    b1=(2, 3, 3, 4, 6, 9),
    b2=(2, 3, 3, 4, 6, 10),
    b3=(2, 3, 3, 5, 7, 12),
    s=(2, 4, 4, 6, 9, 15),
    m=(3, 5, 5, 7, 14, 18, 5),
    l=(4, 7, 7, 10, 19, 25, 7),
    xl=(4, 8, 8, 16, 24, 32, 8),
).items():
    _last = len(_counts) + 1
    _kinds = [_PLAIN, _FUSED, _FUSED, *[_INVERTED_SE] * (len(_counts) - 3)]
    register(
        f'timm-efficientnetv2-{_size}',
        _STEM + _end(_last) + _stages(_counts, _kinds, range(1, _last)),
    )

_NESTED = (
    ('0.0', 'expand_conv.conv'),
    ('0.1', 'expand_conv.bn'),
    ('1.0', 'depthwise_conv.conv'),
    ('1.1', 'depthwise_conv.bn'),
    ('2.fc1', 'se.conv1.conv'),
    ('2.fc2', 'se.conv2.conv'),
    ('3.0', 'linear_conv.conv'),
    ('3.1', 'linear_conv.bn'),
)
_NESTED_FIRST = (
    ('0.0', 'depthwise_conv.conv'),
    ('0.1', 'depthwise_conv.bn'),
    ('1.fc1', 'se.conv1.conv'),
    ('1.fc2', 'se.conv2.conv'),
    ('2.0', 'linear_conv.conv'),
    ('2.1', 'linear_conv.bn'),
)
_NESTED_WITHOUT = (*_NESTED[:4], ('2.0', 'linear_conv.conv'), ('2.1', 'linear_conv.bn'))
_NESTED_BARE = (
    *_NESTED_FIRST[:2],
    ('1.0', 'linear_conv.conv'),
    ('1.1', 'linear_conv.bn'),
)

for _size in ('b0', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7'):
    _lines = [
        'features.0.0.{*}  layers.0.conv.{*}\nfeatures.0.1.{*}  layers.0.bn.{*}\n'
    ]
    _taken: dict[int, int] = {}
    for _stage, _place, _ in in_turn([ceil(_DEPTHS[_size] * n) for n in _B]):
        _layer = _LAYERS_B[_stage]
        _taken[_layer] = _taken.get(_layer, -1) + 1
        _lines.append(
            _block(
                f'features.{_stage + 1}.{_place}.block',
                f'layers.{_layer}.{_taken[_layer]}',
                _NESTED if _stage else _NESTED_FIRST,
            )
        )
    _lines.append(
        'features.8.0.{*}  layers.6.conv.{*}\nfeatures.8.1.{*}  layers.6.bn.{*}\n'
    )
    register(
        f'torchvision-efficientnet-{_size}',
        ''.join(_lines) + 'classifier.1.{*}  head.fc.{*}',
    )

_V2 = (1, 2, 3, 4, 3, 3, 1)
_V2_ENDS = """
conv_stem.{*}   conv1.conv.{*}
bn1.{*}         conv1.bn.{*}
conv_head.{*}   conv2.conv.{*}
bn2.{*}         conv2.bn.{*}
classifier.{*}  head.fc.{*}
"""
_V2_FIRST = ('conv_dw', 'bn1', 'conv_pw', 'bn2')
_TV_FIRST = ('0.0', '0.1', '1', '2')
_TV_OTHERS = ('0.0', '0.1', '1.0', '1.1', '2', '3')
_V2_OTHERS = ('conv_pw', 'bn1', 'conv_dw', 'bn2', 'conv_pwl', 'bn3')


def _numbered(parts: Sequence[str]) -> Block:
    """Convolutions and norms in turn, which are numbered here."""
    kinds = ('conv', 'bn')
    return [(part, f'conv.{i // 2}.{kinds[i % 2]}') for i, part in enumerate(parts)]


register(
    'timm-mobilenetv2',
    _V2_ENDS
    + _block('blocks.0.{j}', 'layer1.{j}', _numbered(_V2_FIRST))
    + _block('blocks.{i}.{j}', 'layer{i+1}.{j}', _numbered(_V2_OTHERS)),
)
register(
    'torchvision-mobilenetv2',
    _single('features.0', 'conv1')
    + _single('features.18', 'conv2')
    + 'classifier.1.{*}  head.fc.{*}\n'
    + ''.join(
        _block(
            f'features.{place + 1}.conv',
            f'layer{stage + 1}.{block}',
            _numbered(_TV_OTHERS if place else _TV_FIRST),
        )
        for stage, block, place in in_turn(_V2)
    ),
)

#: Blocks of a stage, and which blocks squeeze.
_V3 = dict(
    small=((1, 2, 3, 2, 3), {0, *range(3, 11)}),
    large=((1, 2, 3, 4, 2, 3), {*range(3, 6), *range(10, 15)}),
)


def _as_matrix(kernel: Tensor) -> Tensor:
    return kernel.flatten(1)


def _as_kernel(matrix: Tensor) -> Tensor:
    return matrix[:, :, None, None]


_V3_HEADS = """
classifier.0.{*}  head.layers.0.fc.{*}
classifier.3.{*}  head.layers.1.fc.{*}
"""
for _size, (_counts, _squeezing) in _V3.items():
    _last = sum(_counts) + 1
    _timm = 'conv_stem.{*}  layer0.conv.{*}\nbn1.{*}  layer0.bn.{*}\n'
    _theirs = _V3_HEADS + _single('features.0', 'layer0')
    _theirs += _single(f'features.{_last}', f'layer{_last}')
    for _stage, _block_in, _place in in_turn(_counts):
        _parts = _INVERTED_SE if _place else _SEPARABLE_SE
        _timm += _block(f'blocks.{_stage}.{_block_in}', f'layer{_place + 1}', _parts)
        if _place:
            _nested = _NESTED if _place in _squeezing else _NESTED_WITHOUT
        else:
            _nested = _NESTED_FIRST if _place in _squeezing else _NESTED_BARE
        _theirs += _block(f'features.{_place + 1}.block', f'layer{_place + 1}', _nested)
    _timm += f'blocks.{len(_counts)}.0.conv.{{*}}  layer{_last}.conv.{{*}}\n'
    _timm += f'blocks.{len(_counts)}.0.bn1.{{*}}  layer{_last}.bn.{{*}}\n'
    _timm += (
        'conv_head.{*}  head.layers.0.fc.{*}\nclassifier.{*}  head.layers.1.fc.{*}\n'
    )
    _theirs += f'features.{_last}.0.{{*}}  layer{_last}.conv.{{*}}\n'
    _theirs += f'features.{_last}.1.{{*}}  layer{_last}.bn.{{*}}\n' + _V3_HEADS
    register(
        f'timm-mobilenetv3-{_size}',
        _timm,
        Turned('head.layers.0.fc.weight', _as_matrix, _as_kernel),
    )
    register(f'torchvision-mobilenetv3-{_size}', _theirs)

register(
    'torchvision-shufflenetv2',
    """
conv1.0.{*}  conv1.conv.{*}
conv1.1.{*}  conv1.bn.{*}
conv5.0.{*}  layers.3.conv.{*}
conv5.1.{*}  layers.3.bn.{*}
fc.{*}       head.fc.{*}
stage{i+2}.{j}.branch1.0.{*}  layers.{i}.{j}.branch1.0.conv.{*}
stage{i+2}.{j}.branch1.1.{*}  layers.{i}.{j}.branch1.0.bn.{*}
stage{i+2}.{j}.branch1.2.{*}  layers.{i}.{j}.branch1.1.conv.{*}
stage{i+2}.{j}.branch1.3.{*}  layers.{i}.{j}.branch1.1.bn.{*}
stage{i+2}.{j}.branch2.0.{*}  layers.{i}.{j}.branch2.0.conv.{*}
stage{i+2}.{j}.branch2.1.{*}  layers.{i}.{j}.branch2.0.bn.{*}
stage{i+2}.{j}.branch2.3.{*}  layers.{i}.{j}.branch2.1.conv.{*}
stage{i+2}.{j}.branch2.4.{*}  layers.{i}.{j}.branch2.1.bn.{*}
stage{i+2}.{j}.branch2.5.{*}  layers.{i}.{j}.branch2.2.conv.{*}
stage{i+2}.{j}.branch2.6.{*}  layers.{i}.{j}.branch2.2.bn.{*}
""",
)
