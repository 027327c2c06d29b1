"""Image classifiers of Hugging Face's transformers.

The names are those of the files on the hub; transformers 5 has others in memory, which
are taken too. ``~`` stands for the name of the network, which is absent in a checkpoint
without a head.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ....structures.key_maps import Drop, Step
from ....structures.key_templates import Joined, Turned
from .tables import register
from .transformers import SWIN_MERGING, TABLES

_LINEAR = 'classifier.{*}  head.fc.{*}\n'
_STACKED = """
classifier.{*}               head.layers.head.{*}
cls_classifier.{*}           head.layers.head.{*}
distillation_classifier.{*}  head.layers.head_dist.{*}
"""


def _register(
    name: str,
    table: str,
    head: str = _LINEAR,
    attention: Sequence[str] = (),
    steps: Sequence[Step] = (),
) -> None:
    """Enter a map.

    Args:
        name: The architecture.
        table: Names, with ``~``.
        head: Names of the head.
        attention: Where query, key and value stand, with ``qkv`` for their letter or
            word; they are joined before the table is applied.
        steps: What follows.
    """
    network = name.partition('-')[0]
    forms = (f'{network}.', '')
    joined = [
        Joined([place.replace('~', form).replace('@', part) for part in words], whole)
        for form in forms
        for place in attention
        for words in (('query', 'key', 'value'), ('q_proj', 'k_proj', 'v_proj'))
        for whole in [place.replace('~', form).replace('@', 'qkv')]
    ]
    tables = ''.join(table.replace('~', form) for form in forms)
    register(f'huggingface-{name}', *joined, tables + head, *steps)


_EMBEDDINGS = """
~embeddings.cls_token            cls_token
~embeddings.distillation_token   dist_token
~embeddings.position_embeddings  pos_embed
~embeddings.patch_embeddings.projection.{*}  patch_embed.projection.{*}
~layernorm.{*}  ln1.{*}
"""
_BLOCK = """
~encoder.layer.{i}.attention.attention.qkv.{*}   layers.{i}.attn.qkv.{*}
~encoder.layer.{i}.attention.output.dense.{*}    layers.{i}.attn.proj.{*}
~encoder.layer.{i}.intermediate.dense.{*}        layers.{i}.ffn.layers.0.0.{*}
~encoder.layer.{i}.output.dense.{*}              layers.{i}.ffn.layers.1.{*}
~encoder.layer.{i}.layernorm_before.{*}          layers.{i}.ln1.{*}
~encoder.layer.{i}.layernorm_after.{*}           layers.{i}.ln2.{*}
~layers.{i}.attention.qkv.{*}     layers.{i}.attn.qkv.{*}
~layers.{i}.attention.o_proj.{*}  layers.{i}.attn.proj.{*}
~layers.{i}.mlp.fc1.{*}           layers.{i}.ffn.layers.0.0.{*}
~layers.{i}.mlp.fc2.{*}           layers.{i}.ffn.layers.1.{*}
~layers.{i}.layernorm_before.{*}  layers.{i}.ln1.{*}
~layers.{i}.layernorm_after.{*}   layers.{i}.ln2.{*}
"""
_ATTENTION = (
    '~encoder.layer.{i}.attention.attention.@.{*}',
    '~layers.{i}.attention.@.{*}',
)

for _name in ('vit', 'deit'):
    _register(_name, _EMBEDDINGS + _BLOCK, _STACKED, _ATTENTION)
    _register(f'{_name}-linear', _EMBEDDINGS + _BLOCK, _LINEAR, _ATTENTION)

_register(
    'dinov2',
    _EMBEDDINGS
    + """
~encoder.layer.{i}.attention.attention.qkv.{*}  layers.{i}.attn.qkv.{*}
~encoder.layer.{i}.attention.output.dense.{*}   layers.{i}.attn.proj.{*}
~encoder.layer.{i}.attention.qkv.{*}     layers.{i}.attn.qkv.{*}
~encoder.layer.{i}.attention.o_proj.{*}  layers.{i}.attn.proj.{*}
~encoder.layer.{i}.mlp.fc1.{*}           layers.{i}.ffn.layers.0.0.{*}
~encoder.layer.{i}.mlp.fc2.{*}           layers.{i}.ffn.layers.1.{*}
~encoder.layer.{i}.norm{k}.{*}           layers.{i}.ln{k}.{*}
~encoder.layer.{i}.layer_scale1.lambda1  layers.{i}.attn.gamma1.weight
~encoder.layer.{i}.layer_scale2.lambda1  layers.{i}.ffn.gamma2.weight
""",
    attention=(
        '~encoder.layer.{i}.attention.attention.@.{*}',
        '~encoder.layer.{i}.attention.@.{*}',
    ),
)

_BIAS = 'relative_position_bias.relative_position_bias_table'
_OUR_BIAS = 'layers.{i}.attn.relative_position_bias_table'
_register(
    'beit',
    f"""
~encoder.layer.{{i}}.attention.attention.query.bias  layers.{{i}}.attn.q_bias
~encoder.layer.{{i}}.attention.attention.value.bias  layers.{{i}}.attn.v_bias
~encoder.layer.{{i}}.attention.attention.{_BIAS}  {_OUR_BIAS}
~layers.{{i}}.attention.q_proj.bias  layers.{{i}}.attn.q_bias
~layers.{{i}}.attention.v_proj.bias  layers.{{i}}.attn.v_bias
~layers.{{i}}.{_BIAS}  {_OUR_BIAS}
~encoder.layer.{{i}}.lambda_{{k}}  layers.{{i}}.gamma_{{k}}
~layers.{{i}}.lambda_{{k}}  layers.{{i}}.gamma_{{k}}
~pooler.layernorm.{{*}}  ln2.{{*}}
"""
    + _EMBEDDINGS
    + _BLOCK,
    attention=tuple(place.replace('{*}', 'weight') for place in _ATTENTION),
    steps=[Drop('relative_position_index')],
)

_SWIN = """
~embeddings.patch_embeddings.projection.{*}  patch_embed.projection.{*}
~embeddings.norm.{*}  patch_embed.norm.{*}
<.attention.self.qkv.{*}  >.attn.w_msa.qkv.{*}
<.attention.self.{*}  >.attn.w_msa.{*}
<.attention.output.dense.{*}  >.attn.w_msa.proj.{*}
<.intermediate.dense.{*}  >.ffn.layers.0.0.{*}
<.output.dense.{*}  >.ffn.layers.1.{*}
<.layernorm_before.{*}  >.norm1.{*}
<.layernorm_after.{*}  >.norm2.{*}
<.attention.qkv.{*}  >.attn.w_msa.qkv.{*}
<.attention.o_proj.{*}  >.attn.w_msa.proj.{*}
<.attention.relative_position_bias.{*}  >.attn.w_msa.{*}
<.mlp.fc1.{*}  >.ffn.layers.0.0.{*}
<.mlp.fc2.{*}  >.ffn.layers.1.{*}
~encoder.layers.{i}.downsample.{*}  stages.{i}.downsample.{*}
~layernorm.{*}  norm3.{*}
"""
#: Where a block stands there and here.
_BLOCKS = {'<': '~encoder.layers.{i}.blocks.{j}', '>': 'stages.{i}.blocks.{j}'}
for _sign, _place in _BLOCKS.items():
    _SWIN = _SWIN.replace(_sign, _place)
_register(
    'swin',
    _SWIN,
    attention=(
        '~encoder.layers.{i}.blocks.{j}.attention.self.@.{*}',
        '~encoder.layers.{i}.blocks.{j}.attention.@.{*}',
    ),
    steps=[TABLES, *SWIN_MERGING],
)


def _one_dimension(parameter: Tensor) -> Tensor:
    return parameter.flatten()


def _four_dimensions(parameter: Tensor) -> Tensor:
    return parameter[None, None, None]


_CONVNEXT = """
~embeddings.patch_embeddings.{*}  downsample_layers.0.0.{*}
~embeddings.layernorm.{*}         downsample_layers.0.1.{*}
~encoder.stages.{i}.downsampling_layer.{*}  downsample_layers.{i}.{*}
~encoder.stages.{i}.layers.{j}.dwconv.{*}   stages.{i}.{j}.depthwise_conv.{*}
~encoder.stages.{i}.layers.{j}.layernorm.{*}  stages.{i}.{j}.norm.{*}
~encoder.stages.{i}.layers.{j}.pwconv{k}.{*}  stages.{i}.{j}.pointwise_conv{k}.{*}
~encoder.stages.{i}.layers.{j}.layer_scale_parameter  stages.{i}.{j}.gamma
~encoder.stages.{i}.layers.{j}.grn.weight   stages.{i}.{j}.grn.gamma
~encoder.stages.{i}.layers.{j}.grn.bias     stages.{i}.{j}.grn.beta
~layernorm.{*}  norm3.{*}
"""
_register('convnext', _CONVNEXT)
_register(
    'convnextv2',
    _CONVNEXT,
    steps=[
        Turned(
            f'backbone.stages.{{i}}.{{j}}.grn.{name}', _one_dimension, _four_dimensions
        )
        for name in ('gamma', 'beta')
    ],
)

for _name in ('resnet', 'regnet'):
    _register(
        _name,
        """
~embedder.embedder.convolution.{*}    conv1.{*}
~embedder.embedder.normalization.{*}  bn1.{*}
<.shortcut.convolution.{*}    layer{i+1}.{j}.downsample.0.{*}
<.shortcut.normalization.{*}  layer{i+1}.{j}.downsample.1.{*}
<.layer.{k}.convolution.{*}   layer{i+1}.{j}.conv{k+1}.{*}
<.layer.{k}.normalization.{*}  layer{i+1}.{j}.bn{k+1}.{*}
""".replace('<', '~encoder.stages.{i}.layers.{j}'),
        'classifier.1.{*}  head.fc.{*}',
    )
