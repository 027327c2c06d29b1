"""What a user's own package needs, for each kind of data, from training to drawing."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmlite import apis
from mmlite.engine.checkpoints import load_checkpoint
from mmlite.registry import DATASETS, HOOKS, METRICS, MODELS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NOISE = np.random.default_rng(9)

#: Of each kind: the iteration that is never done, a result, the parts of an input, and
#: what a prediction of it holds.
KINDS = dict(
    views=(4, 'knn/loo_top1', [(32, 32, 3)], 'pred_embedding'),
    boxes=(4, 'pascal_voc/mAP', [(32, 32, 3)], 'pred_bboxes'),
    sequences=(6, 'gait/R1', [(5, 64, 44)], 'pred_embedding'),
    pairs=(3, 'disparity/image_epe', [(18, 26, 3)] * 2, 'pred_disparity'),
    gallery=(4, 'retrieval/Recall@1', [(32, 32, 3)], 'pred_label'),
)


@pytest.fixture(params=KINDS)
def kind(request, tmp_path, monkeypatch):
    """A folder with the package and its configs, as the working directory."""
    shutil.copytree(HERE / 'my_kinds', tmp_path / 'my_kinds')
    for config in (HERE / 'kinds').glob('*.py'):
        shutil.copy(config, tmp_path)
    monkeypatch.chdir(tmp_path)
    yield request.param
    for module in [m for m in sys.modules if m.split('.')[0] == 'my_kinds']:
        del sys.modules[module]
    for registry in (MODELS, DATASETS, METRICS, HOOKS):
        known = registry.module_dict
        for key in [k for k, v in known.items() if v.__module__.startswith('my_')]:
            del known[key]


def train(config, work_dir, at=None, processes=1, resume=False):
    """Train by the command line, perhaps until a process is killed."""
    command = [sys.executable]
    if processes > 1:
        command += ['-m', 'torch.distributed.run', f'--nproc_per_node={processes}']
        command += ['--master_port', str(20000 + os.getpid() % 20000)]
    command += [str(ROOT / 'tools/train.py'), config, '--work-dir', work_dir]
    command += ['--launcher', 'pytorch'] * (processes > 1) + ['--resume'] * resume
    if at is not None:
        hooks = f"[dict(type='VisualSummaryHook'),dict(type='Killer',at={at})]"
        command += ['--cfg-options', f'custom_hooks={hooks}']
    env = dict(os.environ, OMP_NUM_THREADS='1')
    return subprocess.run(command, env=env, capture_output=True, text=True)


def states(work_dir):
    """Weights, and the state of the optimizer, at the end."""
    saved = load_checkpoint(f'{work_dir}/epoch_2.pth')
    moments = {
        f'{number}.{name}': value
        for number, state in saved['optimizer']['state'].items()
        for name, value in state.items()
    }
    return saved['state_dict'] | moments


def same(one, other):
    one, other = states(one), states(other)
    assert one.keys() == other.keys()
    assert [k for k in one if not torch.equal(one[k], other[k])] == []


def test_it_costs_six_files_at_most(kind):
    """The table of docs/architecture.md; the power cut is the test's own."""
    types = set(re.findall(r"type='(\w+)'", Path(f'{kind}.py').read_text()))
    written = Path('my_kinds').glob('*.py')
    own = [f for f in written if types & set(re.findall(r'class (\w+)', f.read_text()))]
    assert own  # what is of this task, beside the imports, the base and the recipe
    assert len(own) + 3 <= 6


@pytest.mark.slow
def test_from_training_to_drawing(kind):
    at, result, shapes, field = KINDS[kind]
    config = f'{kind}.py'
    straight = apis.train(config, work_dir='straight')
    validated = straight.message_hub.get_scalar(f'val/{result}').data[0][-1]

    done = train(config, 'cut', at)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not Path('cut', 'epoch_2.pth').exists()
    apis.train(config, work_dir='cut', resume=True)
    same('straight', 'cut')

    metrics = apis.test(config, 'cut/epoch_2.pth', work_dir='tested')
    assert metrics[result] == pytest.approx(validated)
    drawn = sorted(Path('tested').rglob('vis_image/*.png'))
    assert drawn and all(cv2.imread(str(path)).std() > 0 for path in drawn)
    assert (
        kind == 'boxes'
        or kind == 'gallery'
        or list(Path('straight').rglob('vis_image/*.png'))
    )

    inputs = [NOISE.integers(0, 256, shape, dtype=np.uint8) for shape in shapes * 2]
    if kind == 'sequences':
        inputs = [(walk > 200).astype(np.uint8) * 255 for walk in inputs]
    found = apis.predict('cut/epoch_2.pth', inputs=inputs, show_dir='shown')
    assert len(found) == 2
    assert all(torch.isfinite(each.sample.get(field)).all() for each in found)
    assert len(list(Path('shown').glob('array_*.png'))) >= 2


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['sequences'], indirect=True)
def test_identities_are_shared_by_two_processes(kind):
    config = f'{kind}.py'
    straight = train(config, 'straight', processes=2)
    assert straight.returncode == 0, straight.stderr
    assert train(config, 'cut', at=6, processes=2).returncode
    resumed = train(config, 'cut', processes=2, resume=True)
    assert resumed.returncode == 0, resumed.stderr
    same('straight', 'cut')
