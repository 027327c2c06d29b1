"""With it, a training is what it is without."""

import copy

import pytest
import torch
from torch import nn

from mmlite.engine.activation_checkpointing import checkpoint_activations
from mmlite.errors import ConfigError


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout()),
        nn.BatchNorm2d(4, momentum=None),
        nn.Sequential(
            nn.Conv2d(4, 2, 3),
            nn.InstanceNorm2d(2, track_running_stats=True),
            nn.BatchNorm2d(2, affine=False),
        ),
    )


@pytest.mark.parametrize('names', ['0', ['0', '1', '2']])
def test_gradients_statistics_and_draws_are_those_without_it(names):
    plain, saving = net(), net()
    checkpoint_activations(saving, names)
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        images = torch.randn(4, 3, 6, 6, generator=generator)  # need no gradient
        for model in (plain, saving):
            torch.manual_seed(2)
            model(images).square().mean().backward()
    for (name, a), b in zip(plain.named_parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(b.grad, a.grad, msg=name)
    for name, buffer in plain.named_buffers():
        torch.testing.assert_close(saving.get_buffer(name), buffer, msg=name)


def test_the_activations_are_not_kept():
    """Tensors that autograd holds between the passes: only the input of the part."""

    def kept(model):
        sizes = []
        hooks = torch.autograd.graph.saved_tensors_hooks(
            lambda t: sizes.append(t.numel()) or t, lambda t: t
        )
        with hooks:
            model[0](torch.randn(4, 3, 6, 6))
        return sizes

    saving = net()
    checkpoint_activations(saving, '0')
    assert max(kept(net()), default=0) >= 4 * 4 * 4 * 4
    assert max(kept(saving), default=0) <= 4 * 3 * 6 * 6


def test_evaluation_is_left_alone():
    saving = net().eval()
    before = copy.deepcopy(saving.state_dict())
    checkpoint_activations(saving, ['0', '1', '2'])
    with torch.no_grad():
        saving(torch.randn(2, 3, 6, 6))
    for name, value in before.items():
        assert torch.equal(saving.state_dict()[name], value)


def test_a_part_that_is_not_there():
    model = nn.ModuleDict(dict(backbone=nn.Linear(1, 1), head=nn.Linear(1, 1)))
    with pytest.raises(ConfigError, match="'bakbone'; did you mean 'backbone'"):
        checkpoint_activations(model, ['bakbone'])
    with pytest.raises(ConfigError, match="'x'; it has backbone, head"):
        checkpoint_activations(model, ['x', 'head'])
