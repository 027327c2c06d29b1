"""Write the files of key_maps/: python tests/golden/make_key_maps.py LIBRARY.

LIBRARY is timm, torchvision or huggingface, and installed; the folder ``tests`` is on
the path. Each file holds the names and shapes of a network of it, our config of the
same network, and what theirs gives with weights filled by rule; see ``rules.py``.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from golden.rules import fill, make_input
from torch import nn

FOLDER = Path(__file__).parent / 'key_maps'
CLASSES = 10
POOLED = dict(type='GlobalAveragePooling')
TINY_SWIN = dict(embed_dims=24, depths=[1, 1, 2, 1], num_heads=[2, 2, 2, 2])
TINY_VIT = dict(embed_dims=48, num_layers=2, num_heads=3, feedforward_channels=192)
NARROW = dict(depths=[1, 1, 2, 1], channels=[8, 16, 24, 32])


def linear(backbone: dict, width: int, neck: dict | None = POOLED) -> dict:
    """A classifier with a linear head."""
    head = dict(type='LinearClsHead', in_channels=width, num_classes=CLASSES)
    return dict(type='ImageClassifier', backbone=backbone, neck=neck, head=head)


def with_head(
    backbone: dict, width: int, kind: str, neck: Any = None, **kw: Any
) -> dict:
    """A classifier with another head."""
    head = dict(type=kind, in_channels=width, num_classes=CLASSES, **kw)
    return dict(type='ImageClassifier', backbone=backbone, neck=neck, head=head)


def vit(kind: str = 'VisionTransformer', **kwargs: Any) -> dict:
    """A small vision transformer."""
    return dict(type=kind, arch=TINY_VIT, img_size=32, patch_size=8, **kwargs)


def mobilenet_v3(size: str, width: int, middle: int, eps: float) -> dict:
    """MobileNetV3 with its head of two layers."""
    norm = dict(type='BN', eps=eps, momentum=0.01)
    return with_head(
        dict(type='MobileNetV3', arch=size, norm_cfg=norm),
        width,
        'StackedLinearClsHead',
        POOLED,
        mid_channels=[middle],
        act_cfg=dict(type='HSwish'),
    )


BEIT = dict(
    out_type='avg_featmap',
    use_abs_pos_emb=False,
    use_rel_pos_bias=True,
    use_shared_rel_pos_bias=False,
    layer_scale_init_value=0.1,
)
MIXER = dict(embed_dims=48, num_layers=2, tokens_mlp_dims=24, channels_mlp_dims=192)
PLAIN_CONV = dict(conv_cfg=dict(type='Conv2d'), norm_cfg=dict(type='BN', eps=1e-5))
CONVNEXT = linear(dict(type='ConvNeXt', arch=NARROW), 32, None)
CONVNEXT_V2 = linear(
    dict(type='ConvNeXt', arch=NARROW, use_grn=True, layer_scale_init_value=0.0),
    32,
    None,
)
Case = tuple[Callable[[Any], nn.Module], dict, int]


def of_timm() -> Mapping[str, Case]:
    """Networks of timm."""
    return {**tokens_of_timm(), **maps_of_timm(), **mobile_of_timm()}


def make(name: str, **kwargs: Any) -> Callable[[Any], nn.Module]:
    """What builds a network of timm."""
    return lambda timm: timm.create_model(name, num_classes=CLASSES, **kwargs)


def tokens_of_timm() -> Mapping[str, Case]:
    """Transformers and mixers of timm."""
    small = dict(img_size=32, patch_size=8, embed_dim=48, depth=2, num_heads=3)
    swin = dict(embed_dim=24, depths=(1, 1, 2, 1), num_heads=(2,) * 4)
    return {
        'vit': (
            make('vit_tiny_patch16_224', **small),
            with_head(vit(), 48, 'VisionTransformerClsHead'),
            32,
        ),
        'deit-distilled': (
            make('deit_tiny_distilled_patch16_224', **small),
            with_head(vit('DistilledVisionTransformer'), 48, 'DeiTClsHead'),
            32,
        ),
        'beit': (
            make('beit_base_patch16_224', init_values=0.1, **small),
            linear(vit('BEiTViT', **BEIT), 48, None),
            32,
        ),
        'mixer': (
            lambda timm: timm.models.MlpMixer(
                CLASSES, img_size=32, patch_size=8, embed_dim=48, num_blocks=2
            ),
            linear(
                dict(type='MlpMixer', arch=MIXER, img_size=32, patch_size=8),
                48,
                dict(type='GlobalAveragePooling', dim=1),
            ),
            32,
        ),
        'swin': (
            make('swin_tiny_patch4_window7_224', img_size=128, window_size=4, **swin),
            linear(
                dict(
                    type='SwinTransformer', arch=TINY_SWIN, img_size=128, window_size=4
                ),
                192,
            ),
            128,
        ),
        'swinv2': (
            make('swinv2_tiny_window8_256', img_size=64, window_size=2, **swin),
            linear(
                dict(
                    type='SwinTransformerV2',
                    arch=dict(TINY_SWIN, extra_norm_every_n_blocks=0),
                    img_size=64,
                    window_size=[2, 2, 2, 2],
                ),
                192,
            ),
            64,
        ),
    }


def maps_of_timm() -> Mapping[str, Case]:
    """Convolutional networks of timm."""
    narrow = dict(depths=(1, 1, 2, 1), dims=(8, 16, 24, 32))
    return {
        'convnext': (
            make('convnext_tiny', **narrow),
            CONVNEXT,
            64,
        ),
        'convnextv2': (
            make('convnextv2_atto', **narrow),
            CONVNEXT_V2,
            64,
        ),
        'resnet50d': (
            make('resnet50d'),
            linear(dict(type='ResNetV1d', depth=50), 2048),
            64,
        ),
        'seresnet50': (
            make('seresnet50'),
            linear(dict(type='SEResNet', depth=50), 2048),
            64,
        ),
        'regnetx-400mf': (
            make('regnetx_004'),
            linear(dict(type='RegNet', arch='regnetx_400mf'), 384),
            64,
        ),
        'repvgg-a0': (
            make('repvgg_a0'),
            linear(dict(type='RepVGG', arch='A0', out_indices=(3,)), 1280),
            64,
        ),
        'vgg11-bn': (
            make('vgg11_bn'),
            dict(
                type='ImageClassifier',
                backbone=dict(
                    type='VGG', depth=11, norm_cfg=dict(type='BN'), num_classes=CLASSES
                ),
                head=dict(type='ClsHead'),
            ),
            224,
        ),
    }


def mobile_of_timm() -> Mapping[str, Case]:
    """Networks of timm that are made of inverted residuals."""
    return {
        'efficientnet-b0': (
            make('efficientnet_b0'),
            linear(dict(type='EfficientNet', arch='b0', **PLAIN_CONV), 1280),
            64,
        ),
        'efficientnet-es': (
            make('tf_efficientnet_es'),
            linear(
                dict(type='EfficientNet', arch='es', act_cfg=dict(type='ReLU')), 1280
            ),
            64,
        ),
        'efficientnetv2-b0': (
            make('tf_efficientnetv2_b0'),
            linear(dict(type='EfficientNetV2', arch='b0'), 1280),
            64,
        ),
        'mobilenetv2': (
            make('mobilenetv2_100'),
            linear(dict(type='MobileNetV2'), 1280),
            64,
        ),
        'mobilenetv3-small': (
            make('mobilenetv3_small_100'),
            mobilenet_v3('small', 576, 1024, 1e-5),
            64,
        ),
    }


def of_torchvision() -> Mapping[str, Case]:
    """Networks of torchvision."""

    def make(name: str, **kwargs: Any) -> Callable[[Any], nn.Module]:
        return lambda tv: tv.models.get_model(name, num_classes=CLASSES, **kwargs)

    def swin(tv: Any) -> nn.Module:
        return tv.models.SwinTransformer(
            [4, 4], 24, [1, 1, 2, 1], [2] * 4, [4, 4], num_classes=CLASSES
        )

    def convnext(tv: Any) -> nn.Module:
        blocks = tv.models.convnext.CNBlockConfig
        widths = ((8, 16, 1), (16, 24, 1), (24, 32, 2), (32, None, 1))
        return tv.models.ConvNeXt([blocks(*w) for w in widths], num_classes=CLASSES)

    return {
        'resnet18': (make('resnet18'), linear(dict(type='ResNet', depth=18), 512), 64),
        'vit': (
            lambda tv: tv.models.VisionTransformer(
                32, 8, 2, 3, 48, 192, num_classes=CLASSES
            ),
            with_head(vit(), 48, 'VisionTransformerClsHead'),
            32,
        ),
        'swin': (
            swin,
            linear(
                dict(
                    type='SwinTransformer', arch=TINY_SWIN, img_size=128, window_size=4
                ),
                192,
            ),
            128,
        ),
        'convnext': (
            convnext,
            CONVNEXT,
            64,
        ),
        'densenet121': (
            make('densenet121'),
            linear(dict(type='DenseNet', arch='121'), 1024),
            64,
        ),
        'regnetx-800mf': (
            make('regnet_x_800mf'),
            linear(dict(type='RegNet', arch='regnetx_800mf'), 672),
            64,
        ),
        'efficientnet-b0': (
            make('efficientnet_b0'),
            linear(dict(type='EfficientNet', arch='b0', **PLAIN_CONV), 1280),
            64,
        ),
        'mobilenetv2': (
            make('mobilenet_v2'),
            linear(dict(type='MobileNetV2'), 1280),
            64,
        ),
        'mobilenetv3-small': (
            make('mobilenet_v3_small'),
            mobilenet_v3('small', 576, 1024, 1e-3),
            64,
        ),
        'shufflenetv2': (
            make('shufflenet_v2_x1_0'),
            linear(dict(type='ShuffleNetV2'), 1024),
            64,
        ),
    }


def of_huggingface() -> Mapping[str, Case]:
    """Networks of transformers, whose names of files are on the hub."""
    labels = {str(i): i for i in range(CLASSES)}
    tokens = dict(
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=192,
        image_size=32,
        patch_size=8,
    )
    exact = dict(norm_cfg=dict(type='LN', eps=1e-12))
    stages = dict(hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1])
    swin = dict(embed_dim=24, depths=[1, 1, 2, 1], num_heads=[2] * 4, window_size=4)

    def make(kind: str, **kwargs: Any) -> Callable[[Any], nn.Module]:
        def build(transformers: Any) -> nn.Module:
            ids = {v: k for k, v in labels.items()}
            config = getattr(transformers, f'{kind}Config')(
                label2id=labels, id2label=ids, **kwargs
            )
            network = f'{kind}ForImageClassification'
            if kind == 'DeiT':
                network += 'WithTeacher'
            return getattr(transformers, network)(config)

        return build

    return {
        'vit': (make('ViT', **tokens), linear(vit(**exact), 48, None), 32),
        'deit-distilled': (
            make('DeiT', **tokens),
            with_head(vit('DistilledVisionTransformer', **exact), 48, 'DeiTClsHead'),
            32,
        ),
        'beit': (
            make('Beit', use_relative_position_bias=True, **tokens),
            linear(vit('BEiTViT', **BEIT, **exact), 48, None),
            32,
        ),
        'swin': (
            make('Swin', image_size=128, **swin),
            linear(
                dict(
                    type='SwinTransformer', arch=TINY_SWIN, img_size=128, window_size=4
                ),
                192,
            ),
            128,
        ),
        'convnext': (
            make('ConvNext', **stages),
            CONVNEXT,
            64,
        ),
        'convnextv2': (
            make('ConvNextV2', **stages),
            CONVNEXT_V2,
            64,
        ),
        'resnet18': (
            make(
                'ResNet',
                depths=[2, 2, 2, 2],
                hidden_sizes=[64, 128, 256, 512],
                layer_type='basic',
            ),
            linear(dict(type='ResNet', depth=18), 512),
            64,
        ),
    }


PACKAGES = dict(
    timm=('timm', of_timm),
    torchvision=('torchvision', of_torchvision),
    huggingface=('transformers', of_huggingface),
)


def logits_of(outputs: Any) -> torch.Tensor:
    """What a network gives, as a tensor."""
    return getattr(outputs, 'logits', outputs)


def main(project: str, only: str = '') -> None:
    """Write the files of a library."""
    package, cases = PACKAGES[project]
    library = importlib.import_module(package)
    for name, (build, config, size) in cases().items():
        if not name.startswith(only):
            continue
        network = build(library).eval()
        state = network.state_dict()
        network.load_state_dict({k: fill(k, v) for k, v in state.items()})
        with torch.no_grad():
            logits = logits_of(network(make_input([2, 3, size, size])))
        content = dict(
            source=f'{package} {library.__version__}',
            model=config,
            input=[2, 3, size, size],
            logits=[[round(x, 6) for x in row] for row in logits.tolist()],
            state=[
                f'{k} {",".join(map(str, v.shape))}'
                for k, v in state.items()
                if 'num_batches_tracked' not in k
            ],
        )
        path = FOLDER / f'{project}-{name}.json'
        path.write_text(json.dumps(content, separators=(',', ':')) + '\n')
        print(path.name, path.stat().st_size, flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
