"""Every family trains, stops, goes on and predicts, on a GPU where there is one."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from support.devices import ON_GPU, on_each_device
from support.families import FAMILIES
from support.memory_run import CtrlC
from support.waits import look_at_iterations, reported_waits

from mmlite.apis import inferencer_of, prepare_training, train
from mmlite.config import load_config
from mmlite.engine import Interrupted, Runner

for_each_family = pytest.mark.parametrize('family', FAMILIES)
#: Products of float32 have all their bits, as on the CPU.
EXACT = 'env_cfg.tf32=False'
SAME_BITS = ('randomness.seed=1', 'randomness.deterministic=True')
#: Waits of an iteration on a batch of two images: the ground truth, three for each
#: sampler, and what has an object; small proposals and suppression for each image.
WAITS = dict(one_stage=2, two_stage=8 + 2 * 4)


def checkpoint_of(work_dir):
    return Path((work_dir / 'last_checkpoint').read_text().strip())


def runner_of(family, work_dir, *options, hooks=(), resume=False):
    small = FAMILIES[family]
    cfg = load_config(small.config, (*small.options, *options))
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or ()), *hooks]
    cfg = prepare_training(cfg, work_dir=work_dir, resume=resume)
    return Runner.from_cfg(cfg)


class Losses(Hook):
    """Notes the loss of each iteration."""

    def __init__(self):
        self.all = []

    def after_train_iter(self, runner, outputs=None, **kwargs):
        self.all.append(outputs['loss'].detach())


def weights(runner):
    return {k: v.cpu() for k, v in runner.model.state_dict().items()}


def predictions(family, checkpoint, device):
    small = FAMILIES[family]
    found = inferencer_of(checkpoint, device=device)(small.inputs(), batch_size=2)
    return [torch.as_tensor(one.sample.get(small.found)).cpu() for one in found]


def half(dtype):
    return 'optim_wrapper.type=AmpOptimWrapper', f'+optim_wrapper.dtype={dtype}'


@pytest.mark.parametrize(
    ('device', 'dtype'),
    [
        pytest.param('cpu', 'bfloat16', marks=pytest.mark.slow),
        pytest.param('cuda', 'bfloat16', marks=ON_GPU),
        pytest.param('cuda', 'float16', marks=ON_GPU),  # no CPU trains with it
    ],
)
@for_each_family
def test_it_learns_in_half_precision_validates_and_predicts(
    tmp_path, family, device, dtype
):
    small = FAMILIES[family]
    options = (*small.options, *half(dtype), EXACT)
    runner = train(small.config, options, work_dir=tmp_path)
    assert next(runner.model.parameters()).device.type == device
    assert runner.iter == 4
    assert runner.optim_wrapper.loss_scaler.is_enabled() == (dtype == 'float16')
    scalars = runner.message_hub.log_scalars
    validated = [scalars[name].current() for name in scalars if name.startswith('val/')]
    assert validated and all(math.isfinite(value) for value in validated)
    assert all(p.isfinite().all() for p in runner.model.parameters())
    saved = torch.load(checkpoint_of(tmp_path), weights_only=True, map_location=None)
    assert all(tensor.device.type == 'cpu' for tensor in saved['state_dict'].values())
    here = predictions(family, checkpoint_of(tmp_path), 'cpu')
    there = predictions(family, checkpoint_of(tmp_path), device)
    assert len(here) == 2
    for ours, theirs in zip(here, there, strict=True):
        # The best boxes: which of the worst are above a threshold is up to rounding.
        torch.testing.assert_close(theirs[:5], ours[:5], rtol=1e-3, atol=1e-3)


@on_each_device
@for_each_family
def test_it_goes_on_with_the_same_bits(tmp_path, family, device, deterministic_ends):
    averaged = [dict(type='EMAHook')]
    straight = runner_of(family, tmp_path / 'a', *SAME_BITS, hooks=averaged)
    straight.train()
    stopped = runner_of(family, tmp_path / 'b', *SAME_BITS, hooks=averaged)
    stopped.register_hook(CtrlC(1))
    with pytest.raises(Interrupted):
        stopped.train()
    assert stopped.iter == 2
    torch.manual_seed(99)
    again = dict(hooks=averaged, resume=True)
    resumed = runner_of(family, tmp_path / 'b', *SAME_BITS, **again)
    resumed.train()
    assert resumed.iter == 4
    logs = ''.join(log.read_text() for log in tmp_path.glob('*/*/*.log'))
    # Tri-linear upsampling adds up its gradients in any order on a GPU; whatever else
    # does, by this version of PyTorch, is named in the log too.
    differs = 'has no deterministic version' in logs
    assert differs or family != 'volume' or device == 'cpu'
    bits = dict(rtol=1e-2, atol=1e-3) if differs else dict(rtol=0, atol=0)
    assert next(straight.model.parameters()).device.type == device
    torch.testing.assert_close(weights(resumed), weights(straight), **bits)


@pytest.mark.parametrize(
    ('family', 'device'),
    [
        *(pytest.param(name, 'cuda', marks=ON_GPU) for name in FAMILIES),
        # Without the compiler itself: what is compiled as one graph, and what is not.
        *(
            pytest.param(name, 'cpu', marks=pytest.mark.slow)
            for name in ('contrastive', 'two_stage')
        ),
    ],
)
def test_compiled_and_with_the_channels_last_it_learns_the_same(
    tmp_path, family, device
):
    compiled = '+compile=True' if device == 'cuda' else '+compile.backend=eager'
    fast = (compiled, '+channels_last=True')
    plain, other = (
        losses_of(family, tmp_path / name, device, *options)
        for name, options in (('a', ()), ('b', fast))
    )
    # Which proposals are learned from turns on the last bits of their scores.
    rounding = 0.2 if family == 'two_stage' else 1e-3
    torch.testing.assert_close(other[0], plain[0], rtol=rounding, atol=1e-4)
    torch.testing.assert_close(other, plain, rtol=0.2, atol=1e-2)


def losses_of(family, work_dir, device, *options):
    """The loss of each iteration, where the average of the weights is kept too."""
    from torch._inductor import config as inductor

    torch.compiler.reset()
    hooks = [dict(type='EMAHook')]
    runner = runner_of(family, work_dir, EXACT, *options, hooks=hooks)
    losses = Losses()
    runner.register_hook(losses)
    # Draws of a compiled network are those of one that is not.
    with inductor.patch(fallback_random=True):
        runner.train()
    assert next(runner.model.parameters()).device.type == device
    assert len(losses.all) == 4
    return torch.stack(losses.all).cpu()


def short(family, work_dir):
    """A training that only trains, for six iterations, and logs at the end."""
    more = 6 if family == 'gait' else 2
    unit = 'max_iters' if family == 'gait' else 'max_epochs'
    cfg = copy.deepcopy(runner_of(family, work_dir, f'train_cfg.{unit}={more}').cfg)
    cfg.update(val_dataloader=None, val_cfg=None, val_evaluator=None)
    cfg.default_hooks.checkpoint = dict(
        type='CheckpointHook', interval=-1, save_last=False
    )
    cfg.default_hooks.logger.interval = 100
    cfg.custom_hooks = [dict(type='EMAHook')]
    return Runner.from_cfg(cfg)


@pytest.mark.parametrize('device', [pytest.param('cuda', marks=ON_GPU)])
@pytest.mark.parametrize('family', [name for name in FAMILIES if name not in WAITS])
def test_no_iteration_waits_for_the_gpu(tmp_path, family, device):
    runner = short(family, tmp_path)
    with look_at_iterations(runner, first=3, mode='error'):
        runner.train()
    assert next(runner.model.parameters()).device.type == device


@pytest.mark.parametrize('device', [pytest.param('cuda', marks=ON_GPU)])
@pytest.mark.parametrize('family', WAITS)
def test_a_detector_waits_seldom(tmp_path, family, device):
    runner = short(family, tmp_path)
    with look_at_iterations(runner, first=6, mode='warn'), reported_waits() as waits:
        runner.train()
    assert next(runner.model.parameters()).device.type == device
    assert 0 < len(waits) <= WAITS[family], waits
