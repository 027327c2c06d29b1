import pytest
import torch

from mmlite.errors import ConfigError, DataError
from mmlite.models.heads import LinearClsHead
from mmlite.registry import MODELS
from mmlite.structures import DataSample


def test_state_has_the_names_of_mmpretrain():
    state = LinearClsHead(10, 16).state_dict()
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    assert shapes == {'fc.weight': (10, 16), 'fc.bias': (10,)}


def test_forward():
    head = LinearClsHead(2, 3)
    with torch.no_grad():
        head.fc.weight.copy_(torch.tensor([[1.0, 0.0, 2.0], [0.0, -1.0, 0.0]]))
        head.fc.bias.copy_(torch.tensor([0.5, 0.0]))
    feats = (torch.zeros(1, 9), torch.tensor([[1.0, 2.0, 3.0]]))
    assert head(feats).tolist() == [[7.5, -2.0]]


def test_loss_trains_the_layer():
    head = LinearClsHead(4, 8)
    samples = [DataSample().set_gt_label(3)]
    head.loss((torch.ones(1, 8),), samples)['loss'].backward()
    assert (head.fc.bias.grad > 0).tolist() == [True, True, True, False]


def test_init():
    head = LinearClsHead(100, 200)
    head.init_weights()
    assert head.fc.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert head.fc.bias.abs().max() == 0


def test_map_instead_of_a_vector():
    with pytest.raises(DataError, match=r'\(B, 8\), got \(2, 8, 4, 4\).*GlobalAverage'):
        LinearClsHead(4, 8)((torch.rand(2, 8, 4, 4),))


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(num_classes=0, in_channels=8), 'must be positive, got 0'),
        (dict(num_classes=4), "needs the argument 'in_channels'"),
        (dict(num_classes=4, in_channels=8, top_k=(1,)), "did you mean 'topk'"),
        (dict(num_classes='4', in_channels=8), "num_classes: .*expects int, got '4'"),
    ],
)
def test_wrong_arguments(cfg, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(dict(type='LinearClsHead', **cfg))
