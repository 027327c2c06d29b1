"""Each family's smallest training: a recipe of generated data, cut to a few steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from support.runs import ROOT, TINY


class Family(NamedTuple):
    """A recipe, what makes it small, and what its inferencer takes.

    Args:
        config: The recipe.
        options: Overrides after which it has four iterations and a validation.
        inputs: Makes the inputs of two samples for the inferencer.
        found: The field of a prediction that shows its numbers.
    """

    config: str
    options: tuple[str, ...]
    inputs: Callable[[], Any]
    found: str


def _family(config: str, *options: str, **kwargs: Any) -> Family:
    return Family(str(ROOT / 'configs' / config), options, **kwargs)


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def _pictures(side: int, channels: int = 3) -> list[np.ndarray]:
    return list(_noise(2, side, side, channels))


def _walks() -> list[np.ndarray]:
    walks = np.zeros((2, 6, 64, 44), np.uint8)
    walks[0, :, 4:60, 14:30] = walks[1, :, 4:60, 18:26] = 255
    return list(walks)


def _pairs() -> list[list[np.ndarray]]:
    left = _noise(2, 32, 64, 3)
    return [[view, np.roll(view, -3, axis=1)] for view in left]


def _of_digits(batch_size: int) -> tuple[str, ...]:
    return (
        f'train_dataloader.batch_size={batch_size}',
        f'train_dataloader.dataset.indices={4 * batch_size}',
        'val_dataloader.dataset.indices=30',
        'test_dataloader.dataset.indices=30',
        *_ONE_EPOCH,
    )


_ONE_EPOCH = (
    'train_cfg.max_epochs=1',
    'train_cfg.val_interval=1',
    'default_hooks.checkpoint.interval=1',
    'param_scheduler=None',
)
_NARROW = ('model.backbone.stem_channels=8', 'model.backbone.base_channels=8')
_OF_SHAPES = (
    'train_dataloader.batch_size=2',
    'train_dataloader.dataset.num_train=8',
    'val_dataloader.dataset.num_test=4',
    'test_dataloader.dataset.num_test=4',
    *_ONE_EPOCH,
)

FAMILIES: dict[str, Family] = dict(
    classification=_family(
        'resnet18_digits.py',
        *TINY,
        inputs=lambda: _pictures(32),
        found='pred_score',
    ),
    contrastive=_family(
        'simclr/simclr_resnet18_1xb256_digits.py',
        *_NARROW,
        'model.neck.in_channels=64',
        *_of_digits(16),
        inputs=lambda: _pictures(16),
        found='pred_embedding',
    ),
    masked=_family(
        'mae/mae_vit-tiny-p8_1xb128_digits.py',
        *_of_digits(16),
        inputs=lambda: _pictures(16),
        found='pred_target',  # which patches are hidden is drawn
    ),
    retrieval=_family(
        'retrieval/arcface_resnet18_1xb64_digits.py',
        'model.prototype.dataset.indices=30',
        *_of_digits(16),
        inputs=lambda: _pictures(16),
        found='pred_score',
    ),
    one_stage=_family(
        'ssd/ssd_tiny_1xb16-30e_shapes.py',
        *_OF_SHAPES,
        inputs=lambda: _pictures(128),
        found='pred_scores',
    ),
    two_stage=_family(
        'faster_rcnn/faster_rcnn_tiny_fpn_1xb16-18e_shapes.py',
        *_OF_SHAPES,
        inputs=lambda: _pictures(128),
        found='pred_scores',
    ),
    gait=_family(
        'gait/gaitbase_tiny_1xb32-400i_walkers.py',
        'train_dataloader.dataset.num_train=4',
        'train_dataloader.batch_sampler.num_identities=4',
        'train_dataloader.batch_sampler.num_instances=2',
        'val_dataloader.dataset.num_test=2',
        'test_dataloader.dataset.num_test=2',
        'model.SeparateBNNecks.class_num=4',
        'train_cfg.max_iters=4',
        'train_cfg.val_interval=4',
        'default_hooks.checkpoint.interval=4',
        'param_scheduler=None',
        inputs=_walks,
        found='pred_embedding',
    ),
    stereo=_family(
        'stereo/tinystereo_1xb8-40e_scenes.py',
        'train_dataloader.batch_size=2',
        'train_dataloader.dataset.num_scenes=8',
        'val_dataloader.dataset.num_scenes=4',
        'test_dataloader.dataset.num_scenes=4',
        *_ONE_EPOCH,
        inputs=_pairs,
        found='pred_disparity',
    ),
    volume=_family(
        'stereo/tinystereo_1xb8-40e_scenes.py',
        'model={type: GwcNet, max_disp: 16, num_groups: 8}',
        'train_dataloader.batch_size=1',
        'train_dataloader.dataset.num_scenes=4',
        'train_dataloader.dataset.size=(32,64)',
        'train_dataloader.dataset.max_disp=16',
        'val_dataloader.dataset.num_scenes=2',
        'test_dataloader.dataset.num_scenes=2',
        *_ONE_EPOCH,
        inputs=_pairs,
        found='pred_disparity',
    ),
)
