"""What every head of a classifier promises."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import HEADS, arguments_of, names_of

from mmlite.errors import ConfigError
from mmlite.registry import MODELS
from mmlite.structures import DataSample

for_each_head = pytest.mark.parametrize('name', names_of('heads', 'ClassificationHead'))


def build(name, **changes):
    torch.manual_seed(0)
    head = MODELS.build(dict(arguments_of(name, HEADS, 'HEADS'), type=name, **changes))
    head.init_weights()
    return head


def feats(name, batch=4, **options):
    """The features of a head: one vector, or as many as it has in_channels."""
    count = HEADS[name].get('in_channels', 8)
    vectors = [vector(batch, **options) for _ in range(1 if count == 8 else len(count))]
    return (vectors[0] if count == 8 else vectors,)


def vector(batch, device='cpu'):
    if device == 'meta':
        return torch.empty(batch, 8, device=device)
    return torch.randn(batch, 8, generator=torch.Generator().manual_seed(0))


def logits(head, *args, **options):
    """One logit a class; a head of several gives their sum in a prediction."""
    out = head(feats(*args, **options))
    return out if isinstance(out, torch.Tensor) else sum(out)


def samples(batch=4):
    return [DataSample().set_gt_label(i % 5) for i in range(batch)]


@for_each_head
def test_losses_are_scalars_that_reach_every_parameter(name):
    head = build(name).train()
    inputs = feats(name)
    read = inputs if isinstance(inputs[0], torch.Tensor) else inputs[0]
    for tensor in read:
        tensor.requires_grad_()
    losses = head.loss(inputs, samples())
    named = [value for key, value in losses.items() if key.startswith('loss')]
    assert named
    assert all(value.ndim == 0 and value.isfinite() for value in named)
    sum(named).backward()
    for tensor in (*read, *head.parameters()):
        assert tensor.grad.isfinite().all()


@for_each_head
def test_predictions_are_put_into_the_samples_given(name):
    head, given = build(name).eval(), samples()
    with torch.no_grad():
        scores = logits(head, name)
        predicted = head.predict(feats(name), given)
    assert len(predicted) == len(scores) == 4
    for before, after in zip(given, predicted, strict=True):
        assert after is before
        assert after.gt_label.shape == (1,)
        assert after.pred_score.sum().item() == pytest.approx(1, abs=1e-5)
        assert after.pred_label == after.pred_score.argmax()


@for_each_head
def test_predictions_need_no_samples(name):
    with torch.no_grad():
        predicted = build(name).eval().predict(feats(name, 1))
    assert [type(sample) for sample in predicted] == [DataSample]


@for_each_head
def test_it_is_built_without_memory(name):
    expected = logits(build(name), name, 2).shape
    with torch.device('meta'):
        head = MODELS.build(dict(HEADS[name], type=name))
        assert logits(head, name, 2, device='meta').shape == expected


@for_each_head
def test_a_read_width_is_a_number_or_several(name):
    width = getattr(build(name), 'in_channels', 8)
    widths = width if isinstance(width, list) else [width]
    assert all(isinstance(one, int) for one in widths)


@for_each_head
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)
