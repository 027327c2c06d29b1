"""Mistakes end in seconds, in a few lines that name the place and the right word."""

import subprocess
import sys
import time

import pytest
from support.runs import ROOT

from mmlite.apis.cli import main

CIFAR = 'configs/resnet18_cifar.py'

NINE = {
    'model.backbone.type=ResNet_CIFARR': (
        "model.backbone: unknown type 'ResNet_CIFARR'; did you mean 'ResNet_CIFAR'?"
    ),
    '+model.backbone.dept=18': (
        "model.backbone: ResNet_CIFAR has no argument 'dept'; did you mean 'depth'?"
    ),
    '+optim_wraper.optimizer.lr=0.01': (
        "unknown key 'optim_wraper'; did you mean 'optim_wrapper'?"
    ),
    'default_hooks.logger.type=LogerHook': (
        "default_hooks.logger: unknown type 'LogerHook'; did you mean 'LoggerHook'?"
    ),
    'train_dataloader.dataset.pipeline.0.type=RandomCropp': (
        "train_dataloader.dataset.pipeline.0: unknown type 'RandomCropp'; "
        "did you mean 'RandomCrop'?"
    ),
    '+model.head.loss.los_weight=1': (
        "model.head.loss: CrossEntropyLoss has no argument 'los_weight'; "
        "did you mean 'loss_weight'?"
    ),
    'model.head.num_classes=5': 'model.head.num_classes is 5, but CIFAR10 has 10',
    'model.head.in_channels=77': (
        'model.head.in_channels is 77, but the neck gives 512; '
        'set model.head.in_channels=512'
    ),
    'model.backbone.depth=19': 'model.backbone: ResNet_CIFAR: depth',
}


@pytest.fixture
def in_root(tmp_path, monkeypatch):
    """A folder with the configs in it, and nothing else."""
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize('override', NINE)
def test_a_mistake_is_one_line(in_root, tmp_path, capsys, override):
    assert main(['train', CIFAR, '--cfg-options', override]) == 1
    printed = capsys.readouterr()
    assert f'error: {CIFAR}: {NINE[override]}' in printed.err
    assert len(printed.err.splitlines()) <= 2
    assert printed.out == ''
    assert sorted(p.name for p in tmp_path.iterdir()) == ['configs']


@pytest.mark.parametrize(
    ('override', 'message'),
    [
        ('model.backbone.dept=18', "did you mean 'depth'?"),
        ('optim_wraper.optimizer.lr=1', "did you mean 'optim_wrapper"),
    ],
)
def test_a_mistyped_key_needs_no_build_to_be_refused(
    in_root, capsys, override, message
):
    assert main(['train', CIFAR, '--cfg-options', override]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    'words', [['train', '--data', ''], ['report', ' '], ['new', '--data=']]
)
def test_an_empty_word_is_not_the_working_directory(tmp_path, capsys, words):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert 'is empty; is a variable of the shell not set?' in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_all_mistakes_are_reported_at_once(in_root, capsys):
    overrides = [key for key in NINE if 'depth' not in key and 'type=Res' not in key]
    assert main(['check-config', CIFAR, '--cfg-options', *overrides]) == 1
    printed = capsys.readouterr().out
    for override in overrides:
        assert NINE[override] in printed


def test_good_configs_check_clean(in_root, capsys):
    assert main(['check-config', CIFAR, 'configs/resnet18_digits.py']) == 0
    assert capsys.readouterr().out.splitlines() == [
        f'{CIFAR}: ok',
        'configs/resnet18_digits.py: ok',
    ]


@pytest.mark.slow
def test_a_whole_process_ends_within_seconds(in_root):
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, ROOT / 'tools/train.py', CIFAR]
        + ['--cfg-options', 'model.head.in_channels=77'],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert 'Traceback' not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert time.perf_counter() - started < 60


def test_an_unknown_config_names_the_nearest(in_root, capsys):
    assert main(['train', 'configs/resnet18_cifr.py']) == 1
    printed = capsys.readouterr().err
    assert 'configs/resnet18_cifr.py' in printed
    assert 'resnet18_cifar.py' in printed


def test_an_unwritable_work_dir(in_root, tmp_path, capsys):
    (tmp_path / 'file').touch()
    args = ['configs/resnet18_digits.py', '--work-dir', str(tmp_path / 'file/run')]
    assert main(['train', *args]) == 1
    printed = capsys.readouterr().err
    assert '--work-dir' in printed
    assert 'Traceback' not in printed


def test_without_a_command_they_are_listed(capsys):
    assert main([]) == 2
    shown = capsys.readouterr().err
    assert 'write a recipe for a folder of data' in shown and 'required' not in shown


def test_a_folder_of_data_in_the_place_of_a_config(tmp_path, capsys):
    (tmp_path / 'pets/cat').mkdir(parents=True)
    assert main(['train', str(tmp_path / 'pets')]) == 1
    assert (
        f'to train on what lies in it --data {tmp_path}/pets' in capsys.readouterr().err
    )
