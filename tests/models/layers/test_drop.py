import pytest
import torch
from torch import nn

from mmlite.errors import ConfigError
from mmlite.models.layers import Dropout, DropPath, build_dropout, drop_path
from mmlite.registry import MODELS


def test_samples_are_dropped_whole_and_the_mean_is_kept():
    x = torch.ones(4000, 2, 3)
    out = DropPath(0.25)(x)
    values = out.flatten(1)
    assert (values == values[:, :1]).all()
    dropped = values[:, 0] == 0
    torch.testing.assert_close(
        values[~dropped, 0], torch.full((4000,), 4 / 3)[~dropped]
    )
    # four standard deviations of a binomial share
    assert dropped.float().mean().item() == pytest.approx(
        0.25, abs=4 * (0.25 * 0.75 / 4000) ** 0.5
    )


def test_nothing_is_dropped_in_evaluation_or_at_rate_zero():
    x = torch.randn(3, 4)
    assert DropPath(0.9).eval()(x) is x
    assert DropPath(0.0)(x) is x
    assert drop_path(x, 0.9) is x


def test_everything_is_dropped_at_rate_one():
    assert torch.equal(DropPath(1.0)(torch.ones(3, 4)), torch.zeros(3, 4))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float64])
def test_dtype_is_kept(dtype):
    assert DropPath(0.5)(torch.ones(3, 4, dtype=dtype)).dtype == dtype


def test_gradient_flows_through_kept_samples_only():
    x = torch.ones(8, 2, requires_grad=True)
    out = DropPath(0.5)(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad, out.detach())


def test_builder():
    assert type(build_dropout(None)) is nn.Identity
    assert build_dropout(dict(type='Dropout', drop_prob=0.3)).p == 0.3
    assert build_dropout(dict(type='DropPath')).drop_prob == 0.1
    assert Dropout().p == 0.5


def test_rate_out_of_range_is_refused():
    with pytest.raises(ConfigError, match=r'drop_prob must lie in \[0, 1\], got 1\.5'):
        MODELS.build(dict(type='DropPath', drop_prob=1.5))
