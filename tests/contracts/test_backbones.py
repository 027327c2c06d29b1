"""What every backbone promises."""

from __future__ import annotations

import copy
import io
import pickle
import warnings

import pytest
import torch
from contracts.tiny import (
    AROUND,
    FIXED_SIZE,
    PRETRAINING,
    ROUNDED,
    UNREACHED,
    backbone_cfg,
    image_shape,
    names_of,
)
from torch import nn

from mmlite.errors import ConfigError
from mmlite.registry import MODELS
from mmlite.structures import FeatureSpec

for_each_backbone = pytest.mark.parametrize(
    'name',
    [n for n in names_of('backbones') if n not in (*AROUND, *PRETRAINING)],
)


def build(name: str, **changes) -> nn.Module:
    torch.manual_seed(0)
    return MODELS.build(backbone_cfg(name, **changes))


def images(name: str, batch: int = 2, larger: int = 0) -> torch.Tensor:
    channels, height, width = image_shape(name)
    generator = torch.Generator().manual_seed(0)
    shape = (batch, channels, height + larger, width + larger)
    return torch.randn(shape, generator=generator)


@torch.no_grad()
def features(backbone: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Outputs in evaluation; ``None`` are those that training alone has.

    Where one output is several vectors, they come one after the other.
    """
    outs = backbone.eval()(x)
    assert isinstance(outs, tuple)
    return flat(outs)


def flat(outs) -> tuple:
    each = [one for out in outs for one in (out if isinstance(out, list) else [out])]
    return tuple(one for one in each if one is not None)


def flat_specs(backbone: nn.Module) -> list[FeatureSpec]:
    found = []
    for spec in backbone.feature_specs:
        found += [spec] if isinstance(spec, FeatureSpec) else spec
    return found


def assert_same(ours, theirs) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


@for_each_backbone
def test_outputs_are_what_feature_specs_say(name):
    backbone = build(name)
    feats = features(backbone, images(name))
    specs = flat_specs(backbone)
    assert len(specs) == len(feats)
    for spec, feat in zip(specs, feats, strict=True):
        assert isinstance(spec, FeatureSpec)
        assert feat.shape[:2] == (2, spec.channels)


@for_each_backbone
def test_strides_are_what_feature_specs_say(name):
    backbone = build(name)
    specs = flat_specs(backbone)
    if name in FIXED_SIZE and name != 'LeNet5':  # that one takes multiples
        for spec, feat in zip(specs, features(backbone, images(name)), strict=True):
            side = image_shape(name)[1]
            assert spec.stride is None or feat.shape[2] * spec.stride == side
        return
    step = max([spec.stride or 1 for spec in specs])
    before = features(backbone, images(name))
    after = features(backbone, images(name, larger=2 * step))
    for spec, small, large in zip(specs, before, after, strict=True):
        if spec.stride is None:
            assert large.shape == small.shape
        else:
            grown = 2 * step // spec.stride
            assert large.shape[2] == small.shape[2] + grown
            assert large.shape[3] == small.shape[3] + grown


@for_each_backbone
def test_odd_sizes_and_single_images_pass(name):
    channels, height, width = image_shape(name)
    backbone = build(name)
    if name not in FIXED_SIZE:
        height, width = height + 5, width - 7
    for feat in features(backbone, torch.randn(1, channels, height, width)):
        assert len(feat) == 1
        assert feat.isfinite().all()


@for_each_backbone
def test_gradients_reach_every_parameter(name):
    backbone = build(name).train()
    sum(feat.square().mean() for feat in flat(backbone(images(name)))).backward()
    idle, _ = UNREACHED.get(name, ('', ''))
    for parameter_name, parameter in backbone.named_parameters():
        if not parameter.requires_grad:  # a table of positions
            continue
        if idle and idle in parameter_name.split('.'):
            assert parameter.grad is None, parameter_name
            continue
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.isfinite().all(), parameter_name


@for_each_backbone
def test_weights_are_saved_and_loaded(name):
    backbone, file = build(name), io.BytesIO()
    torch.save(backbone.state_dict(), file)
    file.seek(0)
    torch.manual_seed(1)
    other = MODELS.build(backbone_cfg(name))
    other.load_state_dict(torch.load(file, weights_only=True), strict=True)
    x = images(name)
    assert_same(features(other, x), features(backbone, x))


@for_each_backbone
def test_copies_and_pickles_are_equal(name):
    backbone, x = build(name), images(name)
    expected = features(backbone, x)
    assert_same(features(copy.deepcopy(backbone), x), expected)
    assert_same(features(pickle.loads(pickle.dumps(backbone)), x), expected)


@for_each_backbone
def test_it_is_built_and_run_without_memory(name):
    expected = [feat.shape for feat in features(build(name), images(name))]
    with torch.device('meta'):
        backbone = build(name)
        shapes = [feat.shape for feat in features(backbone, images_on_meta(name))]
    assert all(p.is_meta for p in backbone.parameters())
    assert shapes == expected


def images_on_meta(name: str) -> torch.Tensor:
    return torch.empty(2, *image_shape(name), device='meta')


@for_each_backbone
def test_evaluation_is_deterministic_and_independent_of_the_batch(name):
    backbone, x = build(name), images(name)
    whole = features(backbone, x)
    assert_same(features(backbone, x), whole)
    for place in range(2):
        alone = features(backbone, x[place : place + 1])
        for a, b in zip(alone, whole, strict=True):
            size = max(1.0, b.abs().max().item())
            close = torch.isclose(a[0], b[place], rtol=1e-4, atol=1e-4 * size)
            assert close.float().mean() >= (0.9 if name in ROUNDED else 1.0)


@for_each_backbone
def test_train_and_eval_switch_every_layer(name):
    backbone = build(name)
    for mode in (True, False, True):
        assert backbone.train(mode) is backbone
        assert {module.training for module in backbone.modules()} == {mode}


@for_each_backbone
def test_equal_seeds_initialise_alike(name):
    states = []
    for _ in range(2):
        backbone = build(name)
        torch.manual_seed(0)
        backbone.init_weights()
        states.append(backbone.state_dict())
    assert_same(states[0], states[1])
    assert all(value.isfinite().all() for value in states[0].values())


@for_each_backbone
def test_half_precision_stays_finite(name):
    backbone = build(name).bfloat16()
    for feat in features(backbone, images(name).bfloat16()):
        assert feat.dtype == torch.bfloat16
        assert feat.isfinite().all()
    with torch.autocast('cpu', torch.bfloat16):
        for feat in features(build(name), images(name)):
            assert feat.isfinite().all()


@for_each_backbone
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)


@pytest.mark.slow
@for_each_backbone
def test_what_is_traced_takes_another_batch(name):
    """As an exported file does: no number of images is built into it."""
    backbone = build(name).eval().requires_grad_(False)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')  # of the tracer, about sizes that are constant
        traced = torch.jit.trace(
            lambda x: flat(backbone(x)), images(name, 2), check_trace=False
        )
        ours, theirs = traced(images(name, 3)), flat(backbone(images(name, 3)))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
