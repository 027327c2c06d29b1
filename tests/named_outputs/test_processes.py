"""Two processes train every model of named outputs, and detectors."""

from __future__ import annotations

import copy

import torch
from contracts.noise import NOISE
from contracts.tiny import WHOLES
from support.devices import on_each_device
from support.two_processes import frozen_gradients, learn_halves, train_all

from mmlite.engine.environment import allow_tf32
from mmlite.registry import MODELS

# 'Baseline' is another name of GaitBase.
NAMES = [n for n, (_, t) in WHOLES.items() if 'gait' in t and n != 'Baseline']
STEREO = [name for name, (_, task) in WHOLES.items() if task == 'stereo']
DETECTORS = ['RetinaNet', 'FasterRCNN']


def cases_of(names):
    """The config of each, and a batch for both processes."""
    return {
        name: (dict(WHOLES[name][0], type=name), NOISE[WHOLES[name][1]](4))
        for name in names
    }


def results_of(function, cases, folder, device):
    torch.multiprocessing.spawn(function, (folder, cases, device), nprocs=2)
    paths = [folder / f'{rank}.pth' for rank in range(2)]
    return [torch.load(path, map_location='cpu') for path in paths]


@on_each_device
def test_every_parameter_takes_part(tmp_path, device):
    cases = cases_of([*NAMES, *STEREO, *DETECTORS])
    first, second = results_of(train_all, cases, tmp_path, device)
    for name, (losses, state) in first.items():
        assert all(loss.isfinite() for loss in losses), name
        for key, value in state.items():
            assert torch.equal(value, second[name][1][key]), (name, key)


@on_each_device
def test_walks_in_two_processes_are_one_batch(tmp_path, device):
    """Each process has walks of one identity alone: only together there are triplets.

    Norms do not look at the batch here: they would see half of it.
    """
    cases = cases_of(NAMES)
    found = results_of(learn_halves, cases, tmp_path, device)
    allow_tf32(False)
    for name, (cfg, data) in cases.items():
        torch.manual_seed(0)
        model = MODELS.build(copy.deepcopy(cfg)).to(device).train()
        expected = frozen_gradients(model, model, data)
        expected = {key: grad.cpu() for key, grad in expected.items()}
        scale = max(grad.abs().max() for grad in expected.values())
        for key, value in expected.items():
            for part in found:
                torch.testing.assert_close(
                    part[name][key],
                    value,
                    rtol=1e-3,
                    atol=1e-4 * scale.item(),
                    msg=f'{name}: {key}',
                )
