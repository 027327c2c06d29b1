"""Backbones: an image in, a tuple of features out."""

from .airbench_net import AirbenchBlock, AirbenchNet
from .base_backbone import BaseBackbone
from .beit import BEiTViT
from .deit import DistilledVisionTransformer
from .deit3 import DeiT3
from .lenet import LeNet5
from .mobilenet_v2 import InvertedResidual, MobileNetV2
from .residual_block import BasicBlock, Bottleneck, ResidualBlock, ResLayer
from .resnet import ResNet, ResNetV1c, ResNetV1d
from .resnet_cifar import ResNet_CIFAR
from .resnext import ResNeXt, ResNeXtBottleneck
from .seresnet import SEBottleneck, SEResNet
from .vision_transformer import VisionTransformer
from .vit_eva02 import ViTEVA02

__all__ = [
    'AirbenchBlock',
    'AirbenchNet',
    'BEiTViT',
    'BaseBackbone',
    'BasicBlock',
    'Bottleneck',
    'DeiT3',
    'DistilledVisionTransformer',
    'InvertedResidual',
    'LeNet5',
    'MobileNetV2',
    'ResLayer',
    'ResNeXt',
    'ResNeXtBottleneck',
    'ResNet',
    'ResNetV1c',
    'ResNetV1d',
    'ResNet_CIFAR',
    'ResidualBlock',
    'SEBottleneck',
    'SEResNet',
    'ViTEVA02',
    'VisionTransformer',
]
