"""What every head promises that decides for each class by itself."""

from __future__ import annotations

import pytest
import torch
from contracts.tiny import HEADS, arguments_of, names_of

from mmlite.errors import ConfigError, DataError
from mmlite.registry import MODELS
from mmlite.structures import DataSample

for_each_head = pytest.mark.parametrize('name', names_of('heads', 'MultiLabelHead'))
LABELS = [[0, 2], [], [4], [1, 2, 3]]
MAP_HEADS = ('CSRAClsHead',)


def build(name, **changes):
    torch.manual_seed(0)
    head = MODELS.build(dict(arguments_of(name, HEADS, 'HEADS'), type=name, **changes))
    head.init_weights()
    return head


def feats(name, batch=4, device=None):
    # Without layers, the feature is the logits of 5 classes.
    shape = (batch, 8 if 'in_channels' in HEADS[name] else 5)
    if name in MAP_HEADS:
        shape += (3, 3)
    if device:
        return (torch.empty(shape, device=device),)
    return (torch.randn(shape, generator=torch.Generator().manual_seed(0)),)


def samples(of_scores=False):
    if of_scores:
        rows = [[float(k in labels) for k in range(5)] for labels in LABELS]
        return [DataSample().set_gt_score(torch.tensor(row)) for row in rows]
    return [DataSample().set_gt_label(torch.tensor(x).long()) for x in LABELS]


@for_each_head
def test_the_loss_is_a_scalar_that_reaches_every_parameter(name):
    head, (x,) = build(name).train(), feats(name)
    loss = head.loss((x.requires_grad_(),), samples())['loss']
    assert loss.ndim == 0
    loss.backward()
    for tensor in (x, *head.parameters()):
        assert tensor.grad.isfinite().all()
        assert tensor.grad.any()


@for_each_head
def test_labels_and_scores_are_the_same_ground_truth(name):
    head = build(name)
    losses = [head.loss(feats(name), samples(of))['loss'] for of in (False, True)]
    torch.testing.assert_close(*losses)


@for_each_head
def test_each_class_is_scored_by_itself(name):
    head, given = build(name, thr=0.5).eval(), samples()
    with torch.no_grad():
        scores = head(feats(name)).sigmoid()
        predicted = head.predict(feats(name), given)
    for before, after, score in zip(given, predicted, scores, strict=True):
        assert after is before
        torch.testing.assert_close(after.pred_score, score)
        assert after.pred_label.tolist() == [k for k in range(5) if score[k] >= 0.5]


@for_each_head
def test_topk_takes_so_many_classes(name):
    with torch.no_grad():
        predicted = build(name, topk=2).eval().predict(feats(name))
    for sample in predicted:
        best = sorted(range(5), key=lambda k: -sample.pred_score[k])[:2]
        assert sample.pred_label.tolist() == best


@for_each_head
def test_a_label_beyond_the_classes_is_refused(name):
    given = [DataSample().set_gt_label(torch.tensor([k])) for k in (0, 1, 2, 5)]
    with pytest.raises(DataError, match='label 5 is not among the 5 classes'):
        build(name).loss(feats(name), given)


@for_each_head
def test_it_is_built_without_memory(name):
    with torch.device('meta'):
        head = MODELS.build(dict(HEADS[name], type=name))
        assert head(feats(name, 2, device='meta')).shape == (2, 5)


@for_each_head
def test_unknown_arguments_are_refused_by_name(name):
    with pytest.raises(ConfigError, match="no argument 'no_such_argument'"):
        build(name, no_such_argument=1)
