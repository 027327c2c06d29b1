"""Backbones: an image in, a tuple of features out."""

from ..layers import BasicBlock, Bottleneck, ResidualBlock, ResLayer
from .airbench_net import AirbenchBlock, AirbenchNet
from .alexnet import AlexNet
from .base_backbone import BaseBackbone
from .beit import BEiTViT
from .convmixer import ConvMixer
from .convnext import ConvNeXt, ConvNeXtBlock
from .cspnet import CSPDarkNet, CSPResNet, CSPResNeXt
from .deit import DistilledVisionTransformer
from .deit3 import DeiT3
from .densenet import DenseNet
from .edgenext import EdgeNeXt
from .efficientformer import EfficientFormer
from .efficientnet import EfficientNet
from .efficientnet_v2 import EfficientNetV2
from .hornet import HorNet
from .hrnet import HRNet
from .inception_v3 import InceptionV3
from .lenet import LeNet5
from .mlp_mixer import MlpMixer
from .mobilenet_v2 import InvertedResidual, MobileNetV2
from .mobilenet_v3 import MobileNetV3
from .mobileone import MobileOne, MobileOneBlock
from .mobilevit import MobileViT
from .poolformer import PoolFormer
from .regnet import RegNet
from .replknet import RepLKNet
from .repmlp import RepMLPNet
from .repvgg import RepVGG, RepVGGBlock
from .res2net import Bottle2neck, Res2Net
from .resnest import ResNeSt
from .resnet import ResNet, ResNetV1c, ResNetV1d
from .resnet_cifar import ResNet_CIFAR
from .resnext import ResNeXt, ResNeXtBottleneck
from .riformer import RIFormer
from .seresnet import SEBottleneck, SEResNet
from .seresnext import SEResNeXt
from .shufflenet_v1 import ShuffleNetV1
from .shufflenet_v2 import ShuffleNetV2
from .ssd_vgg import SSDVGG
from .ssdlite_mobilenet_v3 import SSDLiteMobileNetV3
from .swin_transformer import SwinBlock, SwinBlockSequence, SwinTransformer
from .swin_transformer_v2 import SwinTransformerV2
from .tinyvit import TinyViT
from .van import VAN
from .vgg import VGG
from .vision_transformer import VisionTransformer
from .vit_eva02 import ViTEVA02
from .vit_sam import ViTSAM

__all__ = [
    'SSDVGG',
    'VAN',
    'VGG',
    'AirbenchBlock',
    'AirbenchNet',
    'AlexNet',
    'BEiTViT',
    'BaseBackbone',
    'BasicBlock',
    'Bottle2neck',
    'Bottleneck',
    'CSPDarkNet',
    'CSPResNeXt',
    'CSPResNet',
    'ConvMixer',
    'ConvNeXt',
    'ConvNeXtBlock',
    'DeiT3',
    'DenseNet',
    'DistilledVisionTransformer',
    'EdgeNeXt',
    'EfficientFormer',
    'EfficientNet',
    'EfficientNetV2',
    'HRNet',
    'HorNet',
    'InceptionV3',
    'InvertedResidual',
    'LeNet5',
    'MlpMixer',
    'MobileNetV2',
    'MobileNetV3',
    'MobileOne',
    'MobileOneBlock',
    'MobileViT',
    'PoolFormer',
    'RIFormer',
    'RegNet',
    'RepLKNet',
    'RepMLPNet',
    'RepVGG',
    'RepVGGBlock',
    'Res2Net',
    'ResLayer',
    'ResNeSt',
    'ResNeXt',
    'ResNeXtBottleneck',
    'ResNet',
    'ResNetV1c',
    'ResNetV1d',
    'ResNet_CIFAR',
    'ResidualBlock',
    'SEBottleneck',
    'SEResNeXt',
    'SEResNet',
    'SSDLiteMobileNetV3',
    'ShuffleNetV1',
    'ShuffleNetV2',
    'SwinBlock',
    'SwinBlockSequence',
    'SwinTransformer',
    'SwinTransformerV2',
    'TinyViT',
    'ViTEVA02',
    'ViTSAM',
    'VisionTransformer',
]
