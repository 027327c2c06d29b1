"""Every model on a second device, which is simulated where there is no GPU.

No operation mixes tensors of two devices, and a training step does not wait for the
device, but where the number of objects is only known there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from torch.utils import backend_registration

TESTS = Path(__file__).parent.parent
#: How often a step over 4 images waits: where boxes or hidden patches are counted.
WAITS = dict(
    BEiT=1,
    CAE=2,
    RetinaNet=2,
    SSD=2,
    SSDMetaArch=2,
    FasterRCNN=16,
    FasterRCNNMetaArch=16,
)
#: The same of a training iteration over 2 images, with its loader and all hooks.
WAITS_OF_FAMILIES = dict(one_stage=2, two_stage=12)
#: Volumes are written in another order there, which rounds otherwise.
ROUNDED = dict(stereo=2e-2, volume=5e-2)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not hasattr(backend_registration, '_setup_privateuseone_for_python_backend'),
        reason='this PyTorch has no devices that are written in Python',
    ),
]


def seen(what: str) -> dict[str, dict]:
    """What a program of its own saw; each model by name."""
    program = TESTS / 'support' / 'simulated_runs.py'
    paths = [str(TESTS), os.environ.get('PYTHONPATH', '')]
    done = subprocess.run(
        [sys.executable, program, what],
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths))),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(('what', 'least'), [('wholes', 35), ('backbones', 60)])
def test_devices_are_not_mixed_and_not_waited_for(what, least):
    found = seen(what)
    assert len(found) > least
    assert {k: v['error'] for k, v in found.items() if 'error' in v} == {}
    assert {k: v for k, v in found.items() if v.get('difference', 0) > 1e-4} == {}
    assert {k: v for k, v in found.items() if v['waits'] > WAITS.get(k, 0)} == {}


def test_trainings_go_as_on_the_cpu():
    found = seen('families')
    assert {k: v['error'] for k, v in found.items() if 'error' in v} == {}
    for name, run in found.items():
        assert run['difference'] <= ROUNDED.get(name, 1e-5), name
        assert run['waits'] <= WAITS_OF_FAMILIES.get(name, 0), run['places']


def run_code(*lines: str) -> subprocess.CompletedProcess:
    """What these lines print in a process that knows the device."""
    code = '\n'.join(('import torch', 'from support.simulated_device import *', *lines))
    return subprocess.run(
        [sys.executable, '-c', code],
        env=dict(os.environ, PYTHONPATH=str(TESTS)),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_simulation_sees_what_a_gpu_refuses():
    done = run_code(
        "x = torch.zeros(3).to('sim', non_blocking=True)",
        'assert not WAITS',
        'with SimulatedDevice():',
        "    torch.tensor([1.0], device='sim')",
        '    x.new_tensor([1.0])',
        '    x[[0, 1]]',
        '    x[x > 1]',
        '    x.sum().item()',
        'print(sum(WAITS.values()))',
        'x + torch.zeros(3)',
    )
    assert done.stdout.split() == ['5']
    assert 'MixedDevicesError: aten.add.Tensor: on the CPU' in done.stderr


@pytest.mark.parametrize(('count', 'most'), [(300, 1), (3000, 3)])
def test_nms_waits_once_a_block_and_between_two(count, most):
    done = run_code(
        'from mmlite.ops import fixed_point_nms',
        f'corners, sizes = torch.rand(2, {count}, 2)',
        'boxes = torch.cat([corners * 100, corners * 100 + sizes * 40 + 5], dim=1)',
        f'scores, labels = torch.rand({count}), torch.arange({count}) % 3',
        'theirs = fixed_point_nms(boxes, scores, labels, 0.5)',
        "there = [x.to('sim') for x in (boxes, scores, labels)]",
        'WAITS.clear()',
        'with SimulatedDevice():',
        '    ours = fixed_point_nms(*there, 0.5)',
        'print(sum(WAITS.values()), torch.equal(ours.raw, theirs))',
    )
    assert done.returncode == 0, done.stderr[-3000:]
    waits, equal = done.stdout.split()
    assert 0 < int(waits) <= most
    assert equal == 'True'
