"""Backbones: an image in, a tuple of features out."""

from ..layers import (
    BasicBlock,
    BlockWithRPE,
    Bottleneck,
    PatchMerge,
    ResidualBlock,
    ResLayer,
)
from .airbench_net import AirbenchBlock, AirbenchNet
from .alexnet import AlexNet
from .base_backbone import BaseBackbone
from .beit import BEiTViT
from .conformer import Conformer
from .convmixer import ConvMixer
from .convnext import ConvNeXt, ConvNeXtBlock
from .cspnet import CSPDarkNet, CSPResNet, CSPResNeXt
from .davit import DaViT
from .deit import DistilledVisionTransformer
from .deit3 import DeiT3
from .densenet import DenseNet
from .edgenext import EdgeNeXt
from .efficientformer import EfficientFormer
from .efficientnet import EfficientNet
from .efficientnet_v2 import EfficientNetV2
from .hivit import HiViT
from .hornet import HorNet
from .hrnet import HRNet
from .inception_v3 import InceptionV3
from .itpn_hivit import iTPNHiViT
from .lenet import LeNet5
from .levit import LeViT
from .lora import LoRAModel
from .mae_hivit import MAEHiViT
from .mae_vit import MAEViT, MFFViT, MILANViT
from .masked_vit import BEiTPretrainViT, CAEPretrainViT, MaskFeatViT
from .mixmim import MixMIMTransformer
from .mixmim_pretrain import MixMIMPretrainTransformer
from .mlp_mixer import MlpMixer
from .mobilenet_v2 import InvertedResidual, MobileNetV2
from .mobilenet_v3 import MobileNetV3
from .mobileone import MobileOne, MobileOneBlock
from .mobilevit import MobileViT
from .mocov3_vit import MoCoV3ViT
from .mvit import MViT
from .plain import Plain
from .poolformer import PoolFormer
from .regnet import RegNet
from .replknet import RepLKNet
from .repmlp import RepMLPNet
from .repvgg import RepVGG, RepVGGBlock
from .res2net import Bottle2neck, Res2Net
from .resnest import ResNeSt
from .resnet import ResNet, ResNetV1c, ResNetV1d
from .resnet9 import ResNet9
from .resnet_cifar import ResNet_CIFAR
from .resnext import ResNeXt, ResNeXtBottleneck
from .revvit import RevVisionTransformer
from .riformer import RIFormer
from .seresnet import SEBottleneck, SEResNet
from .seresnext import SEResNeXt
from .shufflenet_v1 import ShuffleNetV1
from .shufflenet_v2 import ShuffleNetV2
from .simmim_swin import SimMIMSwinTransformer
from .sparse_convnext import SparseConvNeXt
from .sparse_resnet import SparseResNet
from .ssd_vgg import SSDVGG
from .ssdlite_mobilenet_v3 import SSDLiteMobileNetV3
from .swin_transformer import SwinTransformer
from .swin_transformer_blocks import SwinBlock, SwinBlockSequence
from .swin_transformer_v2 import SwinTransformerV2
from .t2t_vit import T2T_ViT
from .tinyvit import TinyViT
from .tnt import TNT
from .twins import PCPVT, SVT
from .van import VAN
from .vgg import VGG
from .vig import PyramidVig, Vig
from .vision_transformer import VisionTransformer
from .vit_eva02 import ViTEVA02
from .vit_sam import ViTSAM
from .wrapped import HuggingFaceBackbone, TIMMBackbone, TorchvisionBackbone
from .xcit import XCiT

__all__ = [
    'PCPVT',
    'SSDVGG',
    'SVT',
    'TNT',
    'VAN',
    'VGG',
    'AirbenchBlock',
    'AirbenchNet',
    'AlexNet',
    'BEiTPretrainViT',
    'BEiTViT',
    'BaseBackbone',
    'BasicBlock',
    'BlockWithRPE',
    'Bottle2neck',
    'Bottleneck',
    'CAEPretrainViT',
    'CSPDarkNet',
    'CSPResNeXt',
    'CSPResNet',
    'Conformer',
    'ConvMixer',
    'ConvNeXt',
    'ConvNeXtBlock',
    'DaViT',
    'DeiT3',
    'DenseNet',
    'DistilledVisionTransformer',
    'EdgeNeXt',
    'EfficientFormer',
    'EfficientNet',
    'EfficientNetV2',
    'HRNet',
    'HiViT',
    'HorNet',
    'HuggingFaceBackbone',
    'InceptionV3',
    'InvertedResidual',
    'LeNet5',
    'LeViT',
    'LoRAModel',
    'MAEHiViT',
    'MAEViT',
    'MFFViT',
    'MILANViT',
    'MViT',
    'MaskFeatViT',
    'MixMIMPretrainTransformer',
    'MixMIMTransformer',
    'MlpMixer',
    'MoCoV3ViT',
    'MobileNetV2',
    'MobileNetV3',
    'MobileOne',
    'MobileOneBlock',
    'MobileViT',
    'PatchMerge',
    'Plain',
    'PoolFormer',
    'PyramidVig',
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
    'ResNet9',
    'ResNetV1c',
    'ResNetV1d',
    'ResNet_CIFAR',
    'ResidualBlock',
    'RevVisionTransformer',
    'SEBottleneck',
    'SEResNeXt',
    'SEResNet',
    'SSDLiteMobileNetV3',
    'ShuffleNetV1',
    'ShuffleNetV2',
    'SimMIMSwinTransformer',
    'SparseConvNeXt',
    'SparseResNet',
    'SwinBlock',
    'SwinBlockSequence',
    'SwinTransformer',
    'SwinTransformerV2',
    'T2T_ViT',
    'TIMMBackbone',
    'TinyViT',
    'TorchvisionBackbone',
    'ViTEVA02',
    'ViTSAM',
    'Vig',
    'VisionTransformer',
    'XCiT',
    'iTPNHiViT',
]
