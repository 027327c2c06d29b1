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


def test_the_simulation_sees_what_a_gpu_refuses():
    code = (
        'import torch\n'
        'from support.simulated_device import *\n'
        "x = torch.zeros(3).to('sim', non_blocking=True)\n"
        'assert not WAITS\n'
        'with SimulatedDevice():\n'
        "    torch.tensor([1.0], device='sim')\n"
        '    x.new_tensor([1.0])\n'
        '    x[[0, 1]]\n'
        '    x[x > 1]\n'
        '    x.sum().item()\n'
        'print(sum(WAITS.values()))\n'
        'x + torch.zeros(3)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        env=dict(os.environ, PYTHONPATH=str(TESTS)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ['5']
    assert 'MixedDevicesError: aten.add.Tensor: on the CPU' in done.stderr
