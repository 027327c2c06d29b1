from types import SimpleNamespace

import pytest
from support.html_pages import Page
from support.memory_run import CtrlC, memory_runner
from support.training import toy_cfg, toy_runner

from mmlite.config import load_config
from mmlite.engine.hooks.report_hook import _changes
from mmlite.engine.interrupt import Interrupted
from mmlite.errors import TrainingError
from mmlite.report import read_run


def test_a_training_leaves_a_page(tmp_path):
    runner = memory_runner(tmp_path)
    runner.train()
    page = Page((tmp_path / 'report.html').read_text())
    assert page.mistakes == []
    run = read_run(tmp_path)
    assert run.trained.status == 'finished'
    assert run.trained.task == 'classification'
    assert run.iterations == runner.iter
    assert [block.title for block in run.blocks] == [
        'Confusion matrix',
        'Worst mistakes',
    ]
    matrix = run.blocks[0]
    right = sum(matrix.counts[i][i] for i in range(10))
    assert 100 * right / 21 == pytest.approx(run.metrics['accuracy/top1'])
    assert sum(map(sum, matrix.counts)) == 21
    assert 'PyTorch' in run.trained.environment


def test_it_advises_the_best_checkpoint(tmp_path):
    best = dict(type='CheckpointHook', save_best='toy/acc')
    toy_runner(tmp_path, default_hooks=dict(checkpoint=best)).train()
    (kept,) = tmp_path.glob('best_*.pth')
    assert read_run(tmp_path).best == str(kept)
    assert f'mmlite export {kept}' in (tmp_path / 'report.html').read_text()


def test_an_interrupted_training_leaves_one_too(tmp_path):
    runner = memory_runner(tmp_path)
    runner.register_hook(CtrlC(iteration=7))
    with pytest.raises(Interrupted):
        runner.train()
    run = read_run(tmp_path)
    assert run.trained.status == 'interrupted'
    assert run.checkpoint.endswith('interrupted.pth')
    assert 'interrupted.pth' in (tmp_path / 'report.html').read_text()


def test_a_training_that_diverges_says_why(tmp_path):
    loader = toy_cfg('').train_dataloader
    loader.dataset.nan_at = 17
    with pytest.raises(TrainingError) as error:
        toy_runner(tmp_path, train_dataloader=loader).train()
    assert read_run(tmp_path).trained.status == str(error.value)


def test_it_can_be_left_out(tmp_path):
    toy_runner(tmp_path, default_hooks=dict(report=None)).train()
    assert not (tmp_path / 'report.html').exists()


def broken(*args, **kwargs):
    raise RuntimeError('no such luck')


@pytest.mark.parametrize('place', ['write_report', 'write_facts', 'latest_checkpoint'])
def test_an_error_in_it_is_one_warning(tmp_path, monkeypatch, capsys, place):
    monkeypatch.setattr(f'mmlite.engine.hooks.report_hook.{place}', broken)
    runner = memory_runner(tmp_path)
    runner.train()
    shown = capsys.readouterr().out
    assert shown.count('report.html is not written: RuntimeError: no such luck') == 1
    assert shown.count('no such luck') == 1
    assert runner.epoch == 3


@pytest.mark.parametrize('part', ['__init__', 'take', 'blocks'])
def test_an_error_of_the_pictures_leaves_the_rest(tmp_path, monkeypatch, capsys, part):
    monkeypatch.setattr(f'mmlite.report.evidence.ClassEvidence.{part}', broken)
    memory_runner(tmp_path).train()
    shown = capsys.readouterr().out
    assert shown.count('report.html has no pictures: RuntimeError: no such luck') == 1
    assert shown.count('no such luck') == 1
    page = (tmp_path / 'report.html').read_text()
    assert 'id="curves"' in page and 'id="pictures"' not in page


def test_a_test_adds_to_the_page_of_the_training(tmp_path):
    memory_runner(tmp_path).train()
    loader = memory_runner(tmp_path / 'other').cfg.val_dataloader
    test = dict(
        test_dataloader=loader,
        test_cfg=dict(),
        test_evaluator=dict(type='Accuracy'),
        load_from=str(tmp_path / 'epoch_3.pth'),
    )
    runner = memory_runner(tmp_path, **test)
    metrics = runner.test()
    run = read_run(tmp_path)
    assert run.trained is not None
    assert run.tested.metrics['accuracy/top1'] == metrics['accuracy/top1']
    assert 'test data' in run.tested.data


def test_a_model_without_a_task_has_curves(tmp_path):
    toy_runner(tmp_path).train()
    page = (tmp_path / 'report.html').read_text()
    assert Page(page).mistakes == []
    assert 'id="curves"' in page


def test_a_test_that_is_the_validation_is_no_change_of_its_own(tmp_path):
    """It is filled in where a config states none."""
    base = "val_dataloader = dict(batch_size=4)\nval_evaluator = dict(type='A')\n"
    (tmp_path / 'base.py').write_text(base)
    only_loader = 'val_dataloader = dict(batch_size=4)\n'
    (tmp_path / 'half.py').write_text(only_loader)
    validated = "val_dataloader = dict(batch_size=8)\nval_evaluator = dict(type='B')\n"
    for name in ('base', 'half'):
        path = tmp_path / 'mine.py'
        path.write_text(f"_base_ = ['{name}.py']\n{validated}")
        cfg = load_config(path)
        assert cfg.test_dataloader == cfg.val_dataloader
        found = [change.path for change in _changes(SimpleNamespace(cfg=cfg))]
        assert found == ['val_dataloader.batch_size', 'val_evaluator.type']
        own = 'test_dataloader = dict(batch_size=2)\ntest_evaluator = dict()\n'
        path.write_text(path.read_text() + own)
        found = _changes(SimpleNamespace(cfg=load_config(path)))
        found = {change.path: change.after for change in found}
        assert found['test_dataloader.batch_size'] == '2'
