import pytest
import torch

from mmlite.ops import class_softmax


@pytest.mark.parametrize('classes', [1, 2, 10, 15, 16, 40])
@pytest.mark.parametrize('batch', [0, 1, 15, 16, 33])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.bfloat16])
def test_it_is_the_softmax_of_each_row(classes, batch, dtype):
    logits = (10 * torch.randn(batch, classes)).to(dtype)
    got = class_softmax(logits)
    assert got.dtype == dtype and got.is_contiguous()
    torch.testing.assert_close(got, logits.softmax(dim=1))
