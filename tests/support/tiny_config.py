"""A whole config of the tiny parts that tests/config registers."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from mmengine.config import Config

from mmlite.config import check_config, load_config
from mmlite.errors import ConfigError

PIPELINE = [dict(type='TinyCrop', crop_size=8)]
LOADER = dict(
    batch_size=4,
    num_workers=2,
    dataset=dict(type='TinyData', pipeline=PIPELINE),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
CFG = dict(
    model=dict(
        type='TinyWhole',
        backbone=dict(type='TinyNet', depth=1),
        head=dict(
            type='TinyHead',
            num_classes=3,
            in_channels=8,
            loss=dict(type='TinyLoss', loss_weight=1.0),
        ),
    ),
    data_preprocessor=dict(type='BaseDataPreprocessor'),
    train_dataloader=LOADER,
    train_cfg=dict(by_epoch=True, max_epochs=3),
    optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=0.1, momentum=0.9),
        clip_grad=dict(max_norm=1.0),
        paramwise_cfg=dict(
            norm_decay_mult=0.0, custom_keys={'.token': dict(decay_mult=0.0)}
        ),
    ),
    param_scheduler=[
        dict(type='LinearLR', start_factor=0.1, end=1, convert_to_iter_based=True),
        dict(type='CosineAnnealingLR', begin=1, by_epoch=True),
    ],
    val_dataloader=LOADER,
    val_cfg=dict(),
    val_evaluator=dict(type='TinyMetric'),
    test_dataloader=LOADER,
    test_cfg=dict(),
    test_evaluator=dict(type='TinyMetric'),
    default_hooks=dict(
        timer=dict(type='IterTimerHook'),
        logger=dict(interval=10),
        checkpoint=dict(type='CheckpointHook', save_best='tiny/top1'),
        sampler_seed=None,
        ema=dict(type='EMAHook', momentum=1e-3, priority='ABOVE_NORMAL'),
    ),
    custom_hooks=[dict(type='EarlyStoppingHook', monitor='tiny/top1')],
    env_cfg=dict(
        tf32=False,
        mp_cfg=dict(mp_start_method='fork'),
        dist_cfg=dict(backend='gloo'),
    ),
    visualizer=dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')]),
    log_processor=dict(window_size=5),
    randomness=dict(seed=0),
    auto_scale_lr=dict(base_batch_size=64),
    log_level='INFO',
    work_dir='runs',
    compile=False,
    channels_last=True,
)


def found(cfg: dict) -> list[str]:
    """The problems of a config, as they are printed."""
    return [str(problem) for problem in check_config(Config(cfg))]


def refused(path: str | Path, overrides: Sequence[str] = ()) -> str:
    """What is said of a config file that cannot be read."""
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    return str(caught.value)
