"""What somebody meets in a first week."""

import json
import subprocess
import sys
import time

import pytest
from support.runs import DIGITS, TINY
from support.training import toy_cfg, toy_runner

from mmlite.apis import prepare_training, train
from mmlite.apis import test as run_test
from mmlite.apis.cli import main
from mmlite.config import load_config
from mmlite.engine.optimizers import amp_supported
from mmlite.errors import CheckpointError, DataNotFoundError
from mmlite.registry import DATASETS

MATRIX = dict(type='ConfusionMatrix', num_classes=10)


def small(**changes):
    """The tiny config of digits as a dict."""
    return dict(load_config(DIGITS, TINY).to_dict(), **changes)


def test_a_dict_trains(tmp_path):
    assert train(small(work_dir=str(tmp_path))).epoch == 1
    assert prepare_training(small()).work_dir == 'work_dirs/run'


def test_a_usage_has_each_word_once(capsys):
    with pytest.raises(SystemExit):
        main(['predict', '--help'])
    usage = ' '.join(capsys.readouterr().out.partition('predict on')[0].split())
    assert usage.endswith('{raise,skip}] [CONFIG] CHECKPOINT INPUT...')


@pytest.mark.parametrize(
    ('arguments', 'hint'),
    [
        (['train', DIGITS, '--resme'], "--resme; did you mean '--resume'?"),
        (['train', DIGITS, '--auto-scale_lr'], "did you mean '--auto-scale-lr'?"),
        (['test', DIGITS, 'a.pth', '--works-dir=x'], "did you mean '--work-dir'?"),
        (['test', DIGITS, 'a.pth', 'extra'], 'unrecognized arguments: extra'),
    ],
)
def test_an_unknown_flag_shows_the_usage_of_the_command(capsys, arguments, hint):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f'usage: mmlite {arguments[0]} ')
    assert hint in said


def test_a_checkpoint_that_is_not_there_is_met_before_the_data(monkeypatch, tmp_path):
    monkeypatch.setattr(DATASETS, 'build', lambda *args, **kwargs: 1 / 0)
    (tmp_path / 'epoch_1.pth').touch()
    with pytest.raises(CheckpointError, match=r"epoch_2.pth; did you mean 'epoch_1"):
        run_test(DIGITS, tmp_path / 'epoch_2.pth', work_dir=tmp_path)


def test_the_rate_that_was_scaled_is_said(tmp_path, capsys):
    cfg = toy_cfg(tmp_path, auto_scale_lr=dict(base_batch_size=16))
    train(cfg, auto_scale_lr=True)
    assert 'lr        0.1 -> 0.05: scaled from batches of 16 to 8' in (
        capsys.readouterr().out.splitlines()
    )


def test_the_precision_is_said(tmp_path, capsys, monkeypatch):
    if not amp_supported()[0]:
        monkeypatch.setattr('mmlite.apis.training.amp_supported', lambda: (True, ''))
    train(toy_cfg(tmp_path), amp=True)
    assert 'precision bfloat16 where it is safe' in capsys.readouterr().out


def test_a_test_leaves_the_config_of_the_training(tmp_path):
    train(small(work_dir=str(tmp_path)))
    (kept,) = tmp_path.glob('*.py')
    before = kept.read_text()
    run_test(small(), tmp_path / 'epoch_1.pth', ['+a_note=1'], work_dir=tmp_path)
    assert list(tmp_path.glob('*.py')) == [kept]
    assert kept.read_text() == before
    notes = [
        'a_note = 1' in p.read_text() for p in tmp_path.glob('*/vis_data/config.py')
    ]
    assert sorted(notes) == [False, True]


def test_a_confusion_matrix_is_shown_and_drawn(tmp_path, capsys):
    cfg = small(work_dir=str(tmp_path), test_evaluator=[MATRIX])
    cfg['val_evaluator'] = [dict(type='Accuracy'), MATRIX]
    train(cfg)
    assert 'ground truth in rows' not in capsys.readouterr().out
    run_test(cfg, tmp_path / 'epoch_1.pth', work_dir=tmp_path)
    lines = capsys.readouterr().out.splitlines()
    start = lines.index('confusion_matrix/result: ground truth in rows')
    rows = [list(map(int, line.split()))[1:] for line in lines[start + 2 : start + 12]]
    assert sum(map(sum, rows)) == 64  # images that are tested
    names = {p.name for p in tmp_path.glob('*/vis_data/vis_image/*.png')}
    # After 4 iterations, and in the test.
    assert names == {
        'confusion_matrix_result_4.png',
        'confusion_matrix_result_0.png',
    }


def test_data_of_the_test_are_not_needed_for_training(tmp_path):
    cfg = small(work_dir=str(tmp_path))
    absent = dict(type='CustomDataset', data_root=str(tmp_path / 'nowhere'))
    cfg['test_dataloader']['dataset'] = dict(
        absent, pipeline=cfg['test_dataloader']['dataset']['pipeline']
    )
    train(cfg)
    with pytest.raises(DataNotFoundError, match=r'^test_dataloader: .*nowhere'):
        run_test(cfg, tmp_path / 'epoch_1.pth', work_dir=tmp_path)


@pytest.mark.parametrize('by_epoch', [True, False])
def test_rows_have_epoch_and_iteration(tmp_path, by_epoch):
    loop = dict(by_epoch=True, max_epochs=2)
    if not by_epoch:
        loop = dict(by_epoch=False, max_iters=10, val_interval=5)
    hooks = dict(logger=dict(interval=1))
    toy_runner(
        tmp_path, train_cfg=loop, default_hooks=hooks, param_scheduler=None
    ).train()
    (file,) = tmp_path.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    train_rows = [(r['epoch'], r['iter']) for r in rows if 'loss' in r]
    val_rows = [(r['epoch'], r['iter']) for r in rows if 'toy/acc' in r]
    # Of 40 samples in batches of 8.
    assert train_rows == [(1 + i // 5, i + 1) for i in range(10)]
    assert val_rows == [(1, 5), (2, 10)]


def test_a_clock_that_is_set_back_and_a_long_stream_leave_time(tmp_path, monkeypatch):
    """A negative time left is shown as -1 day."""
    clock = iter(range(10**6, 0, -60))
    monkeypatch.setattr(time, 'time', lambda: float(next(clock)))
    runner = toy_runner(tmp_path, default_hooks=dict(logger=dict(interval=1)))
    left = []
    runner.message_hub.update_info = _noting(runner.message_hub.update_info, left)
    runner.train()
    runner.train_loop._max_iters = 3  # less than are done
    hook = next(h for h in runner.hooks if type(h).__name__ == 'IterTimerHook')
    hook._before_iter(runner, 4)
    hook._after_iter(runner, 4)
    hook._before_iter(runner, 9, mode='val')
    hook._after_iter(runner, 9, mode='val')
    assert left and min(left) >= 0


def _noting(update, left):
    def noting(key, value, *args, **kwargs):
        if key == 'eta':
            left.append(value)
        update(key, value, *args, **kwargs)

    return noting


@pytest.mark.slow
def test_a_pipe_that_reads_no_further_ends_a_command_quietly(tmp_path):
    command = f'{sys.executable} -m mmlite list-models --cards | head -n 1'
    done = subprocess.run(
        ['bash', '-c', f'set -o pipefail; {command}'], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (141, '')
    assert len(done.stdout.splitlines()) == 1
