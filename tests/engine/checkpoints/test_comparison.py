"""What differs from the config is said when a training is resumed."""

from pathlib import Path

import pytest
import torch
from support.training import ToyRunPoints, toy_cfg, toy_runner
from torch import nn

from mmlite.engine.checkpoints.comparison import Resumed, differences
from mmlite.engine.checkpoints.optimizer_state import fitted_state, parameter_names
from mmlite.errors import CheckpointError


@pytest.fixture(scope='module')
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp('first')
    hooks = dict(checkpoint=dict(save_best='toy/acc'))
    toy_runner(folder, default_hooks=hooks).train()
    return str(folder / 'epoch_1.pth')


def best_of(metric, rule):
    return dict(default_hooks=dict(checkpoint=dict(save_best=metric, rule=rule)))


def resumed(first, tmp_path, capsys, **changes):
    runner = toy_runner(tmp_path, **changes)
    runner.resume(first)
    runner.train()
    lines = capsys.readouterr().out.splitlines()
    return runner, [line for line in lines if line.startswith('warning')]


def test_nothing_differs(first, tmp_path, capsys):
    _, lines = resumed(first, tmp_path, capsys)
    assert lines == []


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (
            dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.5, momentum=0.9))),
            ['optimizer.lr is 0.5 in the config, but 0.1 in'],
        ),
        (
            dict(
                optim_wrapper=dict(
                    optimizer=dict(type='SGD', lr=0.1, momentum=0.7, weight_decay=0.3)
                )
            ),
            ['momentum is 0.7 in the config, but 0.9', 'weight_decay is 0.3 in the'],
        ),
        (
            dict(param_scheduler=dict(type='MultiStepLR', milestones=[1], gamma=0.5)),
            ['milestones={1: 1}, gamma=0.5 in the config, but milestones={2: 1}, g'],
        ),
        (
            dict(param_scheduler=None),
            ['param_scheduler is None in the config, but has 1'],
        ),
        (
            dict(randomness=dict(seed=7)),
            ['randomness.seed is 7 in the config, but 1 in'],
        ),
        (
            dict(train_dataloader=dict(toy_cfg('').train_dataloader, batch_size=4)),
            ['batches in an epoch is 10 in the config, but 5 in'],
        ),
        (
            dict(
                train_dataloader=dict(
                    toy_cfg('').train_dataloader,
                    dataset=dict(type='ToyRunPoints', size=48),
                )
            ),
            ['size of the train dataset is 48 in the config, but 40 in'],
        ),
        (
            dict(
                default_hooks=dict(checkpoint=dict(save_best='toy/count', rule='less'))
            ),
            ["save_best watches 'toy/count' in the config, but 'toy/acc' in"],
        ),
        (
            best_of('toy/acc', 'less'),
            ["takes the less 'toy/acc' in the config, but the greater in"],
        ),
    ],
)
def test_each_difference_is_one_line_with_both_values(
    first, tmp_path, capsys, changes, words
):
    runner, lines = resumed(first, tmp_path, capsys, **changes)
    assert runner.epoch == 3
    assert len(lines) == len(words)
    for line, text in zip(lines, words, strict=True):
        assert text in line and first in line


def test_the_rate_of_the_checkpoint_is_used(first, tmp_path, capsys):
    optimizer = dict(type='SGD', lr=0.5, momentum=0.9)
    changes = dict(optim_wrapper=dict(optimizer=optimizer))
    runner, _ = resumed(first, tmp_path, capsys, **changes)
    rates = runner.message_hub.get_scalar('train/lr').data[0][-10:]
    assert rates.tolist() == pytest.approx([0.1] * 5 + [0.01] * 5)


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (
            dict(optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1))),
            "type is 'AdamW' in the config, but 'SGD' in",
        ),
        (
            dict(param_scheduler=dict(type='StepLR', step_size=1)),
            'param_schedulers.0 is MultiStepLR there, and StepLR in the config',
        ),
        (
            dict(param_scheduler=[dict(type='ConstantLR')] * 2),
            'has 1 parts there, and 2 in the config',
        ),
    ],
)
def test_what_cannot_work_is_refused(first, tmp_path, changes, words):
    runner = toy_runner(tmp_path, **changes)
    with pytest.raises(CheckpointError, match='load_from') as caught:
        runner.resume(first)
    assert words in str(caught.value)


def test_a_near_relative_of_the_optimizer_is_refused_too(tmp_path):
    """RAdam's state has the shape of Adam's, but takes its steps by another rule."""

    def with_optimizer(kind):
        optimizer = dict(type=kind, lr=0.1)
        folder = tmp_path / kind
        return toy_runner(folder, optim_wrapper=dict(optimizer=optimizer))

    with_optimizer('Adam').train()
    file = str(tmp_path / 'Adam' / 'epoch_1.pth')
    with pytest.raises(CheckpointError, match='load_from') as caught:
        with_optimizer('RAdam').resume(file)
    said = f"optimizer.type is 'RAdam' in the config, but 'Adam' in {file}"
    assert said in str(caught.value)


def with_classes(first, tmp_path, classes):
    saved = torch.load(first, weights_only=True)
    saved['meta']['dataset_meta'] = dict(classes=classes)
    torch.save(saved, tmp_path / 'other.pth')
    runner = toy_runner(tmp_path / 'run')
    runner.resume(str(tmp_path / 'other.pth'))


def test_classes_in_another_order_are_refused(first, tmp_path):
    with pytest.raises(CheckpointError, match="number 0 is 'a' here, 'b' there"):
        with_classes(first, tmp_path, ('b', 'a', 'c'))


@pytest.mark.parametrize('both', ['ids', 'words'])
def test_classes_of_imagenet_in_another_order(first, tmp_path, monkeypatch, both):
    ids = ('n01440764', 'n01443537', 'n01484850')
    words = ('tench', 'goldfish', 'great white shark')
    ours, theirs = (ids, words) if both == 'words' else (words, ids)
    monkeypatch.setattr(ToyRunPoints, 'metainfo', dict(classes=ours))
    with_classes(first, tmp_path, theirs)
    message = f"number 1 is '{ours[1]}' here, '{ours[2]}' there"
    with pytest.raises(CheckpointError, match=message):
        with_classes(first, tmp_path, (theirs[0], theirs[2], theirs[1]))


def test_other_classes_are_said(first, tmp_path, capsys):
    with_classes(first, tmp_path, ('a', 'b', 'dog'))
    line = capsys.readouterr().out
    assert 'of these c here only' in line and 'of these dog here only' in line


def test_weights_without_an_optimizer_are_said(first, tmp_path, capsys):
    best = next(Path(first).parent.glob('best_*.pth'))
    _, lines = resumed(str(best), tmp_path, capsys)
    assert 'no state of the optimizer' in lines[0]


def test_another_number_of_processes_is_said(first, tmp_path):
    runner = toy_runner(tmp_path)
    runner._build_training()
    runner._world_size = 3
    content = torch.load(first, weights_only=True)
    content['rng_states'] *= 2
    saved = Resumed.of(first, content, content['meta'], False, False)
    (line,) = differences(runner, saved)
    assert '3 processes train, but 2 in' in line
    assert '2 of them go on with their random states, the other 1 begin with' in line


class Reordered(nn.Module):
    """The same parameters in an order that one may choose."""

    def __init__(self, order):
        super().__init__()
        parts = dict(a=nn.Linear(3, 3), b=nn.Linear(3, 3))
        for name in order:
            self.add_module(name, parts[name])


@pytest.mark.parametrize('named', [True, False])
@pytest.mark.parametrize('groups', [1, 2, 4])
def test_states_are_matched_by_name(named, groups):

    def optimizer_of(model):
        named = dict(model.named_parameters())
        weights = [p for n, p in named.items() if n.endswith('weight')]
        biases = [p for n, p in named.items() if n.endswith('bias')]
        sets = {1: [[*named.values()]], 2: [weights, biases]}
        sets[4] = [[p] for p in named.values()]
        return torch.optim.SGD(
            [dict(params=p) for p in sets[groups]], 0.1, momentum=0.9
        )

    old, new = Reordered('ba'), Reordered('ab')
    saved = optimizer_of(old)
    for i, parameter in enumerate(old.parameters()):
        parameter.grad = torch.full_like(parameter, float(i + 1))
    saved.step()
    marks = {n: p.grad.flatten()[0].item() for n, p in old.named_parameters()}
    checkpoint = dict(state_dict=old.state_dict(), optimizer=saved.state_dict())
    if named:
        checkpoint['optimizer_names'] = parameter_names(saved, old)
    taking = optimizer_of(new)
    taking.load_state_dict(fitted_state(taking, new, checkpoint, 'old.pth'))
    for name, parameter in new.named_parameters():
        buffer = taking.state[parameter]['momentum_buffer']
        assert buffer.unique().tolist() == [marks[name]]
