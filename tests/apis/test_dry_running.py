"""A config is tried out from training to a checkpoint, and nothing stays."""

import os
import subprocess
import sys

import pytest
from support.runs import DIGITS, ROOT, TINY

from mmlite.apis import dry_run
from mmlite.apis.cli import main
from mmlite.apis.dry_running import DryRun
from mmlite.errors import ConfigError, DataError
from mmlite.registry import METRICS

SSD = str(ROOT / 'configs/ssd/ssd_tiny_1xb16-30e_shapes.py')
SMALL_SSD = (
    'train_dataloader.batch_size=2',
    '+train_dataloader.dataset.num_train=8',
    'val_dataloader.batch_size=2',
    '+val_dataloader.dataset.num_test=8',
    'model.feature_extractor.backbone.base_channels=4',
    'model.feature_extractor.backbone.stem_channels=4',
)


@pytest.mark.parametrize(
    ('config', 'overrides', 'figure'),
    [
        (DIGITS, TINY, 'accuracy/top1'),
        pytest.param(SSD, SMALL_SSD, 'coco/bbox_mAP', marks=pytest.mark.slow),
    ],
)
def test_a_summary_is_all_that_stays(
    config, overrides, figure, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(['train', config, '--dry-run', '--cfg-options', *overrides]) == 0
    assert not list(tmp_path.iterdir())
    shown = capsys.readouterr().out
    for word in ('parameters', 's an iteration', figure, 'checkpoint'):
        assert word in shown
    # Neither a removed folder nor an epoch that has not been: what runs, and the end.
    before = shown.partition('dry run')[0]
    names = [line.split()[0] for line in before.splitlines()]
    assert names == ['model', 'train', 'val', 'device'] and figure not in before


def test_what_its_summary_says():
    """No figure where there was nothing to measure; time as a training says it."""
    figures = {'coco/bbox_mAP': 0.5, 'coco/bbox_mAP_l': -1.0, 'confusion': [[1]]}
    found = str(DryRun(7, [2.0, 1.0], 0.5, 7300, figures, '', 1.0))
    assert '0.5 s an iteration, 1:00:50 for 7,300, without validation' in found
    assert 'validation  coco/bbox_mAP 0.5 (first' in found
    short = str(DryRun(7, [2.0, 1.0], 0.001, 14, {}, '', 1.0))
    assert '0:00:01 for 14' in short


def test_what_it_counts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    overrides = [*TINY, 'train_dataloader.batch_size=8', 'train_cfg.max_epochs=3']
    found = dry_run(DIGITS, overrides)
    assert len(found.losses) == 2
    assert found.iterations == 3 * 128 // 8
    assert dry_run(DIGITS, overrides, validate=False).metrics == {}


@pytest.mark.slow
def test_two_processes_say_it_once(tmp_path):
    command = [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node=2']
    command += ['--master_port', str(20000 + os.getpid() % 20000)]
    command += [str(ROOT / 'tools/train.py'), str(DIGITS), '--dry-run']
    done = subprocess.run(
        [*command, '--cfg-options', *TINY],
        cwd=tmp_path,
        env=dict(os.environ, OMP_NUM_THREADS='1'),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count('dry run, nothing is kept') == 1
    assert '  checkpoint  0.0 MB' not in done.stdout


@pytest.mark.slow
def test_figures_that_need_all_samples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def refuse(self, results):
        raise DataError('these samples are too few')

    monkeypatch.setattr(METRICS.get('Accuracy'), 'compute_metrics', refuse)
    few = [*TINY, 'val_dataloader.batch_size=4']
    assert 'no figures: these samples are too few' in str(dry_run(DIGITS, few))
    with pytest.raises(DataError, match='these samples are too few'):
        dry_run(DIGITS, [*TINY, 'val_dataloader.batch_size=32'])


def test_mistakes_of_a_config_are_found():
    with pytest.raises(ConfigError, match='dept'):
        dry_run(DIGITS, ['+model.backbone.dept=3'])
