"""What every loss of disparities promises: only known pixels count."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import MASKED_LOSSES, arguments_of, names_of

from mmlite.registry import MODELS

TARGET = torch.tensor([[[1.0, 0.0, torch.nan, torch.inf, 200.0]]])
KNOWN = torch.tensor([[[True, False, False, False, False]]])


@pytest.fixture(params=names_of('losses', 'MaskedLoss'))
def loss(request):
    args = arguments_of(request.param, MASKED_LOSSES, 'MASKED_LOSSES')
    module = MODELS.build(dict(args, type=request.param))
    return lambda ests, target=TARGET, mask=KNOWN: module(ests, target, mask)[0]


def estimates(*values):
    return [torch.tensor([[values]]).requires_grad_() for _ in range(2)]


def test_what_is_unknown_has_no_say(loss):
    one = loss(estimates(2.0, 50.0, 50.0, 50.0, 50.0))
    other = loss(estimates(2.0, torch.nan, 0.0, torch.inf, 7.0))
    assert one.isfinite() and one > 0
    torch.testing.assert_close(one, other)


def test_gradients_are_finite_and_of_what_is_known(loss):
    ests = estimates(2.0, torch.nan, 50.0, 50.0, 50.0)
    loss(ests).backward()
    for est in ests:
        assert est.grad.isfinite().all()
        assert est.grad[0, 0, 0] > 0 and not est.grad[0, 0, 1:].any()


def test_without_a_known_pixel_it_is_zero(loss):
    ests = estimates(2.0, 50.0, 50.0, 50.0, 50.0)
    value = loss(ests, mask=torch.zeros_like(KNOWN))
    value.backward()
    assert value == 0
    assert all(est.grad is None or not est.grad.any() for est in ests)


def test_a_channel_makes_no_difference(loss):
    ests = estimates(2.0, 50.0, 50.0, 50.0, 50.0)
    with_channel = loss([est.unsqueeze(1) for est in ests])
    torch.testing.assert_close(with_channel, loss(ests))
