import pytest
import torch

from mmlite.errors import DataError
from mmlite.models.necks import GlobalMaxPooling


def test_the_largest_value_of_each_map():
    x = torch.randn(2, 3, 4, 5)
    expected = [[max(plane.flatten().tolist()) for plane in image] for image in x]
    torch.testing.assert_close(GlobalMaxPooling()(x), torch.tensor(expected))


def test_vectors_are_refused():
    with pytest.raises(DataError, match=r'takes maps \(B, C, H, W\), got \(2, 8\)'):
        GlobalMaxPooling()((torch.zeros(2, 8),))
