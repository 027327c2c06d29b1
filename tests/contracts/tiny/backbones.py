"""Small arguments for backbones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.tiny.names import arguments_of

# A transformer of two layers.
TOKENS = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)

# A pyramid of two stages, and a Twins.
STAGES = dict(embed_dims=8, depths=[1, 1], num_heads=[1, 2])

TWINS = dict(
    embed_dims=[8, 16],
    depths=[2, 1],
    num_heads=[1, 2],
    patch_sizes=[4, 2],
    strides=[4, 2],
    mlp_ratios=[2, 2],
    sr_ratios=[2, 1],
)

BACKBONES = {
    'AirbenchNet': dict(widths=(4, 8, 8), out_indices=(0, 2)),
    'AlexNet': dict(),
    'BEiTViT': dict(arch=TOKENS, img_size=64),
    'Conformer': dict(
        arch=dict(embed_dims=16, channel_ratio=1, num_heads=2, depths=3),
        base_channels=8,
        out_indices=(2, 3),
    ),
    'DaViT': dict(arch=STAGES, window_size=4, out_indices=(0, 1)),
    'CSPDarkNet': dict(depth=53, out_indices=(1, 4)),
    'CSPResNeXt': dict(depth=50),
    'CSPResNet': dict(depth=50, deep_stem=True, out_indices=(0, 3)),
    'ConvMixer': dict(
        arch=dict(embed_dims=8, depth=2, patch_size=8, kernel_size=3),
        out_indices=(0, 1),
    ),
    'ConvNeXt': dict(
        arch=dict(depths=[1, 2], channels=[8, 12]), use_grn=True, out_indices=(0, 1)
    ),
    'DeiT3': dict(arch=TOKENS, img_size=64),
    'DenseNet': dict(
        arch=dict(growth_rate=4, depths=[2, 1], init_channels=8), out_indices=(0, 1)
    ),
    'DistilledVisionTransformer': dict(
        arch=TOKENS, img_size=64, out_type='avg_featmap', out_indices=(0, 1)
    ),
    'HiViT': dict(
        arch=dict(embed_dims=32, depths=[1, 1, 2], num_heads=2),
        img_size=64,
        out_indices=(0, 1),
        rpe=True,
    ),
    'EdgeNeXt': dict(
        arch=dict(
            channels=[8, 12, 16, 24], depths=[1, 1, 2, 1], num_heads=[1, 2, 2, 2]
        ),
        gap_before_final_norm=False,
        out_indices=(1, 3),
    ),
    'EfficientFormer': dict(
        arch=dict(
            layers=[1, 1, 1, 1],
            embed_dims=[8, 8, 12, 16],
            downsamples=[False, True, True, True],
            vit_num=0,
        ),
        out_indices=(1, 3),
    ),
    'EfficientNet': dict(arch='es', out_indices=(2, 6)),
    'EfficientNetV2': dict(arch='b0', out_indices=(1, 7)),
    'HRNet': dict(
        extra={
            f'stage{i}': dict(
                num_modules=1,
                num_branches=i,
                block='BASIC',
                num_blocks=(1,) * i,
                num_channels=(4, 4, 8, 8)[:i],
            )
            for i in range(1, 5)
        }
    ),
    'HorNet': dict(
        arch=dict(
            base_dim=8,
            depths=[1, 1, 1, 1],
            orders=[2, 2, 3, 3],
            dw_cfg=[dict(type='DW', kernel_size=3)] * 2
            + [dict(type='GF', h=3, w=2)] * 2,
        ),
        gap_before_final_norm=False,
        out_indices=(0, 3),
    ),
    'InceptionV3': dict(num_classes=5),
    'LeNet5': dict(),
    'LeViT': dict(
        arch=dict(
            embed_dims=[16, 24], num_heads=[2, 3], depths=[1, 1], key_dims=[8, 8]
        ),
        img_size=64,
        out_indices=(0, 1),
    ),
    'MViT': dict(
        arch=dict(embed_dims=8, num_layers=3, num_heads=1, downscale_indices=[1]),
        img_size=64,
        out_scales=(0, 1),
    ),
    'MixMIMTransformer': dict(arch=STAGES, img_size=64, window_size=(4, 4)),
    'MlpMixer': dict(
        arch=dict(embed_dims=16, num_layers=2, tokens_mlp_dims=8, channels_mlp_dims=32),
        img_size=64,
    ),
    'MoCoV3ViT': dict(arch=TOKENS, img_size=64, patch_size=16),
    'MobileNetV2': dict(widen_factor=0.125, out_indices=(1, 3, 7)),
    'PCPVT': dict(arch=TWINS, out_indices=(0, 1), norm_after_stage=True),
    'PyramidVig': dict(arch=dict(blocks=[1, 1], channels=[8, 16]), k=2),
    'MobileNetV3': dict(arch='small_050', out_indices=(0, 3, 12)),
    'MobileOne': dict(
        arch=dict(
            num_blocks=[1, 1, 1, 1],
            width_factor=[0.125] * 4,
            num_conv_branches=[2, 1, 1, 1],
            num_se_blocks=[0, 0, 0, 1],
        ),
        out_indices=(0, 3),
    ),
    'MobileViT': dict(
        arch=[['mobilenetv2', 8, 2, 1, 2], ['mobilevit', 12, 2, 16, 16, 1, 2]],
        out_indices=(0, 1),
    ),
    'Plain': dict(layers_cfg=['BC-4', 'M', 'FC-8-1'], in_channels=3),
    'PoolFormer': dict(
        arch=dict(layers=[1, 1, 1], embed_dims=[8, 12, 16]),
        out_indices=(0, 3, 4),
        frozen_stages=-1,
    ),
    'RIFormer': dict(arch=dict(layers=[1, 1, 1], embed_dims=[8, 12, 16])),
    'RegNet': dict(arch='regnetx_400mf', out_indices=(0, 3)),
    'RepLKNet': dict(
        arch=dict(
            large_kernel_sizes=[7, 5],
            layers=[1, 1],
            channels=[8, 12],
            small_kernel=3,
            dw_ratio=1,
        ),
        out_indices=(0, 1),
    ),
    'RepMLPNet': dict(
        arch=dict(channels=[8, 16], depths=[1, 1], sharesets_nums=[1, 2]),
        img_size=64,
        out_indices=(0, 1),
    ),
    'RepVGG': dict(arch='A0', base_channels=8, out_indices=(0, 3)),
    'Res2Net': dict(depth=50, stem_channels=4, base_channels=8, scales=3),
    'ResNeSt': dict(depth=50, stem_channels=4, base_channels=4),
    'ResNeXt': dict(depth=50, groups=4, width_per_group=4, base_channels=16),
    'ResNet': dict(depth=18, stem_channels=4, base_channels=4, out_indices=(0, 3)),
    'ResNetV1c': dict(depth=18, stem_channels=4, base_channels=4),
    'ResNetV1d': dict(depth=18, stem_channels=4, base_channels=4),
    'ResNet9': dict(
        channels=[4, 8], in_channel=3, layers=[1, 2], strides=[1, 2], out_indices=(0, 1)
    ),
    'ResNet_CIFAR': dict(depth=18, stem_channels=4, base_channels=4),
    'RevVisionTransformer': dict(arch=TOKENS, img_size=64),
    'SEResNet': dict(depth=50, stem_channels=4, base_channels=4, se_ratio=2),
    'SVT': dict(arch=dict(TWINS, window_sizes=[3, 4]), out_indices=(0, 1)),
    'SEResNeXt': dict(depth=50, groups=4, width_per_group=4, base_channels=16),
    'SSDLiteMobileNetV3': dict(arch='small_050'),
    'SSDVGG': dict(depth=11),
    'SparseConvNeXt': dict(
        arch=dict(depths=[1, 2], channels=[8, 12]), gap_before_output=False
    ),
    'SparseResNet': dict(depth=18, stem_channels=4, base_channels=4),
    'ShuffleNetV1': dict(groups=2, widen_factor=0.5, out_indices=(0, 2)),
    'ShuffleNetV2': dict(widen_factor=0.5, out_indices=(0, 3)),
    'SwinTransformer': dict(
        arch=dict(embed_dims=8, depths=[2, 1], num_heads=[1, 2]),
        window_size=3,
        out_indices=(0, 1),
    ),
    'SwinTransformerV2': dict(
        arch=dict(
            embed_dims=8, depths=[2, 1], num_heads=[1, 2], extra_norm_every_n_blocks=1
        ),
        window_size=3,
        pretrained_window_sizes=(0, 0),
        out_indices=(0, 1),
    ),
    'T2T_ViT': dict(
        img_size=64,
        embed_dims=24,
        num_layers=2,
        t2t_cfg=dict(token_dims=8),
        layer_cfgs=dict(num_heads=2, feedforward_channels=24),
    ),
    'TNT': dict(
        arch=dict(
            embed_dims_outer=16,
            embed_dims_inner=8,
            num_layers=2,
            num_heads_outer=2,
            num_heads_inner=2,
        ),
        img_size=64,
    ),
    'TinyViT': dict(
        arch=dict(channels=[8, 12], num_heads=[1, 2], depths=[1, 2]),
        img_size=64,
        window_size=[3, 3],
        gap_before_final_norm=False,
        out_indices=(0, 1),
    ),
    'VAN': dict(
        arch=dict(embed_dims=[8, 12], depths=[1, 1], ffn_ratios=[2, 2]),
        patch_sizes=(7, 3),
        out_indices=(0, 1),
    ),
    'VGG': dict(depth=11, num_stages=3, dilations=(1, 1, 1), out_indices=(0, 2)),
    'ViTEVA02': dict(arch=TOKENS, img_size=64, out_type='featmap'),
    'ViTSAM': dict(
        arch=dict(TOKENS, global_attn_indexes=[1]), window_size=3, out_channels=8
    ),
    'Vig': dict(arch=dict(num_blocks=2, channels=16), k=2),
    'VisionTransformer': dict(arch=TOKENS, img_size=64),
    'XCiT': dict(embed_dims=16, depth=2, num_heads=2, img_size=64),
}

# Shape of one image; parts that are not listed take IMAGE.
IMAGE = (3, 64, 64)

IMAGES = {
    'AlexNet': (3, 96, 96),
    'InceptionV3': (3, 96, 96),
    'LeNet5': (1, 32, 32),
    'PyramidVig': (3, 224, 224),
    'Vig': (3, 224, 224),
}

# Backbones that take no other size of image, each with the reason.
FIXED_SIZE = {
    'LeNet5': 'its last convolution must leave 1x1',
    'LeViT': 'its biases are for a fixed grid of tokens',
    'MixMIMTransformer': 'its windows divide a fixed grid of tokens',
    'RepMLPNet': 'its weights mix a fixed number of pixels',
    'TinyViT': 'mmpretrain states the size of its maps when it is built',
    'MlpMixer': 'its weights mix a fixed number of patches',
    'PyramidVig': 'its positions are for a fixed grid of nodes',
    'TNT': 'its positions are for a fixed grid of patches',
    'Vig': 'its positions are for a fixed grid of nodes',
}

# Backbones where rounding decides at some places, each with the reason.
ROUNDED = {
    'PyramidVig': 'two neighbours may be equally near',
    'Vig': 'two neighbours may be equally near',
}

# Backbones of a pre-training, which return other things than maps and vectors.
PRETRAINING = {
    'BEiTPretrainViT': 'returns all tokens',
    'CAEPretrainViT': 'returns all tokens',
    'MAEHiViT': 'returns tokens, a mask, and where they belong',
    'MAEViT': 'returns tokens, a mask, and where they belong',
    'MFFViT': 'returns tokens, a mask, and where they belong',
    'MILANViT': 'returns tokens, and where they belong',
    'MaskFeatViT': 'returns all tokens',
    'MixMIMPretrainTransformer': 'returns tokens, and of which image they are',
    'SimMIMSwinTransformer': 'has a token that only a mask needs',
    'iTPNHiViT': 'returns tokens, a mask, and where they belong',
}

# Backbones around another network, which decides what they promise, each with the
# reason why no contract is tried.
AROUND = {
    'HuggingFaceBackbone': 'takes a package that is optional',
    'LoRAModel': 'freezes the weights, and saves the changes alone',
    'TIMMBackbone': 'takes a package that is optional',
    'TorchvisionBackbone': 'takes a package that is optional',
}

# Parameters without effect that a checkpoint has, each with the reason.
UNREACHED = {'DeiT3': ('ln2', 'mmpretrain calls the first norm twice')}


def backbone_cfg(name: str, **changes: Any) -> dict[str, Any]:
    """Config of a small backbone."""
    return dict(type=name, **{**arguments_of(name, BACKBONES, 'BACKBONES'), **changes})


def image_shape(name: str) -> Sequence[int]:
    """Shape ``(C, H, W)`` of an image for a backbone."""
    return IMAGES.get(name, IMAGE)
