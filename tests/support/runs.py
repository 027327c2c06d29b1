"""A training run small enough to be repeated in many tests."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DIGITS = str(ROOT / 'configs/resnet18_digits.py')
CIFAR = str(ROOT / 'configs/resnet18_cifar.py')

#: Overrides of DIGITS: 5 k parameters, 128 images, one epoch.
TINY = (
    'model.backbone.stem_channels=4',
    'model.backbone.base_channels=4',
    'model.head.in_channels=32',
    'train_dataloader.dataset.indices=128',
    'val_dataloader.dataset.indices=64',
    'test_dataloader.dataset.indices=64',
    'train_cfg.max_epochs=1',
    'param_scheduler=None',
)
