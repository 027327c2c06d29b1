import math

import pytest
import torch
from support.samples import labelled
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmlite.errors import ConfigError, DataError
from mmlite.models.heads import ClsHead, LinearClsHead
from mmlite.registry import MODELS
from mmlite.structures import DataSample

LOGITS = torch.tensor([[2.0, 0.0, 1.0], [0.0, 3.0, -1.0], [1.0, 0.5, 4.0]])
LABELS = [0, 2, 2]


def softmax(row):
    total = sum(math.exp(x) for x in row)
    return [math.exp(x) / total for x in row]


def by_hand(rows, labels):
    return [-math.log(softmax(r)[k]) for r, k in zip(rows, labels, strict=True)]


def test_logits_are_the_last_feature():
    head = ClsHead()
    assert head((None, LOGITS)) is LOGITS
    assert head.pre_logits((None, LOGITS)) is LOGITS


def test_loss():
    got = ClsHead().loss((LOGITS,), labelled(*LABELS))
    expected = sum(by_hand(LOGITS.tolist(), LABELS)) / 3
    assert list(got) == ['loss']
    assert got['loss'].item() == pytest.approx(expected, rel=1e-5)


def test_loss_of_one_sample():
    got = ClsHead().loss((LOGITS[1:2],), labelled(2))
    expected = by_hand(LOGITS[1:2].tolist(), [2])[0]
    assert got['loss'].item() == pytest.approx(expected, rel=1e-5)


def test_scores_go_before_labels():
    samples = labelled(*LABELS)
    for sample in samples:
        sample.set_gt_score([0.2, 0.3, 0.5])
    got = ClsHead().loss((LOGITS,), samples)
    total = 0.0
    for row in LOGITS.tolist():
        parts = zip([0.2, 0.3, 0.5], softmax(row), strict=True)
        total -= sum(t * math.log(p) for t, p in parts)
    assert got['loss'].item() == pytest.approx(total / 3, rel=1e-5)


def test_further_arguments_reach_the_loss():
    got = ClsHead().loss((LOGITS,), labelled(*LABELS), reduction_override='none')
    expected = by_hand(LOGITS.tolist(), LABELS)
    assert got['loss'].tolist() == pytest.approx(expected, rel=1e-5)


def test_several_labels_per_image():
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    sample = DataSample().set_gt_label([0, 2]).set_gt_score([1.0, 0.0, 1.0])
    got = ClsHead(loss).loss((LOGITS[:1],), [sample])
    expected = -sum(
        math.log(1 / (1 + math.exp(-x if t else x)))
        for x, t in zip(LOGITS[0].tolist(), [1, 0, 1], strict=True)
    )
    assert got['loss'].item() == pytest.approx(expected, rel=1e-5)


def test_accuracy():
    head = ClsHead(topk=(1, 2, 5), cal_acc=True)
    got = head.loss((LOGITS.requires_grad_(),), labelled(*LABELS))
    # The best classes are 0, 1, 2 and the second best 2, 0, 0.
    assert got['accuracy_top-1'].item() == pytest.approx(200 / 3)
    assert got['accuracy_top-2'].item() == pytest.approx(200 / 3)
    assert got['accuracy_top-5'].item() == 100
    assert not got['accuracy_top-1'].requires_grad


def test_accuracy_of_negative_logits():
    got = ClsHead(cal_acc=True).loss((LOGITS - 100,), labelled(*LABELS))
    assert got['accuracy_top-1'].item() == pytest.approx(200 / 3)


def test_accuracy_of_mixed_labels():
    samples = [DataSample().set_gt_score([0.5, 0.5, 0.0])]
    with pytest.raises(DataError, match='head.cal_acc=False'):
        ClsHead(cal_acc=True).loss((LOGITS[:1],), samples)


def test_predict():
    got = ClsHead().predict((LOGITS,))
    for sample, row in zip(got, LOGITS.tolist(), strict=True):
        assert sample.pred_score.tolist() == pytest.approx(softmax(row), rel=1e-5)
        assert sample.pred_score.shape == (3,)
        assert sample.pred_label.tolist() == [row.index(max(row))]


def test_predict_completes_the_samples():
    samples = labelled(*LABELS)
    got = ClsHead().predict((LOGITS,), samples)
    assert all(a is b for a, b in zip(got, samples, strict=True))
    assert [sample.gt_label.item() for sample in got] == LABELS


class NoArgmax(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert func is not torch.ops.aten.argmax.default
        return func(*args, **(kwargs or {}))


def test_labels_that_nobody_looks_at_are_not_computed():
    with NoArgmax():
        got = ClsHead().predict((LOGITS,))
        assert got.field('pred_score').shape == LOGITS.shape
        with pytest.raises(AssertionError):
            got.field('pred_label')
    assert got.field('pred_label').tolist() == LOGITS.argmax(1).tolist()


def test_predict_nothing():
    assert ClsHead().predict((LOGITS[:0],)) == []


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    loss = ClsHead().loss((LOGITS.to(dtype),), labelled(*LABELS))['loss']
    expected = sum(by_hand(LOGITS.tolist(), LABELS)) / 3
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    sample = ClsHead().predict((LOGITS.to(dtype),))[0]
    assert sample.pred_score.dtype == dtype


def test_autocast():
    head = LinearClsHead(3, 4)
    with torch.autocast('cpu', torch.bfloat16):
        losses = head.loss((torch.rand(2, 4),), labelled(0, 2))
    losses['loss'].backward()
    assert head.fc.weight.grad.dtype == torch.float32


@pytest.mark.parametrize(
    ('samples', 'message'),
    [
        (labelled(0, 3, 1), 'label 3 is not a class: .*num_classes is 3'),
        (labelled(0, -1, 1), 'label -1 is not a class'),
        (labelled(0, 1), 'one data sample per image, got 2 for 3'),
        (None, 'one data sample per image, got 0 for 3'),
        (labelled(0, [1, 2], 1), 'one label per image, got 4 for 3 .*to_onehot=True'),
        ([DataSample()] * 3, 'sample 0 of the batch has no gt_label'),
        (
            [DataSample().set_gt_score([0.5, 0.5])] * 3,
            'gt_score has 2 values, but the head gives 3',
        ),
    ],
)
def test_wrong_ground_truth(samples, message):
    with pytest.raises(DataError, match=message):
        ClsHead().loss((LOGITS,), samples)


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(topk=(0,)), r'positive numbers, got \(0,\)'),
        (dict(loss=dict(type='CrossEntropyLos')), 'loss: unknown .*CrossEntropyLoss'),
        (dict(loss=dict(type='CrossEntropyLoss', los_weight=1)), "'loss_weight'"),
    ],
)
def test_wrong_arguments(cfg, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(dict(type='ClsHead', **cfg))


def test_one_k_and_a_loss_that_is_built_already():
    loss = nn.CrossEntropyLoss()
    head = ClsHead(loss, topk=5)
    assert head.loss_module is loss
    assert head.topk == (5,)


def test_index_labels_for_an_elementwise_loss():
    with pytest.raises(DataError, match='to_onehot=True'):
        ClsHead(dict(type='L1Loss')).loss((LOGITS,), labelled(*LABELS))
