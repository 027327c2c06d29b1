"""What only a GPU can show; skipped where there is none."""

from __future__ import annotations

import pytest
import torch
from support.devices import ON_GPU
from support.memory_run import CROP, FLIP, CtrlC, memory_runner
from support.runs import DIGITS, TINY
from support.training import toy_runner
from support.waits import look_at_iterations

from mmlite.apis import init_model, train
from mmlite.apis import test as run_test
from mmlite.engine import Interrupted
from mmlite.engine.checkpoints.snapshot import Snapshot, SnapshotMemory
from mmlite.engine.prefetch import prefetched

pytestmark = ON_GPU

SAME_BITS = dict(seed=1, deterministic=True)
#: ResNet-18 of a quarter of the width, on all digits.
LEARNS = (
    'train_cfg.max_epochs=8',
    'train_dataloader.in_memory=True',
    'val_dataloader.in_memory=True',
)


def weights(runner):
    state = runner.model.state_dict()
    return {name: value.to('cpu', copy=True) for name, value in state.items()}


def test_a_step_is_that_of_the_cpu(tmp_path, monkeypatch):
    on_gpu = memory_runner(tmp_path / 'a', env_cfg=dict(tf32=False))
    on_gpu.train()
    assert next(on_gpu.model.parameters()).is_cuda
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr('mmengine.device.utils.DEVICE', 'cpu')
    on_cpu = memory_runner(tmp_path / 'b')
    on_cpu.train()
    assert not next(on_cpu.model.parameters()).is_cuda
    torch.testing.assert_close(weights(on_gpu), weights(on_cpu), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('in_memory', [True, False])
def test_the_same_bits_twice_and_after_a_stop(tmp_path, in_memory):
    extra = dict(in_memory=in_memory, randomness=SAME_BITS)
    pipeline = (CROP, FLIP)
    first, second = (
        memory_runner(tmp_path / name, *pipeline, **extra) for name in 'ab'
    )
    first.train()
    second.train()
    torch.testing.assert_close(weights(first), weights(second), rtol=0, atol=0)
    stopped = memory_runner(tmp_path / 'c', *pipeline, **extra)
    stopped.register_hook(CtrlC(7))
    with pytest.raises(Interrupted):
        stopped.train()
    torch.manual_seed(99)
    resumed = memory_runner(tmp_path / 'c', *pipeline, resume=True, **extra)
    resumed.train()
    torch.testing.assert_close(weights(resumed), weights(first), rtol=0, atol=0)


def test_data_in_memory_lie_on_the_gpu(tmp_path):
    runner = memory_runner(tmp_path, CROP, FLIP)
    runner.train()
    batch = next(iter(runner.train_dataloader))
    assert batch['inputs'].is_cuda and len(batch['inputs']) == 8
    assert batch['data_samples'].field('gt_label').is_cuda


@pytest.mark.parametrize('options', [(), ('+compile=True', '+channels_last=True')])
def test_digits_are_learnt(tmp_path, options):
    runner = train(DIGITS, [*LEARNS, *options], work_dir=tmp_path, amp=True)
    assert runner.message_hub.get_scalar('val/accuracy/top1').current() > 80
    saved = torch.load(tmp_path / 'epoch_8.pth', weights_only=True)['state_dict']
    plain = init_model(DIGITS, device='cpu').state_dict()
    assert saved.keys() == plain.keys()
    assert all(not tensor.is_cuda for tensor in saved.values())
    metrics = run_test(DIGITS, tmp_path / 'epoch_8.pth', work_dir=tmp_path / 'test')
    assert metrics['accuracy/top1'] > 80


@pytest.mark.parametrize('dtype', ['float16', 'bfloat16'])
def test_precisions(tmp_path, dtype):
    wrapper = dict(
        type='AmpOptimWrapper',
        dtype=dtype,
        optimizer=dict(type='SGD', lr=0.05, momentum=0.9),
        clip_grad=dict(max_norm=1.0),
    )
    runner = memory_runner(tmp_path, optim_wrapper=wrapper)
    runner.train()
    assert runner.optim_wrapper.loss_scaler.is_enabled() == (dtype == 'float16')
    assert all(p.dtype == torch.float32 for p in runner.model.parameters())
    state = runner.optim_wrapper.state_dict()['loss_scaler']
    assert bool(state) == (dtype == 'float16')


def overflowing(work_dir, wrapper, max_iters):
    return memory_runner(
        work_dir,
        optim_wrapper=wrapper,
        train_cfg=dict(by_epoch=False, max_iters=max_iters),
        val_dataloader=None,
        val_cfg=None,
        val_evaluator=None,
    )


def test_a_step_whose_gradients_overflow_is_left_out(tmp_path):
    wrapper = dict(
        type='AmpOptimWrapper',
        dtype='float16',
        loss_scale=dict(init_scale=2.0**40),
        optimizer=dict(type='SGD', lr=0.05),
    )
    runner = overflowing(tmp_path, wrapper, max_iters=1)
    before = weights(runner)
    runner.train()
    torch.testing.assert_close(before, weights(runner), rtol=0, atol=0)
    assert runner.optim_wrapper.loss_scaler.get_scale() == 2.0**39


def test_a_step_after_an_overflow_goes_by_its_own_gradients(tmp_path):
    """Its momentum is not what was in the memory before."""
    wrapper = dict(
        type='AmpOptimWrapper',
        dtype='float16',
        loss_scale=dict(init_scale=2.0**40, backoff_factor=2.0**-30),
        optimizer=dict(type='SGD', lr=0.05, momentum=0.9),
    )
    runner = overflowing(tmp_path, wrapper, max_iters=2)
    junk = [torch.full_like(p, 1e30, device='cuda') for p in runner.model.parameters()]
    before = weights(runner)
    del junk
    runner.train()
    after = weights(runner)
    assert runner.optim_wrapper.loss_scaler.get_scale() == 2.0**10
    assert any(not torch.equal(before[name], after[name]) for name in before)
    torch.testing.assert_close(before, after, rtol=0, atol=1.0)


@pytest.mark.parametrize('in_memory', [True, False])
@pytest.mark.parametrize('dtype', [None, 'bfloat16'])
def test_no_iteration_waits_for_the_gpu(tmp_path, in_memory, dtype):
    wrapper = dict(optimizer=dict(type='AdamW', lr=0.01), clip_grad=dict(max_norm=1.0))
    if dtype is not None:
        wrapper.update(type='AmpOptimWrapper', dtype=dtype)
    runner = memory_runner(
        tmp_path,
        CROP,
        FLIP,
        in_memory=in_memory,
        optim_wrapper=wrapper,
        custom_hooks=[dict(type='EMAHook')],
        param_scheduler=[dict(type='LinearLR', by_epoch=False, end=10)],
        train_cfg=dict(by_epoch=True, max_epochs=2),
        val_dataloader=None,
        val_cfg=None,
        val_evaluator=None,
        default_hooks=dict(checkpoint=dict(interval=-1, save_last=False)),
    )
    with look_at_iterations(runner, first=3, mode='error'):
        runner.train()
    assert runner.iter == 10


def test_batches_come_whole_while_the_gpu_works():
    device = torch.device('cuda')
    batches = [dict(inputs=torch.full((1_000_000,), i).pin_memory()) for i in range(20)]
    much = torch.randn(4000, 4000, device=device)
    sums = []
    for batch in prefetched(batches, device):
        much = (much @ much).clamp(-1, 1)
        sums.append(batch['inputs'].sum())
        del batch
    assert [int(value) for value in sums] == [i * 1_000_000 for i in range(20)]


def test_a_snapshot_is_of_the_moment_in_which_it_is_taken():
    memory = SnapshotMemory()
    tensor = torch.zeros(10_000_000, device='cuda')
    for moment in range(5):
        tensor.fill_(moment)
        snapshot = Snapshot(dict(tensor=tensor), memory)
        tensor.fill_(-1)
        content = snapshot.content()['tensor']
        assert content.device.type == 'cpu' and bool((content == moment).all())
        snapshot.release()


def test_a_checkpoint_that_is_loaded_validates_as_before(tmp_path):
    trained = toy_runner(tmp_path, custom_hooks=[dict(type='EMAHook')])
    trained.train()
    loaded = toy_runner(tmp_path / 'other', load_from=str(tmp_path / 'epoch_3.pth'))
    accuracy = loaded.val()['toy/acc']
    assert accuracy == trained.message_hub.get_scalar('val/toy/acc').current()


def test_inference(tmp_path):
    train(DIGITS, TINY, work_dir=tmp_path)
    options = dict(checkpoint=tmp_path / 'epoch_1.pth', overrides=TINY)
    images = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        there = init_model(DIGITS, device='cuda', **options)(images.cuda())
        here = init_model(DIGITS, device='cpu', **options)(images)
    torch.testing.assert_close(there.cpu(), here, rtol=1e-2, atol=1e-2)
