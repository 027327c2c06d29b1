import copy

import pytest
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from mmlite.errors import ConfigError
from mmlite.models.backbones import InvertedResidual, MobileNetV2
from mmlite.registry import MODELS

TINY = dict(widen_factor=0.1)


@pytest.mark.parametrize('size', [(64, 64), (33, 47)])
def test_feature_specs_are_the_shapes(size):
    model = MobileNetV2(out_indices=range(8), **TINY).eval()
    outs = model(torch.randn(1, 3, *size))
    strides = [spec.stride for spec in model.feature_specs]
    assert strides == [2, 4, 8, 16, 16, 32, 32, 32]
    for out, spec in zip(outs, model.feature_specs, strict=True):
        expected = (1, spec.channels, *(-(-s // spec.stride) for s in size))
        assert out.shape == expected


@pytest.mark.parametrize(
    ('factor', 'widths'),
    [
        (1.0, [16, 24, 32, 64, 96, 160, 320, 1280]),
        (0.5, [8, 16, 16, 32, 48, 80, 160, 1280]),
        (1.4, [24, 32, 48, 88, 136, 224, 448, 1792]),
    ],
)
def test_widths_are_the_paper_s(factor, widths):
    with torch.device('meta'):
        model = MobileNetV2(widen_factor=factor, out_indices=range(8))
    assert [spec.channels for spec in model.feature_specs] == widths


def test_block_adds_its_input_where_it_can():
    block = InvertedResidual(8, 8, stride=1, expand_ratio=2).eval()
    x = torch.randn(1, 8, 5, 5)
    torch.testing.assert_close(block(x), x + block.conv(x))
    for other in (
        InvertedResidual(8, 12, stride=1, expand_ratio=2),
        InvertedResidual(8, 8, stride=2, expand_ratio=2),
    ):
        torch.testing.assert_close(other.eval()(x), other.conv(x))
    assert len(InvertedResidual(8, 8, stride=1, expand_ratio=1).conv) == 2
    assert block.conv[1].conv.groups == 16
    assert not block.conv[2].with_activation


@pytest.mark.parametrize('frozen', [-1, 0, 3, 7])
def test_frozen_stages(frozen):
    model = MobileNetV2(frozen_stages=frozen, **TINY).train()
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.randn(4, 3, 32, 32))[0].square().mean().backward()
    optimizer.step()
    kept = {f'layer{i}' for i in range(1, frozen + 1)}
    kept |= {'conv1'} if frozen >= 0 else set()
    for name, value in model.state_dict().items():
        if not name.startswith(tuple(kept) or '-'):
            continue
        assert torch.equal(value, before[name]), name
    moving = {n.split('.')[0] for n, p in model.named_parameters() if p.requires_grad}
    assert moving == {'conv1', 'conv2', *model.layers} - kept
    assert model.conv2.bn.training


def test_norm_eval():
    model = MobileNetV2(norm_eval=True, **TINY).train()
    assert not any(m.training for m in model.modules() if isinstance(m, _BatchNorm))


def test_checkpointing_changes_nothing():
    plain, saving = MobileNetV2(**TINY), MobileNetV2(with_cp=True, **TINY)
    saving.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 33, 33)
    for model in (plain, saving):
        model(x)[0].square().sum().backward()
    for one, other in zip(plain.parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad)
    torch.testing.assert_close(saving.state_dict(), plain.state_dict())


def test_bfloat16():
    model = MobileNetV2(**TINY).bfloat16().eval()
    x = torch.randn(1, 3, 32, 32, dtype=torch.bfloat16)
    assert model(x)[0].dtype == torch.bfloat16


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(out_indices=(8,)), 'must be one or more of 0 to 7'),
        (dict(frozen_stages=8), 'frozen_stages=8 must be from -1'),
        (dict(act_cfg=dict(type='ReLU7')), "act_cfg: unknown type 'ReLU7'"),
    ],
)
def test_wrong_arguments_are_refused(kwargs, message):
    with pytest.raises(ConfigError) as caught:
        MODELS.build(dict(type='MobileNetV2', **kwargs))
    assert message in str(caught.value)
    with pytest.raises(ValueError, match='stride must be 1 or 2, got 3'):
        InvertedResidual(8, 8, stride=3, expand_ratio=1)
