import os

import pytest
import torch
from support.training import ToyRunHits, toy_cfg, toy_runner

from mmlite.engine import CheckpointHook
from mmlite.errors import CheckpointError, ConfigError
from mmlite.given import NOTHING_YET, best_noted, checkpoint_in
from mmlite.registry import METRICS


def saved(folder):
    return sorted(p.name for p in folder.glob('*.pth'))


def run(work_dir, **options):
    runner = toy_runner(work_dir, default_hooks=dict(checkpoint=options))
    runner.train()
    return runner


def test_every_interval_and_the_last(tmp_path):
    run(tmp_path, interval=2)
    assert saved(tmp_path) == ['epoch_2.pth', 'epoch_3.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_3.pth')


def test_never(tmp_path):
    run(tmp_path, interval=-1, save_last=False)
    assert saved(tmp_path) == []


def test_iterations(tmp_path):
    run(tmp_path, interval=6, by_epoch=False, save_begin=3, filename_tmpl='i{}.pth')
    assert saved(tmp_path) == ['i15.pth', 'i3.pth', 'i9.pth']


def test_old_ones_go(tmp_path):
    run(tmp_path, max_keep_ckpts=2)
    assert saved(tmp_path) == ['epoch_2.pth', 'epoch_3.pth']


def test_old_ones_go_after_resuming_too(tmp_path):
    run(tmp_path, max_keep_ckpts=2)
    longer = dict(by_epoch=True, max_epochs=5)
    hooks = dict(checkpoint=dict(max_keep_ckpts=2))
    toy_runner(tmp_path, resume=True, train_cfg=longer, default_hooks=hooks).train()
    assert saved(tmp_path) == ['epoch_4.pth', 'epoch_5.pth']


@pytest.mark.parametrize(('rule', 'wanted'), [('greater', max), ('less', min)])
def test_the_best_is_kept(tmp_path, rule, wanted):
    runner = run(tmp_path, save_best='toy/acc', rule=rule)
    scores = runner.message_hub.get_scalar('val/toy/acc').data[0].tolist()
    best = scores.index(wanted(scores)) + 1
    (name,) = (n for n in saved(tmp_path) if n.startswith('best'))
    assert name == f'best_toy_acc_epoch_{best}.pth'
    info = torch.load(tmp_path / 'epoch_3.pth', weights_only=True)['message_hub']
    if best == 3:  # the last one was saved once more, to know it
        assert info['runtime_info']['best_ckpt'] == str(tmp_path / name)


def test_several_are_best(tmp_path):
    run(tmp_path, save_best=['toy/acc', 'toy/count'], rule=['greater', 'greater'])
    names = [n for n in saved(tmp_path) if n.startswith('best')]
    assert [n.split('_')[2] for n in names] == ['acc', 'count']


def test_auto_is_the_first_metric(tmp_path):
    run(tmp_path, save_best='auto', rule='greater')
    assert any(n.startswith('best_toy_acc') for n in saved(tmp_path))


@METRICS.register_module()
class Unjudged(ToyRunHits):
    """Gives a table, and perhaps a number of which nobody knows the better side."""

    default_prefix = 'odd'

    def __init__(self, number):
        super().__init__()
        self.number = number

    def compute_metrics(self, results):
        table = dict(table=torch.zeros(2, 2))
        return table | (dict(width=1.0) if self.number else {})


def test_auto_takes_no_table(tmp_path):
    runner = toy_runner(
        tmp_path,
        val_evaluator=dict(type='Unjudged', number=False),
        default_hooks=dict(checkpoint=dict(save_best='auto')),
    )
    runner.train()
    assert runner.iter == 15
    assert not any(n.startswith('best') for n in saved(tmp_path))


def test_auto_says_that_it_needs_a_rule(tmp_path):
    runner = toy_runner(
        tmp_path,
        val_evaluator=dict(type='Unjudged', number=True),
        default_hooks=dict(checkpoint=dict(save_best='auto')),
    )
    with pytest.raises(ConfigError, match=r"'odd/width'.*rule='greater'.*--resume"):
        runner.train()
    assert saved(tmp_path) == ['epoch_1.pth']


def test_a_wrong_metric_is_reported_and_nothing_is_lost(tmp_path):
    with pytest.raises(ConfigError) as caught:
        run(tmp_path, save_best='toy/accc', rule='greater')
    message = str(caught.value)
    assert message.startswith('default_hooks.checkpoint.save_best: there is no metric')
    assert "did you mean 'toy/acc'" in message
    assert "'toy/count'" in message
    assert '--resume' in message
    again = dict(checkpoint=dict(save_best='toy/acc'))
    runner = toy_runner(tmp_path, resume=True, default_hooks=again)
    runner.train()
    assert runner.iter == 15


def test_a_wrong_prefix_is_reported_before_training(tmp_path):
    with pytest.raises(
        ConfigError, match=r"'tpy/acc', but no metric gives that; did you"
    ):
        run(tmp_path, save_best='tpy/acc', rule='greater')
    assert saved(tmp_path) == []


def test_without_validation_there_is_no_best(tmp_path):
    nothing = dict(val_dataloader=None, val_cfg=None, val_evaluator=None)
    hooks = dict(checkpoint=dict(save_best='auto'))
    toy_runner(tmp_path, default_hooks=hooks, **nothing).train()
    assert 'epoch_3.pth' in saved(tmp_path)


def test_another_folder(tmp_path):
    run(tmp_path / 'run', out_dir=str(tmp_path / 'out'))
    assert 'epoch_3.pth' in saved(tmp_path / 'out/run')
    assert toy_cfg('').work_dir == ''


def test_publishing(tmp_path):
    run(tmp_path, interval=3, published_keys=['state_dict'])
    (name,) = (n for n in saved(tmp_path) if '-' in n)
    assert torch.load(tmp_path / name, weights_only=True).keys() == {'state_dict'}


def test_a_full_disk_stops_with_the_previous_one_kept(tmp_path, monkeypatch):
    written = []
    replace = os.replace

    def fill(source, target):
        written.append(target)
        if str(target).endswith('epoch_2.pth'):
            raise OSError(28, 'No space left on device')
        replace(source, target)

    monkeypatch.setattr(os, 'replace', fill)
    with pytest.raises(CheckpointError, match='No space left on device'):
        run(tmp_path, max_keep_ckpts=1)
    assert saved(tmp_path) == ['epoch_1.pth']
    assert (tmp_path / 'last_checkpoint').read_text().endswith('epoch_1.pth')
    monkeypatch.setattr(os, 'replace', replace)
    runner = toy_runner(tmp_path, resume=True)
    runner.train()
    assert runner.iter == 15


def test_a_wrong_rule():
    with pytest.raises(ValueError, match="got 'more'"):
        CheckpointHook(save_best='acc', rule='more')


@pytest.mark.parametrize('template', ['a.pth', '../a_{}.pth', 'a_{}_{}.pth', '{x}'])
def test_files_of_all_steps_need_names_of_their_own(template):
    with pytest.raises(ValueError, match='filename_tmpl is the name of a file'):
        CheckpointHook(filename_tmpl=template)


def test_the_best_of_the_last_training_is_noted(tmp_path):
    note = tmp_path / 'best_checkpoint'
    run(tmp_path, save_best='toy/acc', rule='greater')
    (best,) = (n for n in saved(tmp_path) if n.startswith('best'))
    assert note.read_text() == f'{best}\n'
    # Another training in the folder, which keeps no best one.
    runner = toy_runner(tmp_path)
    hook = next(h for h in runner.hooks if isinstance(h, CheckpointHook))
    hook.before_train(runner)
    assert best_noted(tmp_path) == [NOTHING_YET]
    runner.train()
    assert best_noted(tmp_path) == []
    assert checkpoint_in(tmp_path) == tmp_path / 'epoch_3.pth'


def test_resuming_goes_on_with_the_best(tmp_path):
    watched = dict(save_best='toy/count', rule='greater')  # no later one is better
    run(tmp_path, **watched)
    longer = dict(by_epoch=True, max_epochs=4)
    hooks = dict(checkpoint=watched)
    toy_runner(tmp_path, resume=True, train_cfg=longer, default_hooks=hooks).train()
    assert best_noted(tmp_path) == ['best_toy_count_epoch_1.pth']
