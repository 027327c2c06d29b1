import math

import pytest
import torch

from mmlite.errors import ConfigError, DataError
from mmlite.models.losses import CrossEntropyLoss
from mmlite.registry import MODELS

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0], [1.0, 1.0, 4.0]])
LABELS = torch.tensor([0, 2, 1])
SOFT = torch.tensor([[0.7, 0.3, 0.0], [0.0, 0.0, 1.0], [0.2, 0.5, 0.3]])
CLASS_WEIGHT = [0.5, 1.0, 3.0]


def log_softmax(row):
    """Of plain numbers, by definition."""
    total = math.log(sum(math.exp(x) for x in row))
    return [x - total for x in row]


def by_hand(target, class_weight=(1, 1, 1)):
    """The loss of every sample from a distribution over the classes."""
    losses = []
    for row, labels in zip(LOGITS.tolist(), target.tolist(), strict=True):
        parts = zip(class_weight, labels, log_softmax(row), strict=True)
        losses.append(-sum(w * t * p for w, t, p in parts))
    return losses


ONE_HOT = torch.eye(3)[LABELS]


@pytest.mark.parametrize('class_weight', [None, CLASS_WEIGHT])
@pytest.mark.parametrize(
    ('options', 'target', 'distribution'),
    [
        ({}, LABELS, ONE_HOT),
        ({}, SOFT, SOFT),
        (dict(use_soft=True), SOFT, SOFT),
        (dict(use_soft=True), ONE_HOT.long(), ONE_HOT),
    ],
    ids=['index', 'soft', 'use_soft', 'use_soft int'],
)
def test_over_classes(options, target, distribution, class_weight):
    loss = CrossEntropyLoss(class_weight=class_weight, **options)
    each = by_hand(distribution, class_weight or (1, 1, 1))
    got = loss(LOGITS, target, reduction_override='none')
    assert got.tolist() == pytest.approx(each, rel=1e-5)
    assert loss(LOGITS, target).item() == pytest.approx(sum(each) / 3, rel=1e-5)


@pytest.mark.parametrize('pos_weight', [None, 2.0, [1.0, 2.0, 4.0]])
@pytest.mark.parametrize('class_weight', [None, CLASS_WEIGHT])
def test_per_class(class_weight, pos_weight):
    target = torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 0]])
    each = []
    for row, labels in zip(LOGITS.tolist(), target.tolist(), strict=True):
        for k, (x, t) in enumerate(zip(row, labels, strict=True)):
            positive = math.log(1 / (1 + math.exp(-x)))
            negative = math.log(1 / (1 + math.exp(x)))
            factor = pos_weight[k] if isinstance(pos_weight, list) else pos_weight or 1
            w = (class_weight or (1, 1, 1))[k]
            each.append(-w * (factor * t * positive + (1 - t) * negative))
    loss = CrossEntropyLoss(
        use_sigmoid=True, class_weight=class_weight, pos_weight=pos_weight
    )
    got = loss(LOGITS, target, reduction_override='none')
    assert got.flatten().tolist() == pytest.approx(each, rel=1e-5)
    assert loss(LOGITS, target).item() == pytest.approx(sum(each) / 9, rel=1e-5)


def test_loss_weight_and_sum():
    loss = CrossEntropyLoss(reduction='sum', loss_weight=0.5)
    expected = sum(by_hand(ONE_HOT)) / 2
    assert loss(LOGITS, LABELS).item() == pytest.approx(expected, rel=1e-5)


def test_one_sample():
    got = CrossEntropyLoss()(LOGITS[:1], LABELS[:1])
    assert got.item() == pytest.approx(by_hand(ONE_HOT)[0], rel=1e-5)


def test_no_sample():
    got = CrossEntropyLoss()(LOGITS[:0], LABELS[:0])
    assert got.item() == 0


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('target', [LABELS, SOFT], ids=['index', 'soft'])
def test_half_precision_is_summed_in_full(dtype, target):
    # These logits are exact in half precision, so the loss has to be too.
    logits = LOGITS.to(dtype).requires_grad_()
    loss = CrossEntropyLoss()(logits, target)
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(CrossEntropyLoss()(LOGITS, target).item())
    assert logits.grad.dtype == dtype


def test_weights_follow_the_model_and_are_not_saved():
    loss = CrossEntropyLoss(class_weight=CLASS_WEIGHT)
    assert loss.state_dict() == {}
    assert loss.to('meta').class_weight.is_meta


def test_builds_on_the_meta_device():
    with torch.device('meta'):
        loss = CrossEntropyLoss(use_sigmoid=True, pos_weight=2.0)
    assert loss.pos_weight.is_meta


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(use_sigmoid=True, use_soft=True), 'exclude each other'),
        (dict(pos_weight=2.0), 'pos_weight needs use_sigmoid=True'),
        (dict(reduction='men'), "got 'men'"),
        (dict(los_weight=1.0), "did you mean 'loss_weight'"),
    ],
)
def test_wrong_arguments(cfg, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build(dict(type='CrossEntropyLoss', **cfg))


def test_class_weight_of_another_length():
    loss = CrossEntropyLoss(class_weight=[1.0, 2.0])
    with pytest.raises(DataError, match='class_weight has 2 values, .* 3 classes'):
        loss(LOGITS, LABELS)


@pytest.mark.parametrize('option', ['use_sigmoid', 'use_soft'])
def test_class_indices_where_values_per_class_are_needed(option):
    loss = CrossEntropyLoss(**{option: True})
    with pytest.raises(DataError, match=r'\(3, 3\) and \(3,\).*to_onehot=True'):
        loss(LOGITS, LABELS)
