"""What every loss of a set promises: ``forward(embeddings, labels)``."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import SET_LOSSES, arguments_of, names_of

from mmlite.errors import ConfigError
from mmlite.models.losses import BaseLoss
from mmlite.registry import MODELS

LABELS = torch.tensor([0, 0, 1, 1, 2, 2])


class Spread(BaseLoss):
    """The smallest loss that keeps the promise, so that the contract itself runs."""

    def forward(self, embeddings, labels):
        same = labels[:, None] == labels[None]
        distances = (embeddings[:, None] - embeddings[None]).square().sum(dim=2)
        return distances[same].mean(), self.info


@pytest.fixture(params=[*names_of('losses', 'SetLoss'), Spread])
def build(request):
    if request.param is Spread:
        return lambda **changes: MODELS.build(dict(type=Spread, **changes))
    name = request.param
    args = arguments_of(name, SET_LOSSES, 'SET_LOSSES')
    return lambda **changes: MODELS.build(dict(args, type=name, **changes))


def embeddings():
    return torch.randn(6, 8, generator=torch.Generator().manual_seed(0))


def value(loss, x, labels=LABELS):
    result = loss(x, labels)
    return (result[0] if isinstance(result, tuple) else result).mean()


def test_loss_and_gradient_are_finite(build):
    for x in (embeddings(), torch.zeros(6, 8), 1e3 * embeddings()):
        x.requires_grad_()
        loss = value(build(), x)
        loss.backward()
        assert loss.isfinite() and x.grad.isfinite().all()


def test_the_order_of_the_set_does_not_matter(build):
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    loss = build().eval()
    torch.testing.assert_close(
        value(loss, embeddings()[order], LABELS[order]), value(loss, embeddings())
    )


def test_the_names_of_the_classes_do_not_matter(build):
    loss = build().eval()
    renamed = torch.tensor([2, 0, 1])[LABELS]
    torch.testing.assert_close(
        value(loss, embeddings(), renamed), value(loss, embeddings())
    )


def test_half_precision_embeddings_are_accepted(build):
    loss = build().eval()
    expected = value(loss, embeddings()).item()
    assert value(loss, embeddings().bfloat16()).item() == pytest.approx(
        expected, rel=0.05
    )


def test_unknown_arguments_are_refused_by_name(build):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(no_such_argument=1)
