import os
import time

import pytest
import torch
from mmengine.hooks import Hook
from support.training import toy_cfg, toy_runner

from mmlite.errors import TrainingError


def data_with_nan():
    loader = toy_cfg('').train_dataloader
    loader.sampler.shuffle = False
    loader.dataset.nan_at = 17  # in the third batch of eight
    return loader


def test_it_names_iteration_and_files(tmp_path):
    runner = toy_runner(tmp_path, train_dataloader=data_with_nan())
    with pytest.raises(TrainingError) as caught:
        runner.train()
    message = str(caught.value)
    assert 'the loss is nan in iteration 3 (epoch 1)' in message
    assert 'point_17.png' in message
    assert 'point_15.png' not in message
    assert not list(tmp_path.glob('*.pth'))


def test_it_names_the_last_good_checkpoint(tmp_path):
    toy_runner(tmp_path, train_cfg=dict(by_epoch=True, max_epochs=1)).train()
    runner = toy_runner(tmp_path, resume=True, train_dataloader=data_with_nan())
    with pytest.raises(TrainingError, match=r'good checkpoint is \S+epoch_1\.pth'):
        runner.train()


def test_a_checkpoint_of_an_earlier_training_is_not_named(tmp_path):
    toy_runner(tmp_path, train_cfg=dict(by_epoch=True, max_epochs=1)).train()
    long_ago = time.time() - 60
    os.utime(tmp_path / 'epoch_1.pth', (long_ago, long_ago))
    runner = toy_runner(tmp_path, train_dataloader=data_with_nan())
    with pytest.raises(TrainingError) as caught:
        runner.train()
    assert 'epoch_1.pth' not in str(caught.value)


def test_weights_that_are_no_numbers_are_not_saved(tmp_path):
    class Spoil(Hook):
        priority = 'LOW'

        def after_train_epoch(self, runner):
            if runner.epoch == 1:
                runner.model.head.fc.weight.data[0, 0] = float('inf')

    runner = toy_runner(tmp_path)
    runner.register_hook(Spoil())
    with pytest.raises(TrainingError, match=r'head\.fc\.weight holds NaN or infinite'):
        runner.train()
    assert [p.name for p in tmp_path.glob('*.pth')] == ['epoch_1.pth']


def test_a_gpu_is_asked_only_now_and_then(tmp_path, monkeypatch):
    """On the CPU each loss is looked at, elsewhere those of an interval at once."""
    looks = []
    stack = torch.stack
    monkeypatch.setattr(torch, 'stack', lambda x: looks.append(len(x)) or stack(x))
    hook = dict(
        nan_check=dict(interval=5), runtime_info=None, logger=None, checkpoint=None
    )
    runner = toy_runner(
        tmp_path,
        default_hooks=hook,
        val_dataloader=None,
        val_cfg=None,
        val_evaluator=None,
    )
    monkeypatch.setattr(
        'mmlite.engine.hooks.nan_loss_hook._on_cpu', lambda tensor: False
    )
    runner.train()
    assert [n for n in looks if n != 8] == [5, 5, 5]
