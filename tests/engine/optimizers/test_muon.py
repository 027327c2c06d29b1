from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from mmlite.engine import Muon
from mmlite.engine.optimizers import newton_schulz
from mmlite.errors import ConfigError
from mmlite.registry import OPTIMIZERS

SHAPES = [(5, 5), (4, 9), (9, 4), (1, 7)]


def gaussian(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('scale', [1e-4, 1.0, 1e3])
def test_singular_values_are_brought_near_one(shape, scale):
    matrices = scale * gaussian(6, *shape)
    least = torch.linalg.svdvals(matrices)[:, -1] / torch.linalg.matrix_norm(matrices)
    assert least.min() > 0.0015
    values = torch.linalg.svdvals(newton_schulz(matrices))
    assert 0.67 < values.min() and values.max() < 1.21


def test_each_step_is_a_polynomial_of_the_singular_values():
    x = gaussian(2, 4, 6).double()
    for steps in (1, 3):
        u, values, vh = np.linalg.svd(x.numpy(), full_matrices=False)
        values /= np.linalg.norm(values, axis=1, keepdims=True)
        for _ in range(steps):
            values = 3.4445 * values - 4.775 * values**3 + 2.0315 * values**5
        expected = torch.from_numpy((u * values[:, None]) @ vh)
        torch.testing.assert_close(newton_schulz(x, steps), expected)


def test_no_gradient_gives_no_step():
    assert not newton_schulz(torch.zeros(1, 3, 4)).any()


def stepped(optimizer_of, count: int = 4, shape=(6, 10), **options) -> torch.Tensor:
    weight = nn.Parameter(gaussian(*shape))
    optimizer = optimizer_of([weight], **options)
    for i in range(count):
        weight.grad = gaussian(*shape, seed=i + 1)
        optimizer.step()
    return weight.detach()


@pytest.mark.skipif(not hasattr(torch.optim, 'Muon'), reason='torch has no Muon yet')
@pytest.mark.parametrize(
    'options',
    [
        dict(lr=0.1, weight_decay=0.0),
        dict(lr=0.1, weight_decay=0.5, momentum=0.5, nesterov=False),
        dict(lr=0.1, adjust_lr_fn='match_rms_adamw', ns_steps=3),
    ],
)
@pytest.mark.parametrize('shape', [(6, 10), (10, 6)])
def test_it_steps_as_torchs_own(options, shape):
    theirs = stepped(torch.optim.Muon, shape=shape, **options)
    ours = stepped(Muon, shape=shape, **options)
    # Torch's computes in bfloat16, which has 8 bits, and the errors add up.
    moved = (theirs - gaussian(*shape)).norm()
    assert (ours - theirs).norm() < 0.03 * moved


def brute_force(lr, momentum, nesterov, decay, normalize, count=4) -> torch.Tensor:
    """With singular vectors in place of Newton and Schulz."""
    weight = gaussian(6, 4, 3, 3).reshape(6, -1).double()
    velocity = torch.zeros_like(weight)
    for i in range(count):
        grad = gaussian(6, 4, 3, 3, seed=i + 1).reshape(6, -1).double()
        velocity = momentum * velocity + grad
        step = grad + momentum * velocity if nesterov else velocity
        u, values, vh = torch.linalg.svd(step, full_matrices=False)
        values = values / values.norm()
        for _ in range(5):
            values = 3.4445 * values - 4.775 * values**3 + 2.0315 * values**5
        if normalize:
            weight = weight * math.sqrt(6) / weight.norm()
        weight = weight * (1 - lr * decay) - lr * (u * values) @ vh
    return weight


@pytest.mark.parametrize('nesterov', [True, False])
@pytest.mark.parametrize(('decay', 'normalize'), [(0.0, True), (0.3, False)])
def test_kernels_are_stepped_as_matrices(nesterov, decay, normalize):
    ours = stepped(
        Muon,
        shape=(6, 4, 3, 3),
        lr=0.2,
        momentum=0.6,
        nesterov=nesterov,
        weight_decay=decay,
        normalize=normalize,
        adjust_lr_fn='none',
    )
    expected = brute_force(0.2, 0.6, nesterov, decay, normalize)
    torch.testing.assert_close(
        ours.reshape(6, -1).double(), expected, atol=1e-4, rtol=1e-3
    )


def test_matrices_of_one_shape_do_not_mix():
    weights = [nn.Parameter(gaussian(*s)) for s in ((4, 6), (4, 2, 3), (6, 4), (4, 6))]
    together = Muon(weights, lr=0.1)
    for i, weight in enumerate(weights):
        weight.grad = gaussian(*weight.shape, seed=i)
    before = [weight.detach().clone() for weight in weights]
    together.step()
    for i, (start, weight) in enumerate(zip(before, weights, strict=True)):
        alone = nn.Parameter(start)
        alone.grad = gaussian(*start.shape, seed=i)
        Muon([alone], lr=0.1).step()
        torch.testing.assert_close(weight, alone)


@pytest.mark.parametrize(
    ('adjust_lr_fn', 'shape', 'factor'),
    [
        (None, (8, 2), 2.0),
        ('original', (2, 8), 1.0),
        ('match_rms_adamw', (2, 8), 0.2 * math.sqrt(8)),
        ('none', (8, 2), 1.0),
    ],
)
def test_the_learning_rate_is_adjusted_by_the_shape(adjust_lr_fn, shape, factor):
    start = gaussian(*shape)
    options = dict(count=1, shape=shape, lr=0.1, weight_decay=0)
    plain = start - stepped(Muon, adjust_lr_fn='none', **options)
    moved = start - stepped(Muon, adjust_lr_fn=adjust_lr_fn, **options)
    torch.testing.assert_close(moved, factor * plain, atol=1e-5, rtol=1e-4)


def test_a_quadratic_goes_down():
    target = gaussian(3, 5)
    weight = nn.Parameter(torch.zeros(3, 5))
    muon = Muon([weight], lr=0.05, weight_decay=0, momentum=0.5)

    def closure():
        muon.zero_grad()
        loss = (weight - target).square().sum()
        loss.backward()
        return loss

    losses = [muon.step(closure).item() for _ in range(100)]
    assert losses[-1] < 0.01 * losses[0]


def test_parameters_without_a_gradient_stay():
    weights = [nn.Parameter(gaussian(3, 3)) for _ in range(2)]
    weights[0].grad = gaussian(3, 3, seed=1)
    Muon(weights, lr=0.1).step()
    assert torch.equal(weights[1], gaussian(3, 3))


def test_its_state_is_saved():
    results = []
    for again in (False, True):
        weight = nn.Parameter(gaussian(4, 4))
        muon = Muon([weight], lr=0.1)
        for i in range(4):
            if again and i == 2:
                state = muon.state_dict()
                muon = Muon([weight], lr=0.7)
                muon.load_state_dict(state)
            weight.grad = gaussian(4, 4, seed=i)
            muon.step()
        results.append(weight.detach())
    assert torch.equal(*results)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(lr=-1), 'must be at least 0'),
        (dict(momentum=1.0), r'momentum must lie in \[0, 1\)'),
        (dict(ns_steps=0), 'ns_steps must be at least 1'),
        (dict(ns_coefficients=[1, 2]), 'ns_coefficients are three'),
        (dict(adjust_lr_fn='orig'), 'adjust_lr_fn'),
    ],
)
def test_wrong_arguments(options, message):
    cfg = dict(type='Muon', params=[nn.Parameter(gaussian(2, 2))], **options)
    with pytest.raises(ConfigError, match=message):
        OPTIMIZERS.build(cfg)


def test_vectors_are_refused_with_a_remedy():
    with pytest.raises(ValueError, match=r'shape \(2,\).*MuonOptimWrapperConstructor'):
        Muon(nn.Linear(2, 2).parameters())
