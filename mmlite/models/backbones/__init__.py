"""Backbones: an image in, a tuple of features out."""

from .airbench_net import AirbenchBlock, AirbenchNet
from .base_backbone import BaseBackbone
from .beit import BEiTViT
from .conformer import Conformer
from .davit import DaViT
from .deit import DistilledVisionTransformer
from .deit3 import DeiT3
from .hivit import BlockWithRPE, HiViT, PatchMerge
from .lenet import LeNet5
from .levit import LeViT
from .mixmim import MixMIMTransformer
from .mlp_mixer import MlpMixer
from .mobilenet_v2 import InvertedResidual, MobileNetV2
from .mvit import MViT
from .residual_block import BasicBlock, Bottleneck, ResidualBlock, ResLayer
from .resnet import ResNet, ResNetV1c, ResNetV1d
from .resnet_cifar import ResNet_CIFAR
from .resnext import ResNeXt, ResNeXtBottleneck
from .revvit import RevVisionTransformer
from .seresnet import SEBottleneck, SEResNet
from .swin_transformer import SwinBlock, SwinBlockSequence, SwinTransformer
from .swin_transformer_v2 import SwinTransformerV2
from .t2t_vit import T2T_ViT
from .tnt import TNT
from .twins import PCPVT, SVT
from .vig import PyramidVig, Vig
from .vision_transformer import VisionTransformer
from .vit_eva02 import ViTEVA02
from .vit_sam import ViTSAM
from .xcit import XCiT

__all__ = [
    'PCPVT',
    'SVT',
    'TNT',
    'AirbenchBlock',
    'AirbenchNet',
    'BEiTViT',
    'BaseBackbone',
    'BasicBlock',
    'BlockWithRPE',
    'Bottleneck',
    'Conformer',
    'DaViT',
    'DeiT3',
    'DistilledVisionTransformer',
    'HiViT',
    'InvertedResidual',
    'LeNet5',
    'LeViT',
    'MViT',
    'MixMIMTransformer',
    'MlpMixer',
    'MobileNetV2',
    'PatchMerge',
    'PyramidVig',
    'ResLayer',
    'ResNeXt',
    'ResNeXtBottleneck',
    'ResNet',
    'ResNetV1c',
    'ResNetV1d',
    'ResNet_CIFAR',
    'ResidualBlock',
    'RevVisionTransformer',
    'SEBottleneck',
    'SEResNet',
    'SwinBlock',
    'SwinBlockSequence',
    'SwinTransformer',
    'SwinTransformerV2',
    'T2T_ViT',
    'ViTEVA02',
    'ViTSAM',
    'Vig',
    'VisionTransformer',
    'XCiT',
]
