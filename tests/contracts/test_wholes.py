"""What every whole promises: one call, whatever the task."""

from __future__ import annotations

import copy
import io

import pytest
import torch
from contracts.noise import NOISE
from contracts.tiny import WHOLES, arguments_of, whole_names
from mmengine.optim import OptimWrapper

from mmlite.errors import ConfigError
from mmlite.models.base import is_summed
from mmlite.registry import MODELS

NAMES = whole_names()
for_each_whole = pytest.mark.parametrize('name', NAMES)
PREDICTING = [name for name in NAMES if MODELS.get(name).predicts]
for_each_predicting = pytest.mark.parametrize('name', PREDICTING)


def build(name, **changes):
    torch.manual_seed(0)
    cfg, _ = arguments_of(name, WHOLES, 'WHOLES')
    model = MODELS.build(copy.deepcopy(dict(cfg, type=name, **changes)))
    model.init_weights()
    return model


def batch(name, size=4):
    task = arguments_of(name, WHOLES, 'WHOLES')[1]
    return NOISE[task](size)


@for_each_whole
def test_what_it_states_about_itself_can_be_built(name):
    whole = MODELS.get(name)
    assert MODELS.get(whole.default_data_preprocessor) is not None
    assert whole.tta_model is None or MODELS.get(whole.tta_model) is not None


@for_each_whole
def test_a_training_step_reaches_every_parameter(name):
    model = build(name).train()
    data = model.data_preprocessor(batch(name), training=True)
    losses = model(**data, mode='loss')
    assert any(is_summed(key) for key in losses)
    total, logged = model.parse_losses(losses)
    total.backward()
    learned = {k: p for k, p in model.named_parameters() if p.requires_grad}
    assert [k for k, p in learned.items() if p.grad is None] == []
    assert all(p.grad.isfinite().all() for p in learned.values())
    assert total.isfinite() and 'loss' in logged


@for_each_whole
def test_it_learns(name):
    model = build(name).train()
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-3))
    logged = [model.train_step(batch(name), optimizer)['loss'] for _ in range(2)]
    assert all(loss.isfinite() for loss in logged)


@for_each_predicting
def test_there_is_a_prediction_for_each_sample(name):
    model = build(name).eval()
    with torch.no_grad():
        predicted = model.test_step(batch(name))
    assert len(predicted) == 4
    for sample in predicted:
        assert any(key.startswith('pred_') for key in sample.keys())


@for_each_predicting
def test_a_prediction_does_not_depend_on_the_batch(name):
    model = build(name).eval()
    with torch.no_grad():
        (alone,) = model.test_step(batch(name, size=1))
        first = model.test_step(batch(name))[0]
    for key, value in alone.items():
        if key.startswith('pred_') and isinstance(value, torch.Tensor):
            torch.testing.assert_close(first.get(key), value)


@for_each_whole
def test_it_is_saved_copied_and_built_without_memory(name):
    model = build(name)
    state = model.state_dict()
    other = copy.deepcopy(model)
    other.load_state_dict(state)
    torch.save(model, io.BytesIO())  # with pickle's second protocol
    with torch.device('meta'):
        empty = MODELS.build(dict(arguments_of(name, WHOLES, 'WHOLES')[0], type=name))
    assert list(empty.state_dict()) == list(state)
    assert all(value.is_meta for value in empty.parameters())


@for_each_whole
def test_an_unknown_mode_is_refused(name):
    with pytest.raises(ValueError, match="got 'no_such_mode'"):
        build(name)(batch(name)['inputs'], mode='no_such_mode')


@for_each_whole
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)


@for_each_whole
def test_it_learns_in_half_precision(name):
    model = build(name).train()
    data = model.data_preprocessor(batch(name), training=True)
    with torch.autocast('cpu', torch.bfloat16):
        total, _ = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert total.isfinite() and grads
    assert all(grad.isfinite().all() for grad in grads)


@for_each_predicting
def test_it_predicts_in_half_precision(name):
    model = build(name).eval()
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        predicted = model.test_step(batch(name))
    assert len(predicted) == 4
    json = [sample.to_dict() for sample in predicted]
    for sample in json:
        for key, value in sample.items():
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                assert value.isfinite().all(), key
