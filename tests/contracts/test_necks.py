"""What every neck promises."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import (
    LAST_ALONE,
    NECKS,
    VECTOR_NECKS,
    arguments_of,
    names_of,
    promise_of,
)

from mmlite.errors import ConfigError
from mmlite.registry import MODELS
from mmlite.structures import FeatureSpec

SPECS = (FeatureSpec(6, stride=8), FeatureSpec(8, stride=16))

#: Those that state a promise take and give something else, and have other tests.
NAMES = [name for name in names_of('necks') if promise_of(name) is None]
for_each_neck = pytest.mark.parametrize('name', NAMES)


def build(name, **changes):
    return MODELS.build(dict(arguments_of(name, NECKS, 'NECKS'), type=name, **changes))


def specs_of(name):
    return (FeatureSpec(8),) if name in VECTOR_NECKS else SPECS


def feature_maps(name, image_size=48):
    if name in VECTOR_NECKS:
        return (torch.randn(2, 8, requires_grad=True),)
    return tuple(
        torch.randn(2, c, image_size // s, image_size // s, requires_grad=True)
        for c, s in SPECS
    )


@for_each_neck
def test_a_tuple_gives_a_tuple_of_what_output_specs_say(name):
    neck = build(name)
    outputs = neck(feature_maps(name))
    specs = neck.output_specs(specs_of(name))
    assert isinstance(outputs, tuple)
    assert [out.shape[1] for out in outputs] == [spec.channels for spec in specs]
    for out, spec in zip(outputs, specs, strict=True):
        assert (out.ndim == 2) == (spec.stride is None)


@for_each_neck
def test_gradients_reach_inputs_and_parameters(name):
    neck, maps = build(name).train(), feature_maps(name)
    sum(out.square().mean() for out in neck(maps)).backward()
    read = maps[-1:] if name in LAST_ALONE else maps
    for tensor in (*read, *neck.parameters()):
        assert tensor.grad.isfinite().all()


@for_each_neck
def test_it_is_built_and_run_without_memory(name):
    with torch.device('meta'):
        shapes = [out.shape for out in build(name)(feature_maps(name))]
    assert shapes == [out.shape for out in build(name)(feature_maps(name))]


@for_each_neck
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)


@pytest.mark.parametrize('name', names_of('necks', 'CropNeck'))
def test_crops_of_all_sizes_give_one_tensor(name):
    neck = build(name).train()
    crops = [torch.randn(4, 8, size, size, requires_grad=True) for size in (6, 3)]
    out = neck([(crop,) for crop in crops])
    assert out.shape == (8, 4)
    out.sum(dim=1).square().sum().backward()
    for tensor in (*crops, *neck.parameters()):
        assert tensor.grad.isfinite().all()
