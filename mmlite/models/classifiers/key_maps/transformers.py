"""Vision transformers, Swin and MLP-Mixer of timm and torchvision."""

from __future__ import annotations

from torch import Tensor

from ....structures.key_maps import Drop
from ....structures.key_templates import Parted, Turned
from .tables import register

_VIT_BLOCKS = """
blocks.{i}.norm1.{*}          layers.{i}.ln1.{*}
blocks.{i}.norm2.{*}          layers.{i}.ln2.{*}
blocks.{i}.mlp.fc1.{*}        layers.{i}.ffn.layers.0.0.{*}
blocks.{i}.mlp.fc2.{*}        layers.{i}.ffn.layers.1.{*}
blocks.{i}.ls1.gamma          layers.{i}.attn.gamma1.weight
blocks.{i}.ls2.gamma          layers.{i}.ffn.gamma2.weight
blocks.{i}.{*}                layers.{i}.{*}
"""
_VIT = (
    """
patch_embed.proj.{*}  patch_embed.projection.{*}
cls_token             =
dist_token            =
pos_embed             =
norm_pre.{*}          pre_norm.{*}
norm.{*}              ln1.{*}
fc_norm.{*}           ln2.{*}
"""
    + _VIT_BLOCKS
)
_STACKED = """
head.{*}       head.layers.head.{*}
head_dist.{*}  head.layers.head_dist.{*}
"""
_LINEAR = 'head.{*}  head.fc.{*}\n'

register('timm-vit', _VIT + _STACKED)
register('timm-vit-linear', _VIT + _LINEAR)
register(
    'timm-mixer',
    """
stem.proj.{*}                  patch_embed.projection.{*}
blocks.{i}.norm{k}.{*}         layers.{i}.ln{k}.{*}
blocks.{i}.mlp_tokens.fc1.{*}    layers.{i}.token_mix.layers.0.0.{*}
blocks.{i}.mlp_tokens.fc2.{*}    layers.{i}.token_mix.layers.1.{*}
blocks.{i}.mlp_channels.fc1.{*}  layers.{i}.channel_mix.layers.0.0.{*}
blocks.{i}.mlp_channels.fc2.{*}  layers.{i}.channel_mix.layers.1.{*}
norm.{*}                       ln1.{*}
"""
    + _LINEAR,
)

_TORCHVISION_VIT = """
class_token            cls_token
conv_proj.{*}          patch_embed.projection.{*}
encoder.pos_embedding  pos_embed
<.ln_{k}.{*}  layers.{i}.ln{k}.{*}
<.self_attention.in_proj_weight  layers.{i}.attn.qkv.weight
<.self_attention.in_proj_bias    layers.{i}.attn.qkv.bias
<.self_attention.out_proj.{*}    layers.{i}.attn.proj.{*}
<.mlp.0.{*}  layers.{i}.ffn.layers.0.0.{*}
<.mlp.3.{*}  layers.{i}.ffn.layers.1.{*}
<.mlp.linear_1.{*}  layers.{i}.ffn.layers.0.0.{*}
<.mlp.linear_2.{*}  layers.{i}.ffn.layers.1.{*}
encoder.ln.{*}         ln1.{*}
""".replace('<', 'encoder.layers.encoder_layer_{i}')
register('torchvision-vit', _TORCHVISION_VIT + 'heads.head.{*}  head.layers.head.{*}')
register('torchvision-vit-linear', _TORCHVISION_VIT + 'heads.head.{*}  head.fc.{*}')


def by_channel(merged: Tensor) -> Tensor:
    """Order the last dimension of a patch merging by channels, as ``nn.Unfold`` does.

    The original has the four pixels of a patch one after the other, column by column.

    Example:
        >>> import torch
        >>> by_channel(torch.arange(8)).tolist()  # two channels
        [0, 4, 2, 6, 1, 5, 3, 7]
    """
    head = merged.shape[:-1]
    pixels = merged.reshape(*head, 2, 2, -1)  # column, row, channel
    return pixels.movedim(-1, -3).transpose(-1, -2).reshape(*head, -1)


def by_pixel(merged: Tensor) -> Tensor:
    """The inverse of :func:`by_channel`."""
    head = merged.shape[:-1]
    pixels = merged.reshape(*head, -1, 2, 2)  # channel, row, column
    return pixels.transpose(-1, -2).movedim(-3, -1).reshape(*head, -1)


def _merging(*templates: str) -> list[Turned]:
    return [Turned(f'backbone.{name}', by_channel, by_pixel) for name in templates]


SWIN_MERGING = _merging(
    'stages.{i}.downsample.reduction.weight', 'stages.{i}.downsample.norm.{*}'
)
SWIN_V2_MERGING = _merging('stages.{i}.downsample.reduction.weight')
TABLES = Drop(r'relative_position_index|relative_coords_table|attn_mask')

_SWIN_BLOCKS = """
layers.{i}.blocks.{j}.attn.{*}     stages.{i}.blocks.{j}.attn.w_msa.{*}
layers.{i}.blocks.{j}.mlp.fc1.{*}  stages.{i}.blocks.{j}.ffn.layers.0.0.{*}
layers.{i}.blocks.{j}.mlp.fc2.{*}  stages.{i}.blocks.{j}.ffn.layers.1.{*}
layers.{i}.blocks.{j}.{*}          stages.{i}.blocks.{j}.{*}
patch_embed.proj.{*}               patch_embed.projection.{*}
patch_embed.norm.{*}               =
norm.{*}                           norm3.{*}
"""
_SWIN_HEAD = 'head.fc.{*}  head.fc.{*}\nhead.{*}  head.fc.{*}'
_V2 = 'logit_scale'  # which Swin of the first version lacks
_EARLY = 'layers.{i}.downsample.{*}  stages.{i}.downsample.{*}\n'
_LATE = 'layers.{i+1}.downsample.{*}  stages.{i}.downsample.{*}\n'

register(
    'timm-swin', TABLES, _LATE + _SWIN_BLOCKS + _SWIN_HEAD, *SWIN_MERGING, unless=_V2
)
register(
    'official-swin',
    TABLES,
    _EARLY + _SWIN_BLOCKS + _SWIN_HEAD,
    *SWIN_MERGING,
    unless=_V2,
)
register('timm-swinv2', TABLES, _EARLY + _SWIN_BLOCKS + _SWIN_HEAD, *SWIN_V2_MERGING)
register('official-swinv2', TABLES, _LATE + _SWIN_BLOCKS + _SWIN_HEAD, *SWIN_V2_MERGING)

_STAGES = ((1, 0), (3, 1), (5, 2), (7, 3))


def _torchvision_swin(merges_at: int) -> str:
    """Stages and mergings of patches stand in one sequence there."""
    lines = [
        'features.0.0.{*}  patch_embed.projection.{*}',
        'features.0.2.{*}  patch_embed.norm.{*}',
    ]
    for theirs, ours in _STAGES:
        block = f'features.{theirs}.{{j}}'
        mine = f'stages.{ours}.blocks.{{j}}'
        lines += [
            f'{block}.attn.{{*}}   {mine}.attn.w_msa.{{*}}',
            f'{block}.mlp.0.{{*}}  {mine}.ffn.layers.0.0.{{*}}',
            f'{block}.mlp.3.{{*}}  {mine}.ffn.layers.1.{{*}}',
            f'{block}.norm{{k}}.{{*}}  {mine}.norm{{k}}.{{*}}',
        ]
        if ours < 3:
            merging = f'features.{theirs + 1}'
            mine = f'stages.{ours + merges_at}.downsample'
            lines += [
                f'{merging}.norm.{{*}}       {mine}.norm.{{*}}',
                f'{merging}.reduction.{{*}}  {mine}.reduction.{{*}}',
            ]
    lines += ['norm.{*}  norm3.{*}', 'head.{*}  head.fc.{*}']
    return '\n'.join(lines)


_ATTENTION = 'backbone.stages.{i}.blocks.{j}.attn.w_msa'
register('torchvision-swin', TABLES, _torchvision_swin(0), *SWIN_MERGING, unless=_V2)
register(
    'torchvision-swinv2',
    TABLES,
    _torchvision_swin(1),
    *SWIN_V2_MERGING,
    Parted(
        f'{_ATTENTION}.qkv.bias',
        [f'{_ATTENTION}.{letter}_bias' for letter in 'qkv'],
    ),
    Drop(r'\.k_bias$'),  # always zero
)
