"""Weights go where they belong, and what does not fit is reported."""

from collections import OrderedDict

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.model import StochasticWeightAverage
from torch import nn
from torch.optim.swa_utils import AveragedModel

from mmlite.engine import load_state
from mmlite.errors import CheckpointError


class Classifier(nn.Module):
    def __init__(self, classes=3, width=4):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))
        self.head = nn.Linear(width, classes)


class Resizing(nn.Module):
    """Interpolates its table when it loads one of another length."""

    def __init__(self, length):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(length))
        self.other = nn.Parameter(torch.zeros(1))

    def _load_from_state_dict(self, state_dict, prefix, *args):
        table = state_dict[prefix + 'table'][None, None]
        size = len(self.table)
        state_dict[prefix + 'table'] = nn.functional.interpolate(table, size)[0, 0]
        super()._load_from_state_dict(state_dict, prefix, *args)


def equal(a, b):
    return all(torch.equal(a[k], b[k]) for k in a) and a.keys() == b.keys()


@pytest.mark.parametrize('head', ['', 'module.'])
def test_everything_fits(head):
    source, target = Classifier(), Classifier()
    state = {head + k: v for k, v in source.state_dict().items()}
    report = load_state(target, dict(state_dict=state), strict=True)
    assert report.complete
    assert report.matched == report.wanted == report.given == 8
    assert equal(source.state_dict(), target.state_dict())


def in_parallel(model):
    return nn.Sequential(OrderedDict(module=model))


def compiled(model):
    return torch.compile(model, backend='eager')  # which compiles at the first call


def compiled_within(model):
    model.backbone = torch.compile(model.backbone, backend='eager')
    return model


@pytest.mark.parametrize(
    'wrap',
    [
        compiled,
        compiled_within,
        AveragedModel,
        StochasticWeightAverage,
        lambda model: AveragedModel(compiled(in_parallel(model))),
        lambda model: in_parallel(compiled(compiled_within(model))),
    ],
)
def test_what_wrappers_add_to_names_is_left_out(wrap):
    source, target = Classifier(), Classifier()
    expected = {name: value.clone() for name, value in source.state_dict().items()}
    state = wrap(source).state_dict()
    assert state.keys() != expected.keys()
    assert load_state(target, dict(state_dict=state), strict=True).complete
    assert equal(expected, target.state_dict())


def test_an_average_takes_the_names_of_averages():
    source, target = AveragedModel(Classifier()), AveragedModel(Classifier())
    assert load_state(target, source.state_dict(), revise_keys=(), strict=True).complete
    assert equal(source.state_dict(), target.state_dict())


def test_the_backbone_of_a_classifier():
    source, target = Classifier(), Classifier().backbone
    for prefix in (None, 'backbone', 'backbone.'):
        target[0].reset_parameters()
        load_state(target, source.state_dict(), prefix=prefix)
        assert equal(source.backbone.state_dict(), target.state_dict())


def test_a_backbone_for_a_classifier():
    source, target = Classifier().backbone, Classifier()
    report = load_state(target, source.state_dict())
    assert report.missing == ['head.weight', 'head.bias']
    assert equal(source.state_dict(), target.backbone.state_dict())


def test_another_number_of_classes_is_warned_of(monkeypatch):
    warned = []
    monkeypatch.setattr(
        MMLogger, 'log', lambda self, level, message: warned.append(message)
    )
    source, target = Classifier(classes=10), Classifier(classes=3)
    before = target.head.weight.clone()
    report = load_state(target, source.state_dict())
    assert report.mismatched == [
        ('head.weight', (10, 4), (3, 4)),
        ('head.bias', (10,), (3,)),
    ]
    assert warned[0].splitlines()[1:] == [
        '  head.weight  (10, 4) in the checkpoint, (3, 4) in the model',
        '  head.bias  (10,) in the checkpoint, (3,) in the model',
    ]
    assert torch.equal(target.head.weight, before)
    assert equal(source.backbone.state_dict(), target.backbone.state_dict())
    with pytest.raises(CheckpointError, match='does not fit the model'):
        load_state(target, source.state_dict(), strict=True)


@pytest.mark.parametrize('source', [Classifier(width=5), nn.Conv2d(1, 1, 1)])
def test_a_checkpoint_of_another_model_is_refused(source):
    with pytest.raises(CheckpointError, match='is of another model'):
        load_state(Classifier(), source.state_dict())


def test_the_report_shows_the_first_few_of_each_kind():
    state = {f'layer{i}': torch.zeros(1) for i in range(9)}
    with pytest.raises(CheckpointError) as caught:
        load_state(Classifier(), state, source='other.pth')
    message = str(caught.value)
    assert 'other.pth is of another model: 0 entries match; the checkpoint has 9' in (
        message
    )
    assert 'only in the checkpoint: layer0, layer1, layer2, layer3, and 5 more' in (
        message
    )


def test_a_module_may_resize_what_it_loads():
    target = Resizing(6)
    report = load_state(
        nn.Sequential(target), {'0.table': torch.ones(3), '0.other': torch.ones(1)}
    )
    assert report.complete
    assert torch.equal(target.table, torch.ones(6))


def test_names_are_revised():
    source, target = Classifier(), Classifier()
    state = {k.replace('backbone', 'trunk'): v for k, v in source.state_dict().items()}
    load_state(target, state, strict=True, revise_keys=[(r'^trunk\.', 'backbone.')])
    assert equal(source.state_dict(), target.state_dict())


def test_old_checkpoints_do_not_count_batches():
    source = Classifier().state_dict()
    del source['backbone.1.num_batches_tracked']
    assert load_state(Classifier(), source, strict=True).complete


def test_a_prefix_that_there_is_not():
    with pytest.raises(CheckpointError, match='there are backbone, head'):
        load_state(Classifier(), Classifier().state_dict(), prefix='neck')


class Stages(nn.Module):
    """Entries of one number each; those of the same name match."""

    def __init__(self, *names):
        super().__init__()
        for name in names:
            self.register_parameter(name, nn.Parameter(torch.zeros(1)))


def stages(matching, rest, name):
    own = [f'{name}{i}' for i in range(rest)]
    return Stages(*(f'stage{i}' for i in range(matching)), *own)


@pytest.mark.parametrize(
    ('matching', 'ours', 'theirs', 'foreign'),
    [
        (78, 24, 189, True),  # of depth 50 in one of depth 18
        (78, 189, 24, True),
        (100, 2, 2, False),  # other heads
        (100, 2, 300, False),  # the backbone of a detector
        (100, 300, 2, False),  # a backbone in a detector
        (50, 50, 50, False),
        (49, 51, 51, True),
        (0, 5, 5, True),
    ],
)
def test_half_of_both_or_nearly_all_of_one_must_fit(matching, ours, theirs, foreign):
    model = stages(matching, ours, 'ours')
    state = stages(matching, theirs, 'theirs').state_dict()
    if foreign:
        with pytest.raises(CheckpointError, match='is of another model'):
            load_state(model, state)
    else:
        assert load_state(model, state).matched == matching


@pytest.mark.parametrize('strict', [False, True])
def test_a_checkpoint_without_weights(strict):
    with pytest.raises(CheckpointError, match='^a.pth holds no weights; use'):
        load_state(Classifier(), dict(state_dict={}), source='a.pth', strict=strict)
    with pytest.raises(CheckpointError, match=r'no weights; it has epoch \(int\); use'):
        load_state(Classifier(), dict(state_dict=dict(epoch=1)))
    for value in (5, None, []):
        kind = type(value).__name__
        with pytest.raises(CheckpointError, match=f'value of type {kind} instead of w'):
            load_state(Classifier(), value, strict=strict)


def test_a_model_may_have_to_be_filled():
    whole, part = Classifier(), Classifier().backbone
    load_state(part, whole.state_dict(), whole=True)
    with pytest.raises(CheckpointError, match='does not fill the model'):
        load_state(whole, part.state_dict(), whole=True)
    with pytest.raises(CheckpointError, match='does not fill the model'):
        load_state(whole, Classifier(classes=5).state_dict(), whole=True)


def test_another_shape_of_as_many_numbers_does_not_match():
    model = nn.Linear(2, 4)
    state = dict(model.state_dict(), weight=torch.zeros(2, 4))
    report = load_state(model, state)
    assert report.mismatched == [('weight', (2, 4), (4, 2))]
    assert str(report).splitlines()[0] == (
        '1 entry matches; the checkpoint has 2, the model 2'
    )
