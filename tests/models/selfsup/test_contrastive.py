"""Contrastive algorithms train as mmpretrain's, and as their papers say."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path

import pytest
import torch
from golden.rules import assert_steps, make_input
from mmengine.logging import MessageHub
from torch import nn

from mmlite.errors import DataError
from mmlite.models.layers import CosineEMA
from mmlite.registry import MODELS

GOLDEN = Path(__file__).parents[2] / 'golden' / 'selfsup' / 'contrastive.json'
CASES = json.loads(GOLDEN.read_text())['cases']
WITH_TARGET = {
    'MoCo': 'encoder_k',
    'DenseCL': 'encoder_k',
    'BYOL': 'target_net',
    'MoCoV3': 'momentum_encoder',
}


@pytest.fixture(autouse=True)
def training():
    """A training of four iterations, as the momentum schedules see it."""
    hub = MessageHub.get_current_instance()
    before = hub.get_info('max_iters')
    hub.update_info('max_iters', 4)
    yield
    hub.update_info('max_iters', before)


def build(name, **changes):
    torch.manual_seed(0)
    return MODELS.build(dict(copy.deepcopy(CASES[name]['model']), **changes)).train()


def views_of(name):
    views = list(make_input((2, 4, 3, 64, 64)))
    if name == 'SwAV':
        views += [view[..., :32, :32] for view in views]
    return views


@pytest.mark.parametrize('name', CASES)
def test_three_steps_are_those_of_mmpretrain(name):
    model = build(name)
    assert_steps(model, lambda: model(views_of(name), mode='loss'), CASES[name])


@pytest.mark.parametrize('name', CASES)
def test_another_number_of_views_is_refused(name):
    with pytest.raises(DataError, match=r'views of each image, got 1 views; set'):
        build(name)(views_of(name)[:1], mode='loss')
    with pytest.raises(DataError, match='got one tensor'):
        build(name)(views_of(name)[0], mode='loss')


@pytest.mark.parametrize(('name', 'target'), WITH_TARGET.items())
def test_the_momentum_branch_normalises_by_the_batch(name, target):
    model = build(name)
    other = copy.deepcopy(model)
    for key, buffer in getattr(other, target).named_buffers():
        if key.endswith(('running_mean', 'running_var')):
            buffer.fill_(1e6)
    losses = model(views_of(name), mode='loss')
    for key, value in other(views_of(name), mode='loss').items():
        assert torch.equal(value, losses[key])
    for key, buffer in getattr(model, target).named_buffers():
        if key.endswith('num_batches_tracked'):
            assert buffer.dtype == torch.int64
    assert not any(p.requires_grad for p in getattr(model, target).parameters())


@pytest.mark.parametrize(('name', 'target'), WITH_TARGET.items())
def test_the_average_begins_as_the_network(name, target):
    model = build(name)
    model.init_weights()
    model(views_of(name), mode='loss')
    online = nn.Sequential(model.backbone, model.neck)
    averaged = getattr(model, target).module
    for one, other in zip(online.parameters(), averaged.parameters(), strict=True):
        assert torch.equal(one, other) and one is not other


def test_the_share_of_the_newest_weights_falls_with_a_cosine():
    """Four iterations, 0.9 of the old value at first, which is 0 from the second on."""
    network = nn.Linear(1, 1, bias=False)
    nn.init.ones_(network.weight)
    average = CosineEMA(network, momentum=0.1)
    average.update_parameters(network)
    nn.init.zeros_(average.module.weight)
    kept = 1.0
    for k in range(1, 4):
        average.update_parameters(network)
        kept *= 1 - 0.1 * (math.cos(math.pi * k / 4) + 1) / 2
    assert average.module.weight.item() == pytest.approx(1 - kept)
    assert 1 - kept == pytest.approx(0.14381, abs=1e-5)
    assert average.share(4) == 0  # and it stays there
    assert average.share(9) == 0


def test_without_a_training_the_momentum_stays():
    MessageHub.get_current_instance().update_info('max_iters', None)
    assert CosineEMA(nn.Linear(1, 1), momentum=0.1).share(7) == 0.1


class Vectors(nn.Module):
    """A backbone that gives its input, which is vectors."""

    def forward(self, x):
        return (x,)


def moco(queue_len, **changes):
    head = dict(type='ContrastiveHead', loss=dict(type='CrossEntropyLoss'))
    cfg = dict(type='MoCo', backbone=Vectors(), neck=nn.Identity(), feat_dim=2)
    return MODELS.build(dict(cfg, head=head, queue_len=queue_len, **changes))


def test_the_queue_goes_round_its_end():
    model = moco(queue_len=10)
    assert torch.allclose(model.queue.norm(dim=0), torch.ones(10))
    first = model.queue.clone()
    sent = []
    for size in (4, 4, 3):
        views = [torch.randn(size, 2), torch.randn(size, 2)]
        model(views, mode='loss')
        sent.append(nn.functional.normalize(views[1], dim=1))
    sent = torch.cat(sent)
    assert model.queue_ptr.tolist() == [1]
    torch.testing.assert_close(model.queue.t(), torch.cat((sent[10:], sent[1:10])))
    assert not torch.equal(first, model.queue)


def test_a_batch_longer_than_the_queue_leaves_its_newest_keys():
    model = moco(queue_len=3)
    views = [torch.randn(5, 2), torch.randn(5, 2)]
    model(views, mode='loss')
    expected = nn.functional.normalize(views[1], dim=1)[[3, 4, 2]]
    torch.testing.assert_close(model.queue.t(), expected)
    assert model.queue_ptr.tolist() == [2]


def test_keys_enter_the_queue_after_the_loss():
    e1, e2 = torch.eye(2)
    model = moco(queue_len=3)
    model.head.temperature = 0.2
    model.queue.copy_(e2[:, None].expand(2, 3))
    loss = model([e1[None], e1[None]], mode='loss')['loss']
    assert loss.item() == pytest.approx(-math.log(math.e**5 / (math.e**5 + 3)))
    model.queue.copy_(e1[:, None].expand(2, 3))
    loss = model([e1[None], e1[None]], mode='loss')['loss']
    assert loss.item() == pytest.approx(math.log(4))


def test_a_neck_of_another_width_than_the_queue_is_refused():
    cfg = dict(CASES['MoCo']['model'], feat_dim=16)
    with pytest.raises(ValueError, match=r'the neck gives 8; set model.feat_dim=8'):
        MODELS.build(cfg)


def simclr(first, second, temperature=0.5):
    head = dict(type='ContrastiveHead', loss=dict(type='CrossEntropyLoss'))
    head['temperature'] = temperature
    cfg = dict(type='SimCLR', backbone=Vectors(), neck=nn.Identity(), head=head)
    return MODELS.build(cfg)([first, second], mode='loss')['loss']


@pytest.mark.parametrize('scale', [1, 3, 7])
def test_the_loss_of_pairs_at_right_angles(scale):
    """Of two pairs: one positive of cosine 1, two negatives of cosine 0 or -1."""
    x = torch.eye(2) * scale
    expected = -math.log(math.e**2 / (math.e**2 + 2))
    assert simclr(x, x).item() == pytest.approx(expected, rel=1e-5)
    opposite = torch.tensor([[1.0, 0.0], [-1.0, 0.0]]) * scale
    expected = -math.log(math.e**2 / (math.e**2 + 2 * math.e**-2))
    assert simclr(opposite, opposite).item() == pytest.approx(expected, rel=1e-5)


def test_the_loss_of_equal_features_and_of_a_low_temperature():
    same = torch.ones(2, 2)
    assert simclr(same, same).item() == pytest.approx(math.log(3))
    x = torch.randn(4, 2, requires_grad=True)
    loss = simclr(x, x.detach() + 0.1, temperature=0.01)
    loss.backward()
    assert loss.isfinite() and x.grad.isfinite().all()


def test_the_loss_is_that_of_a_loop_over_pairs():
    torch.manual_seed(0)
    first, second = torch.randn(2, 5, 3)
    z = nn.functional.normalize(torch.cat((first, second)), dim=1)
    total = 0.0
    for i in range(10):
        weights = [math.exp(z[i] @ z[j] / 0.5) for j in range(10) if j != i]
        total -= math.log(math.exp(z[i] @ z[(i + 5) % 10] / 0.5) / sum(weights))
    assert simclr(first, second).item() == pytest.approx(total / 10, rel=1e-5)


def test_a_grid_of_the_neck_is_that_of_the_compared_maps():
    cfg = copy.deepcopy(CASES['DenseCL']['model'])
    cfg['backbone']['out_indices'] = (2,)
    cfg['neck'].update(in_channels=32, num_grid=3)
    model = MODELS.build(cfg)
    losses = model(views_of('DenseCL'), mode='loss')
    sum(losses.values()).backward()
    assert all(value.isfinite() for value in losses.values())
