"""Two processes learn as one does from the images of both."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import CONTRASTIVE
from support.devices import on_each_device
from support.two_processes import learn_views

from mmlite.engine.environment import allow_tf32
from mmlite.models.losses import distributed_sinkhorn
from mmlite.registry import MODELS

NAMES = ['BarlowTwins', 'DenseCL', 'MoCo', 'MoCoV3', 'SimCLR', 'SwAV']


def config_of(name):
    """Without batch norms, which would see half the batch."""
    cfg = dict(CONTRASTIVE[name], type=name)
    cfg['backbone'] = dict(type='LeNet5')
    cfg['neck'] = dict(cfg['neck'], in_channels=120)
    if name == 'SwAV':
        cfg['neck'] = dict(cfg['neck'], hid_channels=0)
    return cfg


@on_each_device
@pytest.mark.parametrize('name', NAMES)
def test_losses_gradients_and_queues_are_those_of_one_process(tmp_path, name, device):
    views = list(torch.rand(2, 4, 1, 32, 32))
    cfg = config_of(name)
    torch.multiprocessing.spawn(learn_views, (tmp_path, cfg, views, device), nprocs=2)
    paths = [tmp_path / f'{rank}.pth' for rank in (0, 1)]
    found = [torch.load(path, map_location='cpu') for path in paths]
    allow_tf32(False)
    torch.manual_seed(0)
    model = MODELS.build(cfg).to(device)
    loss = sum(model([view.to(device) for view in views], mode='loss').values())
    loss.backward()
    model, loss = model.cpu(), loss.cpu()  # with its gradients
    mean = (found[0][0] + found[1][0]) / 2
    torch.testing.assert_close(mean, loss.detach(), rtol=1e-5, atol=1e-6)
    # Relative to the largest: some are 0 but for rounding, as before a normalisation.
    largest = max(p.grad.abs().max() for p in model.parameters() if p.requires_grad)
    atol = max(1e-5 * largest.item(), 1e-6)
    for _, grads, buffers in found:
        for key, value in grads.items():
            expected = model.get_parameter(key).grad
            torch.testing.assert_close(value, expected, rtol=1e-3, atol=atol)
        for key, value in model.named_buffers():
            if 'queue' in key:
                torch.testing.assert_close(buffers[key], value)


def test_an_assignment_gives_each_prototype_as_much():
    scores = torch.rand(12, 4, generator=torch.Generator().manual_seed(0))
    share = distributed_sinkhorn(scores, iterations=50, epsilon=0.05)
    torch.testing.assert_close(share.sum(dim=1), torch.ones(12))
    torch.testing.assert_close(
        share.sum(dim=0), torch.full((4,), 3.0), rtol=1e-2, atol=0
    )
    torch.testing.assert_close(
        distributed_sinkhorn(scores * 1e4 - 1e6, 3, epsilon=500.0),
        distributed_sinkhorn(scores, 3, epsilon=0.05),
        rtol=1e-2,
        atol=1e-3,
    )
