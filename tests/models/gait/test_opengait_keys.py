import pytest
import torch

from mmlite.engine.checkpoints import convert_keys, load_state
from mmlite.registry import MODELS

PARTS, CHANNELS, CLASSES = 4, 6, 5


def necks(class_num=CLASSES):
    return MODELS.build(
        dict(
            type='SeparateBNNecks',
            parts_num=PARTS,
            in_channels=CHANNELS,
            class_num=class_num,
        )
    ).eval()


def by_parts(layer, x):
    """The norm as OpenGait computed it up to version 1: part by part, then channel."""
    rows = x.permute(0, 2, 1).flatten(1)
    return layer.bn1d(rows).view(len(x), PARTS, CHANNELS).permute(0, 2, 1)


def test_norms_of_version_1_give_what_they_gave():
    old, new = necks(), necks()
    for value in old.bn1d.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.rand_like(value) + 0.5)
    state = {f'module.BNNecks.{k}': v for k, v in old.state_dict().items()}
    converted, report = convert_keys(state, 'opengait-v1')
    assert 'PartMajorNorms' in str(report) and not report.idle
    new.load_state_dict({k.removeprefix('BNNecks.'): v for k, v in converted.items()})
    x = torch.randn(3, CHANNELS, PARTS)
    expected = torch.nn.functional.normalize(by_parts(old, x), dim=1)
    torch.testing.assert_close(new(x)[0], expected)


def test_newer_checkpoints_stay_as_they_are():
    state = {f'module.{k}': v for k, v in necks().state_dict().items()}
    converted, _ = convert_keys(state, 'opengait')
    for name, value in necks().state_dict().items():
        if value.ndim == 1:
            assert torch.equal(converted[name], state[f'module.{name}'])


def test_a_head_of_other_identities_is_left_as_it_was():
    model = torch.nn.ModuleDict(dict(BNNecks=necks(class_num=3)))
    before = model.BNNecks.fc_bin.clone()
    other = torch.nn.ModuleDict(dict(BNNecks=necks()))
    other.BNNecks.bn1d.weight.data.fill_(7)
    state = dict(model={f'module.{k}': v for k, v in other.state_dict().items()})
    report = load_state(model, state['model'], key_map='opengait', quiet=True)
    assert not report.complete
    assert torch.equal(model.BNNecks.fc_bin, before)
    assert (model.BNNecks.bn1d.weight == 7).all()


def test_a_fresh_model_has_the_layout_of_version_2():
    layer = necks()
    with torch.no_grad():
        layer.bn1d.weight.copy_(torch.arange(PARTS * CHANNELS))
        found = layer(torch.ones(1, CHANNELS, PARTS))[0][0]
    # Entry c * P + p belongs to channel c and part p.
    expected = torch.arange(PARTS * CHANNELS).view(CHANNELS, PARTS).float()
    torch.testing.assert_close(found, torch.nn.functional.normalize(expected, dim=0))
    assert found[1, 0] == pytest.approx(PARTS / expected[:, 0].norm().item())
