import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmlite.errors import ConfigError, TrainingError
from mmlite.models import BaseModel
from mmlite.models.base import build_part, check_channels, is_summed
from mmlite.structures import DataSample, FeatureSpec


class Line(BaseModel):
    """y = w x, fitted to y = 3 x."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.w = nn.Parameter(torch.tensor(1.0))

    def extract_feat(self, inputs):
        return self.w * inputs

    def loss(self, inputs, data_samples):
        error = self.extract_feat(inputs) - 3 * inputs
        return dict(loss=error.square(), size=len(inputs))

    def predict(self, inputs, data_samples=None):
        scores = self.extract_feat(inputs)
        return [DataSample().set_pred_score(score[None]) for score in scores]


X = torch.tensor([1.0, 2.0])


def test_each_mode():
    model = Line()
    assert model(X).tolist() == [1, 2]
    assert model(X, mode='loss')['loss'].tolist() == [4, 16]
    assert [s.pred_score.item() for s in model(X, mode='predict')] == [1, 2]


def test_mistyped_mode():
    with pytest.raises(ValueError, match="'tensor', 'loss', 'predict'.*mean 'loss'"):
        Line()(X, mode='los')


@pytest.mark.parametrize('mode', ['tensor', 'loss', 'predict'])
def test_undefined_mode(mode):
    with pytest.raises(NotImplementedError, match='BaseModel does not define'):
        BaseModel()(X, mode=mode)


def test_train_step_of_mmengine():
    model = Line()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    log = model.train_step(dict(inputs=X), OptimWrapper(optimizer))
    assert log['loss'].item() == 10  # the mean of 4 and 16
    assert log['size'].item() == 2
    # d/dw of the mean of (w - 3)² x² is 2 (w - 3) mean(x²)
    assert model.w.item() == pytest.approx(1 - 0.01 * 2 * -2 * 2.5)


def test_val_and_test_step_of_mmengine():
    for step in (Line().val_step, Line().test_step):
        assert [s.pred_score.item() for s in step(dict(inputs=X))] == [1, 2]


@pytest.mark.parametrize(
    ('key', 'expected'),
    [
        ('loss', True),
        ('loss_bbox', True),
        ('rpn_loss', True),
        ('decode.loss_ce', True),
        ('loss_aux.acc', False),
        ('my_loss_log', False),
        ('glossy', False),
        ('accuracy_top-1', False),
    ],
)
def test_what_counts_as_a_loss(key, expected):
    assert is_summed(key) is expected


def test_total_is_the_sum_of_the_losses():
    w = torch.tensor(2.0, requires_grad=True)
    losses = {
        'loss_cls': w * 3,
        'aux.loss_box': [w, torch.tensor([1.0, 3.0])],
        'rpn_loss': 0.5,
        'my_loss_log': torch.tensor(100.0),
        'acc': torch.tensor([1, 0]),
    }
    total, log = Line().parse_losses(losses)
    total.backward()
    assert w.grad.item() == 4
    assert {key: value.item() for key, value in log.items()} == {
        'loss': 6 + 4 + 0.5,
        'loss_cls': 6,
        'aux.loss_box': 4,
        'rpn_loss': 0.5,
        'my_loss_log': 100,
        'acc': 0.5,
    }
    assert not any(value.requires_grad for value in log.values())


def test_a_single_loss_is_optimised_as_it_is():
    loss = torch.tensor(2.0, requires_grad=True)
    total, log = Line().parse_losses(dict(loss=loss))
    assert total is loss
    assert list(log) == ['loss']


def test_nothing_is_read_from_the_device():
    # A tensor on the meta device has no value that could be read.
    losses = dict(loss_a=torch.zeros(3, device='meta'), acc=torch.zeros(()))
    total, log = Line().parse_losses(losses)
    assert total.is_meta
    assert log['loss'].is_meta


@pytest.mark.parametrize(
    ('losses', 'message'),
    [
        (
            dict(loss=torch.tensor(1.0), aux_loss=torch.tensor(2.0)),
            "'loss' is kept for the total, but stands beside 'aux_loss'; rename it",
        ),
        (dict(acc=torch.tensor(1.0)), r"nothing to optimise among \['acc'\]"),
        ({}, 'nothing to optimise'),
        (dict(loss='1.0'), r"'loss' .* got '1.0' \(str\)"),
        (dict(loss=[]), r"'loss' .* got \[\] \(list\)"),
        (dict(loss=[torch.tensor(1.0), None]), r'got None \(NoneType\)'),
    ],
)
def test_wrong_losses(losses, message):
    with pytest.raises(TrainingError, match=message):
        Line().parse_losses(losses)


def test_a_loss_may_stand_beside_what_is_only_logged():
    total, _ = Line().parse_losses(dict(loss=torch.tensor(1.0), my_loss_log=7.0))
    assert total.item() == 1


class Backbone(nn.Module):
    def __init__(self, *channels):
        super().__init__()
        self.feature_specs = tuple(FeatureSpec(c, stride=4) for c in channels)


class Wants(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.in_channels = in_channels


class Project(Wants):
    """A neck to another width."""

    def __init__(self, in_channels, out_channels):
        super().__init__(in_channels)
        self.out_channels = out_channels

    def output_specs(self, specs):
        return (FeatureSpec(self.out_channels),)


def test_widths_that_fit():
    check_channels(Backbone(8, 16), head=Wants(16))
    check_channels(Backbone(8, 16), Wants([8, 16]), Wants(77))
    check_channels(Backbone(8, 16), Project(16, 4), Wants(4))
    check_channels(Backbone(16), nn.Sequential(Project(16, 4), Project(4, 2)), Wants(2))


def test_parts_that_do_not_tell_are_not_compared():
    check_channels(nn.Identity(), Wants(3), Wants(4))
    check_channels(Backbone(8), nn.Identity(), Wants(77))
    check_channels(Backbone(8), None, nn.Identity())
    check_channels(Backbone(8))


@pytest.mark.parametrize(
    ('neck', 'head', 'message'),
    [
        (
            None,
            Wants(256),
            'head.in_channels is 256, but the backbone gives 16; '
            'set model.head.in_channels=16',
        ),
        (
            Project(16, 4),
            Wants(16),
            'head.in_channels is 16, but the neck gives 4; '
            'set model.head.in_channels=4',
        ),
        (
            Project(8, 4),
            None,
            'neck.in_channels is 8, but the backbone gives 16; '
            'set model.neck.in_channels=16',
        ),
        (
            Wants((8, 32)),
            None,
            'neck.in_channels is [8, 32], but the backbone gives [8, 16]; '
            'set model.neck.in_channels=[8, 16]',
        ),
        (
            nn.Sequential(Project(16, 4), Project(5, 2)),
            None,
            'neck.1.in_channels is 5, but neck.0 gives 4; '
            'set model.neck.1.in_channels=4',
        ),
    ],
)
def test_widths_that_differ(neck, head, message):
    with pytest.raises(ConfigError) as caught:
        check_channels(Backbone(8, 16), neck, head)
    assert str(caught.value) == message


def test_build_part():
    part = nn.Identity()
    assert build_part('neck', part) is part
    assert build_part('neck', None) is None
    parts = build_part('neck', [dict(type='GlobalAveragePooling', dim=1), part])
    assert isinstance(parts, nn.Sequential)
    assert parts[0].dim == 1


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='GlobalAveragePooling', dm=1), 'neck: .*no argument .dm.'),
        ([dict(type='GlobalAveragePooling', dim=9)], 'neck.0: .*got 9'),
        ('GlobalAveragePooling', 'neck: expected a dict with a type'),
    ],
)
def test_build_part_says_which(cfg, message):
    with pytest.raises(ConfigError, match=message):
        build_part('neck', cfg)
