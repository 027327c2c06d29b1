import re
from importlib import import_module
from typing import ClassVar

import pytest
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from support.html_pages import Page
from support.training import ToyRunModel, toy_runner

from mmlite.engine.hooks import ProgressHook
from mmlite.engine.hooks.progress_hook import _rates, describe
from mmlite.engine.terminal import STATUS_LINE
from mmlite.registry import DATASETS
from mmlite.report import read_run


@pytest.fixture
def terminal(monkeypatch):
    """stdout is a terminal of 70 columns."""
    monkeypatch.setattr(type(STATUS_LINE), 'alive', True)
    monkeypatch.setenv('COLUMNS', '70')
    monkeypatch.setattr('mmlite.engine.hooks.progress_hook._BAR_SECONDS', 0)


def test_a_bar_on_a_terminal(tmp_path, capsys, terminal):
    hooks = dict(logger=dict(interval=1))
    toy_runner(tmp_path, default_hooks=hooks).train()
    shown = capsys.readouterr().out.split('\r')
    bars = [s for s in shown if s.startswith('epoch') and '[#' in s]
    pattern = r'epoch 1/3  \[[#.]{16}\] 3/5  loss \d\.\d{4}  lr 1\.00e-01  \d+'
    assert any(re.match(pattern, bar) for bar in bars)
    assert max(map(len, bars)) <= 69
    assert any(s.startswith('val  [') for s in shown)


def test_a_bar_is_not_drawn_too_often(tmp_path, capsys, terminal, monkeypatch):
    monkeypatch.setattr('mmlite.engine.hooks.progress_hook._BAR_SECONDS', 3600)
    toy_runner(tmp_path).train()
    shown = capsys.readouterr().out.split('\r')
    assert len([text for text in shown if '[#' in text or '[.' in text]) == 1


def test_plain_lines_elsewhere(tmp_path, capsys):
    hooks = dict(logger=dict(interval=2), progress=dict(line_seconds=0))
    toy_runner(tmp_path, default_hooks=hooks).train()
    out = capsys.readouterr().out
    assert '\r' not in out
    assert 'epoch 2/3  iter 4/5  loss ' in out
    assert 'iter 5/5' not in out  # has the line of the epoch
    assert re.search(r'epoch 1/3  loss .* img/s  mem \d+ MB  eta 0:00:\d\d', out)
    assert re.search(r'epoch 3/3  val  toy/acc [\d.]+  toy/count 21\n', out)


def test_terminal_log_and_report_have_one_loss(tmp_path, capsys):
    losses = []

    class Keep(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            losses.append(outputs['loss'].item())

    hooks = dict(logger=dict(interval=2), progress=dict(line_seconds=0))
    runner = toy_runner(tmp_path, default_hooks=hooks, custom_hooks=[Keep()])
    runner.train()
    assert len(losses) == 15  # 3 epochs of 5 iterations: lines after 2, 4 and 5
    ends = [5 * epoch + done for epoch in range(3) for done in (2, 4, 5)]
    means = [
        sum(losses[start:end]) / (end - start)
        for start, end in zip([0, *ends], ends, strict=False)
    ]
    points = read_run(tmp_path).scalars.train['loss']
    assert [place for place, _ in points] == ends
    assert [value for _, value in points] == pytest.approx(means)
    shown = re.findall(r'loss (\d\.\d{4})', capsys.readouterr().out)
    assert shown == [f'{mean:.4f}' for mean in means]
    note = f'mean since iteration {ends[-2]}; from '
    assert note in Page((tmp_path / 'report.html').read_text()).text


def test_iterations(tmp_path, capsys):
    toy_runner(
        tmp_path,
        train_cfg=dict(by_epoch=False, max_iters=7, val_interval=5),
        param_scheduler=None,
    ).train()
    out = capsys.readouterr().out
    assert 'iter 5/7  val  toy/acc' in out
    assert 'iter 7/7  loss ' in out


def test_it_can_be_left_out(tmp_path, capsys):
    toy_runner(tmp_path, default_hooks=dict(progress=None)).train()
    assert capsys.readouterr().out == ''


def test_a_speed_is_in_what_a_sample_is(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(ToyRunModel, 'sample_unit', 'walk', raising=False)
    toy_runner(tmp_path).train()
    out = capsys.readouterr().out
    assert re.search(r'\d walk/s  mem', out) and 'img/s' not in out
    for task in ('gait', 'stereo'):
        model = import_module(f'mmlite.models.{task}.base').BaseModel
        assert model.sample_unit == dict(gait='walk', stereo='pair')[task]


def test_what_runs_is_said_once_also_where_a_validation_follows(tmp_path, capsys):
    runner = toy_runner(tmp_path)
    runner.train()
    runner.val()
    out = capsys.readouterr().out
    assert out.count('val       21 samples') == out.count('work_dir  ') == 1
    assert out.count('model     ToyRunModel') == out.count('device    cpu') == 1


def test_a_test_reports_its_results(tmp_path, capsys):
    toy_runner(tmp_path).test()
    assert re.search(r'test  toy/acc [\d.]+  toy/count 21\n', capsys.readouterr().out)


def test_results_that_are_no_numbers_are_in_the_log(tmp_path, capsys):
    metrics = [dict(type='ConfusionMatrix')]
    toy_runner(tmp_path, test_evaluator=metrics).test()
    assert 'test  the log has confusion_matrix/result\n' in capsys.readouterr().out


def test_nothing_is_shown_where_there_is_no_terminal(capsys):
    STATUS_LINE.show('bar')
    STATUS_LINE.clear()
    assert capsys.readouterr().out == ''


def test_the_time_left_is_that_of_the_training_after_a_validation(tmp_path):
    class Left(Hook):
        """What the bar would say in the first iteration of an epoch."""

        priority = 'LOWEST'
        seen: ClassVar[list] = []

        def after_val_epoch(self, runner, metrics=None):
            hub = runner.message_hub
            self.seen.append((hub.get_info('eta'), self.last))

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            self.last = runner.message_hub.get_info('eta')

    runner = toy_runner(tmp_path, default_hooks=dict(logger=dict(interval=1)))
    runner.register_hook(Left())
    runner.train()
    assert len(Left.seen) == 3
    assert all(after == before for after, before in Left.seen)
    assert Left.seen[0][0] > 0


def test_what_could_not_be_measured_is_said(tmp_path, capsys):
    metrics = {'coco/bbox_mAP_s': -1.0, 'r2': -1.0}
    ProgressHook().after_test_epoch(toy_runner(tmp_path), metrics)
    assert 'coco/bbox_mAP_s - (no small objects)  r2 -1\n' in capsys.readouterr().out


def test_rates_of_several_optimizers_have_names():
    def logged(value):
        return HistoryBuffer([value], [1])

    scalars = {'train/one.lr': logged(0.1), 'val/lr': logged(3.0)}
    scalars |= {'train/two.lr': logged(0.002), 'train/two.momentum': logged(0.9)}
    assert _rates(scalars) == ['one.lr 1.00e-01', 'two.lr 2.00e-03']
    assert _rates(scalars | {'train/lr': logged(0.5)}) == ['lr 5.00e-01']


def test_what_a_hook_of_ones_own_logs_is_seen(tmp_path, capsys):
    """Of the others, what is for the log file alone stays there."""

    class Say(Hook):
        def after_train_epoch(self, runner):
            runner.logger.info(f'mine after {runner.epoch + 1}')
            runner.logger.debug('too much')

    toy_runner(tmp_path, custom_hooks=[Say()]).train()
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if 'mine' in line] == [
        f'mine after {epoch}' for epoch in (1, 2, 3)
    ]
    (log,) = tmp_path.glob('*/*.log')
    assert 'System environment' in log.read_text()
    assert not any('System environment' in line or 'too much' in line for line in lines)


def test_classes_of_walks_are_people():
    walkers = dict(type='Walkers', split='train', num_train=2)
    assert describe(DATASETS.build(walkers)).endswith(' samples, 2 identities')
    assert describe(range(3)) == '3 samples'


def test_many_results(tmp_path, capsys):
    """A training names those that matter most in one line, a test each in its own."""
    runner = toy_runner(tmp_path)
    names = ['mAP', 'mAP_s', 'mAP_l', 'AR@1', 'AR@10', 'AR_s@10']
    found = {f'coco/bbox_{name}': 0.5 for name in names}
    found |= {'coco/bbox_mAP_l': -1.0, 'coco/cat_precision': 0.25, 'coco/count': 12345}
    hook = ProgressHook()
    hook.after_test_epoch(runner, found)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(found)
    assert lines[2] == 'test  coco/bbox_mAP_l - (no large objects)'
    assert lines[-1] == 'test  coco/count 12345'
    hook.before_train(runner)
    capsys.readouterr()
    hook.after_val_epoch(runner, found)
    (line,) = capsys.readouterr().out.splitlines()
    first, *others, more = line.partition('val  ')[2].split('  ')
    assert first == 'coco/bbox_mAP 0.5' and len(others) == 5
    assert more == 'and 2 more in the log' and 'no large' not in line
    hook.after_val_epoch(runner, dict(list(found.items())[:6]))
    assert '(no large objects)' in capsys.readouterr().out
