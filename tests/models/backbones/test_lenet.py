import pytest
import torch

from mmlite.models.backbones import LeNet5


@pytest.mark.parametrize('batch', [1, 3])
def test_logits(batch):
    model = LeNet5(num_classes=7)
    (out,) = model(torch.randn(batch, 1, 32, 32))
    assert out.shape == (batch, 7)
    assert model.feature_specs == ((7, None),)


def test_features():
    model = LeNet5()
    (out,) = model(torch.randn(2, 1, 32, 36))
    assert out.shape == (2, 120, 1, 2)
    assert model.feature_specs == ((120, 4),)
    assert not any('classifier' in name for name in model.state_dict())


@pytest.mark.parametrize('num_classes', [0, -2])
def test_wrong_number_of_classes_is_refused(num_classes):
    with pytest.raises(ValueError, match='must be positive, or -1'):
        LeNet5(num_classes=num_classes)
