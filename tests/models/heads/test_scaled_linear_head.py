import pytest
import torch

from mmlite.errors import ConfigError
from mmlite.registry import MODELS

HEAD = dict(type='ScaledLinearClsHead', num_classes=3, in_channels=4)


@pytest.mark.parametrize(('scale', 'factor'), [(None, 1 / 4), (1 / 9, 1 / 9)])
def test_logits_are_scaled(scale, factor):
    head = MODELS.build(dict(HEAD, scale=scale))
    x = torch.randn(2, 4)
    torch.testing.assert_close(head((x,)), factor * x @ head.fc.weight.T)


def test_there_is_no_bias():
    head = MODELS.build(HEAD)
    assert [name for name, _ in head.named_parameters()] == ['fc.weight']


def test_the_weights_start_as_asked():
    init_cfg = dict(type='Uniform', layer='Linear', a=2, b=3)
    head = MODELS.build(dict(HEAD, init_cfg=init_cfg))
    head.init_weights()
    assert 2 <= head.fc.weight.min() <= head.fc.weight.max() <= 3


def test_a_scale_that_makes_no_sense():
    with pytest.raises(ConfigError, match='scale must be positive, got 0'):
        MODELS.build(dict(HEAD, scale=0))
