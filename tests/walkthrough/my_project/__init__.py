"""My parts. A config names this package in ``custom_imports``."""

from . import (
    gap,
    l1_loss,
    linear_head,
    resnet_cifar,
    rot_net,
    teacher_scores,
    vit_head,
)

__all__ = [
    'gap',
    'l1_loss',
    'linear_head',
    'resnet_cifar',
    'rot_net',
    'teacher_scores',
    'vit_head',
]
