"""What a training goes on from, where its last checkpoint cannot be."""

import json
import shutil

import pytest
import torch
from mmengine.hooks import Hook
from support.training import toy_runner

from mmlite.engine import Interrupted
from mmlite.engine.checkpoints.resuming import latest_checkpoint
from mmlite.errors import CheckpointError, DataError
from mmlite.report.facts import read_facts


@pytest.fixture(scope='module')
def two_epochs(tmp_path_factory):
    """A training of two epochs of five iterations, with a checkpoint of each."""
    folder = tmp_path_factory.mktemp('two_epochs')
    toy_runner(folder, train_cfg=dict(by_epoch=True, max_epochs=2)).train()
    return folder


@pytest.fixture
def trained(two_epochs, tmp_path):
    return shutil.copytree(two_epochs, tmp_path / 'run')


@pytest.mark.parametrize('size', [0, 100, -100])
def test_a_damaged_checkpoint_names_one_that_is_whole(trained, size):
    last = trained / 'epoch_2.pth'
    last.write_bytes(last.read_bytes()[:size])
    with pytest.raises(CheckpointError) as caught:
        toy_runner(trained, resume=True).train()
    older = trained / 'epoch_1.pth'
    message = str(caught.value)
    assert message.startswith(str(last))
    assert message.endswith(
        f'; {older} is whole (5 iterations): go on with --resume {older}'
    )
    older.write_bytes(b'')
    with pytest.raises(CheckpointError, match='no other checkpoint .* train anew'):
        toy_runner(trained, resume=True).train()


@pytest.mark.parametrize('note', ['', '\n', 'gone.pth', '\udcff.pth'])
def test_a_note_that_leads_nowhere_names_one_too(trained, note):
    path = trained / 'last_checkpoint'
    path.write_bytes(note.encode(errors='surrogateescape'))
    with pytest.raises(CheckpointError, match=r'epoch_2\.pth is whole \(10 iter') as e:
        latest_checkpoint(str(trained))
    assert str(e.value).startswith(str(path))


class CtrlC(Hook):
    def after_train_iter(self, runner, **kwargs):
        runner.interrupt.requested = runner.iter == 6


def test_what_ctrl_c_saved_is_gone_when_the_training_is_done(tmp_path):
    stopped = toy_runner(tmp_path)
    stopped.register_hook(CtrlC())
    with pytest.raises(Interrupted):
        stopped.train()
    saved = tmp_path / 'interrupted.pth'
    assert latest_checkpoint(str(tmp_path)) == str(saved)
    quiet = dict(checkpoint=None)  # so that there is no later one
    toy_runner(tmp_path, resume=True, default_hooks=quiet).train()
    assert saved.exists()
    toy_runner(tmp_path, resume=True).train()
    assert not saved.exists()
    assert latest_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_3.pth')


@pytest.mark.parametrize(('before', 'after'), [('Adam', 'AdamW'), ('AdamW', 'Adam')])
def test_adam_goes_on_as_adamw_and_back(tmp_path, capsys, before, after):
    """Without gradients a step is that of the weight decay alone.

    Decoupled it is ``w -= lr * decay * w``; else it moves the moments, so that a step
    is one of about ``lr``, whatever the weight.
    """
    rate, decay = 1e-3, 1e-6

    def runner(kind, **changes):
        optimizer = dict(type=kind, lr=rate, weight_decay=decay)
        return toy_runner(
            tmp_path,
            optim_wrapper=dict(optimizer=optimizer),
            param_scheduler=None,
            train_cfg=dict(by_epoch=True, max_epochs=1),
            **changes,
        )

    first = runner(before)
    first.train()
    moments = first.optim_wrapper.optimizer.state_dict()['state']
    capsys.readouterr()
    second = runner(after, resume=True)
    second.train()
    assert f"type is '{after}' in the config, but '{before}'" in capsys.readouterr().out
    optimizer = second.optim_wrapper.optimizer
    found = optimizer.state_dict()['state']
    assert found.keys() == moments.keys()
    for key, entry in moments.items():
        assert all(torch.equal(found[key][name], entry[name]) for name in entry)
    weight = second.model.head.fc.weight
    state = optimizer.state[weight]
    for entry in ('exp_avg', 'exp_avg_sq'):
        state[entry].zero_()
    was = weight.detach().clone()
    weight.grad = torch.zeros_like(weight)
    optimizer.step()
    moved = (weight.detach() - was).abs().max().item()
    assert (moved < rate / 100) == (after == 'AdamW')


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        ([], 'expected a dict, got a list'),
        (3, 'expected a dict, got a int'),
        (dict(mode='train', metrics=[1]), 'metrics is a list'),
        (dict(mode='train', seconds='long'), 'seconds is a str'),
        (dict(mode='train', strange=1), "'strange'"),
    ],
)
def test_a_file_that_is_no_report_is_one_line(tmp_path, content, reason):
    (tmp_path / 'report.json').write_text(json.dumps(content))
    with pytest.raises(DataError, match='is not what a run of mmlite leaves') as caught:
        read_facts(tmp_path)
    assert reason in str(caught.value) and '\n' not in str(caught.value)
