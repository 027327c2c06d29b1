"""Small self-supervised models."""

from __future__ import annotations

from typing import Any

from contracts.tiny.backbones import STAGES, TOKENS
from contracts.tiny.parts import COSINE, CROSS_ENTROPY, L2, MLP

_VIEWS = dict(
    backbone=dict(type='ResNet_CIFAR', depth=18, stem_channels=8, base_channels=8),
    neck=dict(type='MoCoV2Neck', in_channels=64, hid_channels=8, out_channels=8),
)

_PREDICT = dict(type='LatentPredictHead', loss=COSINE, predictor=MLP)

_CONTRAST = dict(type='ContrastiveHead', loss=CROSS_ENTROPY)

_QUEUE = dict(_VIEWS, queue_len=6, feat_dim=8, head=_CONTRAST)

CONTRASTIVE: dict[str, dict[str, Any]] = {
    'BYOL': dict(_VIEWS, head=_PREDICT),
    'BarlowTwins': dict(
        _VIEWS,
        head=dict(
            type='LatentCrossCorrelationHead',
            in_channels=8,
            loss=dict(type='CrossCorrelationLoss'),
        ),
    ),
    'DenseCL': dict(
        _QUEUE,
        neck=dict(type='DenseCLNeck', in_channels=64, hid_channels=8, out_channels=8),
    ),
    'MoCo': _QUEUE,
    'MoCoV3': dict(
        _VIEWS, head=dict(type='MoCoV3Head', loss=CROSS_ENTROPY, predictor=MLP)
    ),
    'SimCLR': dict(_VIEWS, head=_CONTRAST),
    'SimSiam': dict(_VIEWS, head=_PREDICT),
    'SwAV': dict(
        _VIEWS,
        neck=dict(type='SwAVNeck', in_channels=64, hid_channels=8, out_channels=8),
        head=dict(
            type='SwAVHead',
            loss=dict(type='SwAVLoss', feat_dim=8, num_prototypes=5),
        ),
    ),
}

_MAE_VIT = dict(arch=TOKENS, img_size=32, patch_size=8)

_MAE_DECODER = dict(
    type='MAEPretrainDecoder',
    num_patches=16,
    patch_size=8,
    embed_dim=16,
    decoder_embed_dim=8,
    decoder_depth=1,
    decoder_num_heads=2,
)

_MAE_HEAD = dict(type='MAEPretrainHead', patch_size=8, norm_pix=True)

_WORDS = dict(type='DALL-E', n_hid=4, vocab_size=5, n_blk_per_group=1)

_CLIP = dict(
    type='CLIPGenerator',
    arch=dict(grid=4, patch_size=8, width=8, layers=1, heads=2, output_dim=6),
)

#: The masked image models, whose recipes are tested with these small parts.
MASKED = (
    'BEiT',
    'CAE',
    'EVA',
    'MAE',
    'MFF',
    'MILAN',
    'MaskFeat',
    'MixMIM',
    'SimMIM',
    'SparK',
)

#: The masked image models: arguments, and what their images come with.
MASKED_WHOLES: dict[str, tuple[dict[str, Any], str]] = dict(
    EVA=(
        dict(
            backbone=dict(_MAE_VIT, type='MAEViT'),
            neck=dict(_MAE_DECODER, predict_feature_dim=6),
            head=dict(
                type='MIMHead',
                loss=dict(type='CosineSimilarityLoss', shift_factor=1.0),
            ),
            target_generator=_CLIP,
        ),
        'masked',
    ),
    MILAN=(
        dict(
            backbone=dict(_MAE_VIT, type='MILANViT'),
            neck=dict(_MAE_DECODER, type='MILANPretrainDecoder', predict_feature_dim=6),
            head=dict(
                type='MIMHead',
                loss=dict(type='CosineSimilarityLoss', shift_factor=1.0),
            ),
            target_generator=_CLIP,
        ),
        'masked',
    ),
    MAE=(
        dict(backbone=dict(_MAE_VIT, type='MAEViT'), neck=_MAE_DECODER, head=_MAE_HEAD),
        'masked',
    ),
    MFF=(
        dict(
            backbone=dict(_MAE_VIT, type='MFFViT', out_indices=[0, 1]),
            neck=_MAE_DECODER,
            head=_MAE_HEAD,
        ),
        'masked',
    ),
    SimMIM=(
        dict(
            backbone=dict(
                type='SimMIMSwinTransformer',
                arch=dict(embed_dims=8, depths=[1, 1], num_heads=[1, 2]),
                patch_size=8,
                img_size=32,
                window_size=2,
                out_indices=(1,),
            ),
            neck=dict(type='SimMIMLinearDecoder', in_channels=16, encoder_stride=16),
            head=dict(type='SimMIMHead', patch_size=8, loss=dict(L2, channel=3)),
        ),
        'masked',
    ),
    BEiT=(
        dict(
            backbone=dict(_MAE_VIT, type='BEiTPretrainViT'),
            head=dict(
                type='BEiTV1Head', embed_dims=16, num_embed=5, loss=CROSS_ENTROPY
            ),
            target_generator=_WORDS,
        ),
        'two_pictures',
    ),
    CAE=(
        dict(
            backbone=dict(_MAE_VIT, type='CAEPretrainViT'),
            neck=dict(
                type='CAENeck',
                num_classes=5,
                embed_dims=16,
                regressor_depth=1,
                decoder_depth=1,
                num_heads=2,
                mask_tokens_num=8,
            ),
            head=dict(type='CAEHead', loss=dict(type='CAELoss', lambd=2)),
            target_generator=_WORDS,
        ),
        'two_pictures',
    ),
    MixMIM=(
        dict(
            backbone=dict(
                type='MixMIMPretrainTransformer',
                arch=STAGES,
                img_size=32,
                window_size=(4, 4),
            ),
            neck=dict(
                type='MixMIMPretrainDecoder',
                num_patches=16,
                encoder_stride=8,
                embed_dim=16,
                decoder_embed_dim=8,
                decoder_depth=1,
                decoder_num_heads=2,
            ),
            head=dict(type='MixMIMPretrainHead'),
        ),
        'masked',
    ),
    MaskFeat=(
        dict(
            backbone=dict(type='MaskFeatViT', arch=TOKENS, img_size=112, patch_size=8),
            neck=dict(
                type='LinearNeck', in_channels=16, out_channels=27, norm_cfg=None
            ),
            head=dict(type='MIMHead', loss=L2),
            target_generator=dict(type='HOGGenerator'),
        ),
        'masked_14',
    ),
    SparK=(
        dict(
            input_size=64,
            enc_dec_norm_cfg=dict(type='SparseBatchNorm2d'),
            enc_dec_norm_dim=32,
            backbone=dict(
                type='SparseResNet',
                depth=18,
                stem_channels=4,
                base_channels=4,
                out_indices=(0, 1, 2, 3),
            ),
            neck=dict(type='SparKLightDecoder', feature_dim=32, upsample_ratio=32),
            head=dict(type='SparKPretrainHead'),
        ),
        'masked_64',
    ),
    iTPN=(
        dict(
            backbone=dict(
                type='iTPNHiViT',
                arch=dict(embed_dims=32, depths=[1, 1, 2], num_heads=2),
                img_size=64,
            ),
            neck=dict(
                type='iTPNPretrainDecoder',
                num_patches=16,
                embed_dim=32,
                fpn_dim=8,
                fpn_depth=1,
                decoder_embed_dim=16,
                decoder_depth=1,
                decoder_num_heads=2,
            ),
            head=dict(type='MAEPretrainHead', patch_size=16),
        ),
        'masked_64',
    ),
)
