import pytest
import torch
from support.training import ToyRunModel, toy_runner
from torch import nn

from mmlite.engine.loops.misfits import misfit
from mmlite.errors import ConfigError


class Net(nn.Module):
    """Layers one after the other, by the names of parts."""

    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)

    def data_preprocessor(self, data, training):
        return dict(inputs=data)

    def forward(self, inputs, mode):
        for name, part in self.named_children():
            # A head is asked for its loss, not called.
            inputs = part.loss(inputs) if name == 'head' else part(inputs)
        return inputs


class Head(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.in_channels = in_channels
        self.fc = nn.Linear(in_channels, 2)

    def loss(self, feats):
        return self.fc(feats).sum()


class Tuple(nn.Conv2d):
    def forward(self, x):
        return (super().forward(x),)


class Neck(nn.Module):
    in_channels = 5

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(5)

    def forward(self, x):
        return self.norm(x[-1])


def said_of(net, shape=(2, 3, 4, 4)):
    """The message, or what the network itself says."""
    data = torch.rand(shape)
    try:
        net(data, 'loss')
    except RuntimeError as error:
        found = misfit(error, net, data, 'loss')
        return str(error) if found is None else str(found)


@pytest.mark.parametrize(
    'parts, message',
    [
        pytest.param(
            lambda: dict(
                backbone=nn.Conv2d(3, 8, 1),
                neck=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
                head=Head(9),
            ),
            'model.head.in_channels is 9, but the Linear of it gets 8 channels, of '
            'shape (2, 8); set model.head.in_channels=8',
            id='a head',
        ),
        pytest.param(
            lambda: dict(backbone=Tuple(3, 4, 1), neck=Neck()),
            'model.neck.in_channels is 5, but the BatchNorm2d of it gets 4 channels, '
            'of shape (2, 4, 4, 4); set model.neck.in_channels=4',
            id='a neck',
        ),
        pytest.param(
            lambda: dict(backbone=Tuple(3, 4, 1), neck=nn.Sequential(Neck())),
            'model.neck.0.in_channels is 5, but the BatchNorm2d of it gets 4 channels, '
            'of shape (2, 4, 4, 4); set model.neck.0.in_channels=4',
            id='one of several necks',
        ),
        pytest.param(
            lambda: dict(backbone=nn.Conv2d(1, 4, 1)),
            'model.backbone.in_channels is 1, but the part gets 3 channels, of shape '
            '(2, 3, 4, 4); set model.backbone.in_channels=3',
            id='a backbone',
        ),
        pytest.param(
            lambda: dict(backbone=nn.Sequential(nn.Conv2d(3, 4, 1), nn.LayerNorm(7))),
            'model.backbone.1: a LayerNorm takes 7 channels, but gets 4 channels, of '
            'shape (2, 4, 4, 4); compare the widths in model',
            id='a layer',
        ),
    ],
)
def test_both_widths_are_said_of_parts_that_do_not_fit(parts, message):
    assert said_of(Net(**parts())) == message


@pytest.mark.parametrize(
    'raised',
    [
        RuntimeError('element 0 of tensors does not require grad'),
        torch.cuda.OutOfMemoryError('of this size'),
        ValueError('the shape'),
    ],
)
def test_no_other_error_is_taken_for_one_of_widths(raised):
    net = Net(backbone=nn.Conv2d(1, 4, 1))
    assert misfit(raised, net, torch.rand(2, 3, 4, 4), 'loss') is None


def test_shapes_that_differ_otherwise_keep_the_message_of_pytorch():
    class Sum(nn.Module):
        def forward(self, x):
            return x + torch.zeros(7)

    assert 'must match' in said_of(Net(backbone=Sum()))


def test_no_hook_stays():
    net = Net(backbone=nn.Conv2d(1, 4, 1))
    said_of(net)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())


@pytest.mark.parametrize('step', ['train_step', 'val_step'])
def test_a_run_ends_in_words(tmp_path, monkeypatch, step):
    real = getattr(ToyRunModel, step)

    def wider(self, data, *args, **kwargs):
        self.backbone[0] = nn.Linear(5, 8)  # there are four numbers
        return real(self, data, *args, **kwargs)

    monkeypatch.setattr(ToyRunModel, step, wider)
    with pytest.raises(ConfigError, match=r'model.backbone.0: a Linear takes 5 '):
        toy_runner(tmp_path).train()
