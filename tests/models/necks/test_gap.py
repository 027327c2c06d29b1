import pytest
import torch

from mmlite.errors import ConfigError, DataError
from mmlite.models.necks import GlobalAveragePooling
from mmlite.registry import MODELS
from mmlite.structures import FeatureSpec


@pytest.mark.parametrize(
    ('dim', 'shape'), [(1, (2, 3, 5)), (2, (2, 3, 5, 4)), (3, (2, 3, 2, 5, 4))]
)
def test_averages_all_places(dim, shape):
    x = torch.rand(shape)
    got = GlobalAveragePooling(dim)(x)
    assert got.shape == (2, 3)
    for b in range(2):
        for c in range(3):
            values = x[b, c].flatten().tolist()
            assert got[b, c].item() == pytest.approx(sum(values) / len(values))


def test_tuple_in_tuple_out():
    feats = (torch.rand(2, 8, 7, 7), torch.rand(2, 16, 4, 4))
    got = GlobalAveragePooling()(feats)
    assert isinstance(got, tuple)
    assert [tuple(x.shape) for x in got] == [(2, 8), (2, 16)]


def test_output_specs():
    specs = (FeatureSpec(8, stride=4), FeatureSpec(16, stride=8))
    got = GlobalAveragePooling().output_specs(specs)
    assert got == (FeatureSpec(8), FeatureSpec(16))


def test_wrong_dim():
    with pytest.raises(ConfigError, match='dim must be 1, 2 or 3, got 4'):
        MODELS.build(dict(type='GlobalAveragePooling', dim=4))


def test_vectors_have_nothing_to_average():
    with pytest.raises(DataError, match=r'got \(2, 8\); set .* model.neck=None'):
        GlobalAveragePooling()((torch.rand(2, 8),))
