"""Arguments that make every part small: the one place where a new part is named.

A part that is registered but not listed fails its contract with the line to add.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from mmlite.registry import MODELS, TRANSFORMS, Registry


class LossCase(NamedTuple):
    """Arguments of a loss, and the kind of truth that it compares with.

    Args:
        args: Arguments of the constructor.
        target: ``'labels'`` (class indices), ``'scores'`` (a distribution over
            the classes), ``'multi_hot'`` or ``'dense'`` (numbers of any size).
    """

    args: dict[str, Any]
    target: str


# A transformer of two layers.
TOKENS = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)

BACKBONES = {
    'AirbenchNet': dict(widths=(4, 8, 8), out_indices=(0, 2)),
    'BEiTViT': dict(arch=TOKENS, img_size=64),
    'DeiT3': dict(arch=TOKENS, img_size=64),
    'DistilledVisionTransformer': dict(
        arch=TOKENS, img_size=64, out_type='avg_featmap', out_indices=(0, 1)
    ),
    'LeNet5': dict(),
    'MlpMixer': dict(
        arch=dict(embed_dims=16, num_layers=2, tokens_mlp_dims=8, channels_mlp_dims=32),
        img_size=64,
    ),
    'MobileNetV2': dict(widen_factor=0.125, out_indices=(1, 3, 7)),
    'ResNeXt': dict(depth=50, groups=4, width_per_group=4, base_channels=16),
    'ResNet': dict(depth=18, stem_channels=4, base_channels=4, out_indices=(0, 3)),
    'ResNetV1c': dict(depth=18, stem_channels=4, base_channels=4),
    'ResNetV1d': dict(depth=18, stem_channels=4, base_channels=4),
    'ResNet_CIFAR': dict(depth=18, stem_channels=4, base_channels=4),
    'SEResNet': dict(depth=50, stem_channels=4, base_channels=4, se_ratio=2),
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
    'ViTEVA02': dict(arch=TOKENS, img_size=64, out_type='featmap'),
    'ViTSAM': dict(
        arch=dict(TOKENS, global_attn_indexes=[1]), window_size=3, out_channels=8
    ),
    'VisionTransformer': dict(arch=TOKENS, img_size=64),
}

# Shape of one image; parts that are not listed take IMAGE.
IMAGE = (3, 64, 64)
IMAGES = {'LeNet5': (1, 32, 32)}

# Backbones that take no other size of image, each with the reason.
FIXED_SIZE = {
    'LeNet5': 'its last convolution must leave 1x1',
    'MlpMixer': 'its weights mix a fixed number of patches',
}

# Parameters without effect that a checkpoint has, each with the reason.
UNREACHED = {'DeiT3': ('ln2', 'mmpretrain calls the first norm twice')}

NECKS = {'GlobalAveragePooling': dict(), 'GlobalMaxPooling': dict()}

# For heads: the width of the feature vector is 8, the number of classes 5.
HEADS = {
    'ClsHead': dict(),
    'DeiTClsHead': dict(num_classes=5, in_channels=8, hidden_dim=6),
    'LinearClsHead': dict(num_classes=5, in_channels=8),
    'ScaledLinearClsHead': dict(num_classes=5, in_channels=8, scale=0.5),
    'VisionTransformerClsHead': dict(num_classes=5, in_channels=8, hidden_dim=6),
}

LOSSES = {
    'CrossEntropyLoss': [
        LossCase(dict(), 'labels'),
        LossCase(dict(class_weight=[1.0, 2.0, 3.0, 4.0, 5.0]), 'labels'),
        LossCase(dict(use_soft=True), 'scores'),
        LossCase(dict(use_sigmoid=True, pos_weight=2.0), 'multi_hot'),
    ],
    'L1Loss': [LossCase(dict(), 'dense')],
    'LabelSmoothLoss': [
        LossCase(dict(label_smooth_val=0.1), 'labels'),
        LossCase(dict(label_smooth_val=0.1, mode='classy_vision'), 'labels'),
        LossCase(dict(label_smooth_val=0.1, mode='multi_label'), 'multi_hot'),
    ],
    'MSELoss': [LossCase(dict(), 'dense')],
    'SmoothL1Loss': [LossCase(dict(beta=0.5), 'dense')],
}

# For transforms: the image is 33x47.
STEPS = {
    'AlternatingFlip': dict(),
    'CenterCrop': dict(crop_size=20),
    'ColorJitter': dict(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
    'Compose': dict(transforms=[dict(type='RandomFlip', prob=0.5)]),
    'LoadImageFromFile': dict(),
    'Normalize': dict(mean=[120.0] * 3, std=[60.0] * 3),
    'PackInputs': dict(),
    'Pad': dict(size=(50, 40)),
    'RandomCrop': dict(crop_size=20, padding=4),
    'RandomErasing': dict(erase_prob=1.0, mode='rand'),
    'RandomFlip': dict(prob=0.5, direction='horizontal'),
    'RandomGrayscale': dict(prob=0.5, keep_channels=True),
    'RandomResizedCrop': dict(scale=20),
    'Resize': dict(scale=(21, 19)),
    'ResizeEdge': dict(scale=20),
    'Shift': dict(x=3, y=-2),
    'TestTimeAug': dict(
        transforms=[[dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)]]
    ),
}

# For transforms of batches: the images are 9x12.
BATCH_STEPS = {
    'BatchRandomCrop': dict(crop_size=(8, 10), padding=2),
    'BatchRandomErasing': dict(erase_prob=0.7),
    'BatchRandomFlip': dict(prob=0.6, direction=['horizontal', 'diagonal']),
}

# Transforms that turn uint8 into something else, each with the reason.
OTHER_DTYPE = {'Normalize': 'normalised values are fractions'}


def registered(registry: Registry, module: str) -> list[str]:
    """Names of what a package of mmlite registers."""
    registry.import_from_location()
    found = registry.module_dict.items()
    return sorted(name for name, part in found if part.__module__.startswith(module))


def names_of(kind: str) -> list[str]:
    """Names of the parts of one kind, e.g. ``'backbones'``."""
    if kind in ('transforms', 'batch_transforms'):
        names = registered(TRANSFORMS, 'mmlite.datasets.transforms')
        for_batches = kind == 'batch_transforms'
        return [n for n in names if n.startswith('Batch') == for_batches]
    return registered(MODELS, f'mmlite.models.{kind}')


def arguments_of(name: str, table: dict[str, Any], called: str) -> Any:
    """The entry of a part, or a failure that says what to add."""
    if name not in table:
        pytest.fail(
            f'{name} has no entry; add small arguments for it to {called} in '
            'tests/contracts/tiny.py'
        )
    return table[name]


def backbone_cfg(name: str, **changes: Any) -> dict[str, Any]:
    """Config of a small backbone."""
    return dict(type=name, **{**arguments_of(name, BACKBONES, 'BACKBONES'), **changes})


def image_shape(name: str) -> Sequence[int]:
    """Shape ``(C, H, W)`` of an image for a backbone."""
    return IMAGES.get(name, IMAGE)
