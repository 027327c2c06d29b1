"""The plain loop that mmlite is measured against does what it should."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F


def test_crops_and_flips_come_from_the_padded_image():
    from bare import Memory

    images = torch.randint(1, 256, (6, 3, 4, 4), dtype=torch.uint8)
    labels = torch.arange(6)
    wanted = {}
    for label, image in zip(labels.tolist(), images, strict=True):
        padded = F.pad(image, (1, 1, 1, 1))
        crops = [padded[:, y : y + 4, x : x + 4] for y in range(3) for x in range(3)]
        wanted[label] = [*crops, *(crop.flip(2) for crop in crops)]
    batches = iter(Memory(images, labels, batch_size=3, padding=1))
    seen = []
    for _ in range(20):
        crops, answers = next(batches)
        assert crops.shape == (3, 3, 4, 4) and crops.dtype == torch.uint8
        for crop, label in zip(crops, answers.tolist(), strict=True):
            places = [torch.equal(crop, other) for other in wanted[label]]
            assert any(places)
            seen.append(places.index(True))
    assert len(set(seen)) > 12  # of 18


def test_an_epoch_shows_every_image_once():
    from bare import Memory

    images = torch.zeros(6, 1, 2, 2, dtype=torch.uint8)
    batches = iter(Memory(images, torch.arange(6), batch_size=2))
    for _ in range(2):
        labels = torch.cat([next(batches)[1] for _ in range(3)])
        assert sorted(labels.tolist()) == list(range(6))


def test_a_step_is_that_of_sgd():
    from bare import BareLoop, fused_sgd

    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 2 * 2, 4))
    weight = net[1].weight.detach().clone().requires_grad_()
    images = torch.randint(256, (5, 3, 2, 2), dtype=torch.uint8)
    labels = torch.tensor([0, 1, 2, 3, 0])
    mean, std = [100.0, 110.0, 120.0], [50.0, 55.0, 60.0]
    inputs = (images - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(
        3, 1, 1
    )
    scores = F.linear(inputs.flatten(1), weight, net[1].bias.detach())
    loss = F.cross_entropy(scores, labels)
    loss.backward()

    loop = BareLoop(net, fused_sgd(net.parameters(), lr=9.0), mean, std, rates=[0.5])
    torch.testing.assert_close(loop.step(images, labels), loss.detach())
    torch.testing.assert_close(net[1].weight, weight - 0.5 * weight.grad)


@pytest.mark.slow
def test_network_and_loss_are_compiled_as_one(find_benchmarks):
    from bare import BareLoop, fused_sgd

    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 2 * 2, 4))
    graphs = []

    def backend(graph, inputs):
        graphs.append([node.target for node in graph.graph.nodes])
        return graph.forward

    images = torch.randint(256, (5, 3, 2, 2), dtype=torch.uint8)
    labels, stats = torch.tensor([0, 1, 2, 3, 0]), ([100.0] * 3, [50.0] * 3)
    losses = []
    for compile in (None, dict(backend=backend)):
        own = copy.deepcopy(net)
        loop = BareLoop(own, fused_sgd(own.parameters(), 0.1), *stats, compile=compile)
        losses.append(torch.stack([loop.step(images, labels) for _ in range(2)]))
    torch.testing.assert_close(losses[1], losses[0])
    (targets,) = graphs
    assert F.cross_entropy in targets
