import time

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop as TheirEpochBasedTrainLoop
from support.training import toy_cfg, toy_runner

from mmlite.engine import build_dataloader
from mmlite.engine.loops import batches_from, endless_batches


class Record(Hook):
    def __init__(self):
        self.calls = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        paths = [s.img_path for s in data_batch['data_samples']]
        self.calls.append((runner.epoch, runner.iter, batch_idx, paths))

    def before_val(self, runner):
        self.calls.append((runner.epoch, runner.iter, 'val'))


def recorded(tmp_path, **changes):
    runner = toy_runner(tmp_path, **changes)
    record = Record()
    runner.register_hook(record)
    runner.train()
    return record.calls


def test_epochs_count_and_shuffle(tmp_path):
    calls = [c for c in recorded(tmp_path) if c[-1] != 'val']
    assert [c[:3] for c in calls] == [
        (e, 5 * e + i, i) for e in range(3) for i in range(5)
    ]
    epochs = [sum((c[3] for c in calls if c[0] == e), []) for e in range(3)]
    assert all(sorted(e) == sorted(epochs[0]) for e in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_iterations_pass_over_the_data_without_a_pause(tmp_path):
    began = time.perf_counter()
    calls = recorded(
        tmp_path,
        train_cfg=dict(by_epoch=False, max_iters=20, val_interval=100, val_begin=99),
        param_scheduler=None,
    )
    assert time.perf_counter() - began < 10  # mmengine sleeps 2 s a pass
    assert [c[1] for c in calls] == list(range(20))
    passes = [sum((c[3] for c in calls[i : i + 5]), []) for i in (0, 5, 10, 15)]
    assert all(sorted(p) == sorted(passes[0]) for p in passes)
    assert passes[0] != passes[1]


@pytest.mark.parametrize(
    ('schedule', 'after'),
    [
        (dict(val_interval=2), [2, 3]),
        (dict(val_begin=3), [3]),
        (dict(val_interval=5, dynamic_intervals=[[2, 1]]), [1, 2, 3]),
    ],
)
def test_when_it_validates(tmp_path, schedule, after):
    """Also after the last epoch, as mmengine does."""
    cfg = dict(by_epoch=True, max_epochs=3, **schedule)
    calls = recorded(tmp_path, train_cfg=cfg)
    assert [c[0] for c in calls if c[-1] == 'val'] == after


def test_a_loop_is_also_one_of_mmengine(tmp_path):
    assert isinstance(toy_runner(tmp_path).train_loop, TheirEpochBasedTrainLoop)


def test_stopping_early(tmp_path):
    class Stop(Hook):
        def after_train_epoch(self, runner):
            runner.train_loop.stop_training = True

    runner = toy_runner(tmp_path)
    runner.register_hook(Stop())
    runner.train()
    assert (runner.epoch, runner.iter) == (1, 5)


def paths(batches):
    return [[s.img_path for s in batch['data_samples']] for batch in batches]


@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize('sampler', ['DefaultSampler', 'mmengine.DefaultSampler'])
def test_skipping_gives_the_rest(sampler, workers):
    """By the sampler if it can, else by leaving batches out."""
    cfg = toy_cfg('').train_dataloader
    cfg.sampler.type, cfg.num_workers = sampler, workers
    loader = build_dataloader(cfg, seed=3)
    whole = paths(batches_from(loader, epoch=1))
    assert paths(batches_from(loader, epoch=1, start=2)) == whole[2:]
    assert paths(batches_from(loader, epoch=1, start=5)) == []
    assert paths(batches_from(loader, epoch=1)) == whole


def test_skipping_loads_nothing(monkeypatch):
    loader = build_dataloader(toy_cfg('').train_dataloader, seed=3)
    loaded = []
    get = type(loader.dataset).__getitem__
    monkeypatch.setattr(
        type(loader.dataset),
        '__getitem__',
        lambda self, i: loaded.append(i) or get(self, i),
    )
    list(batches_from(loader, epoch=0, start=4))
    assert len(loaded) == 8


@pytest.mark.parametrize('sampler', ['DefaultSampler', 'InfiniteSampler'])
def test_endless_batches_go_on_anywhere(sampler):
    cfg = toy_cfg('').train_dataloader
    cfg.sampler.type = sampler

    def take(start, count):
        batches = endless_batches(build_dataloader(cfg, seed=3), start)
        return paths(next(batches) for _ in range(count))

    assert take(7, 6) == take(0, 13)[7:]


def test_starting_an_epoch_draws_no_global_random_number():
    cfg = toy_cfg('').train_dataloader
    cfg.num_workers = 1
    loader = build_dataloader(cfg, seed=3)
    before = torch.get_rng_state()
    list(batches_from(loader, 0))
    assert torch.equal(torch.get_rng_state(), before)


def test_losses_of_a_validation_are_averaged(tmp_path):
    from mmengine.structures import BaseDataElement

    runner = toy_runner(tmp_path)
    step = runner.model.val_step
    losses = iter([1.0, 2.0, 6.0])

    def with_loss(data):
        loss = BaseDataElement(loss=dict(loss_a=torch.tensor(next(losses))))
        return [*step(data), loss]

    runner.model.val_step = with_loss
    metrics = runner.val()
    assert metrics['loss_a'] == metrics['val_loss'] == 3.0
    assert metrics['toy/count'] == 21


class BreakOff(Hook):
    """As Ctrl-C would, after a batch of the first validation."""

    def __init__(self, batch_idx):
        self.batch_idx = batch_idx

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if batch_idx == self.batch_idx:
            self.batch_idx = None
            raise KeyboardInterrupt


@pytest.mark.parametrize('batch_idx', [0, 1])
def test_a_validation_that_was_broken_off_does_not_count(tmp_path, batch_idx):
    """Neither what is judged already, nor a batch that waits for others."""
    metrics = [dict(type='ToyRunHits'), dict(type='Accuracy')]
    # With this seed, a batch that counts twice would change both figures.
    cfg = dict(val_evaluator=metrics, randomness=dict(seed=3))
    expected = toy_runner(tmp_path / 'a', **cfg).val()
    runner = toy_runner(tmp_path / 'b', **cfg)
    runner.register_hook(BreakOff(batch_idx))
    with pytest.raises(KeyboardInterrupt):
        runner.val()
    assert runner.val() == expected
