import math
from itertools import product

import pytest
import torch

from mmlite.errors import DataError
from mmlite.registry import MODELS


def by_loops(x, labels, margin):
    """Batch-all triplets of one part: the mean of the terms above zero."""
    terms = []
    for a, p, n in product(range(len(x)), repeat=3):
        if labels[a] == labels[p] and labels[a] != labels[n]:
            term = (x[a] - x[p]).norm() - (x[a] - x[n]).norm() + margin
            terms.append(max(term.item(), 0.0))
    above = [term for term in terms if term > 0]
    return sum(above) / max(1, len(above)), len(above), max(terms)


@pytest.mark.parametrize('labels', [[0, 0, 1, 1, 2, 2], [5, 1, 1, 1], [2, 2, 2, 7, 0]])
def test_triplets_are_those_of_a_loop(labels):
    x = torch.randn(len(labels), 8, 3)
    loss = MODELS.build(dict(type='TripletLoss', margin=0.3))
    value, info = loss(x, torch.tensor(labels))
    for part in range(3):
        mean, count, largest = by_loops(x[..., part], labels, 0.3)
        assert value[part].item() == pytest.approx(mean, rel=1e-5)
        assert info['loss_num'][part] == count
        assert info['hard_loss'][part].item() == pytest.approx(largest, rel=1e-5)


def test_the_gradient_of_triplets_is_that_of_the_differences():
    labels = torch.tensor([0, 0, 1, 1, 1])
    x = torch.randn(5, 4, dtype=torch.float32).requires_grad_()
    loss = MODELS.build(dict(type='TripletLoss', margin=1.0))
    loss(x, labels)[0].sum().backward()
    step = torch.zeros_like(x)
    step[1, 2] = 1e-3
    with torch.no_grad():
        ahead, behind = (loss(x + s * step, labels)[0].item() for s in (1, -1))
    assert x.grad[1, 2].item() == pytest.approx((ahead - behind) / 2e-3, rel=0.05)


def test_collapsed_embeddings_give_the_margin():
    x = torch.ones(8, 16, 2, requires_grad=True)
    labels = torch.tensor([0] * 4 + [1] * 4)
    value, info = MODELS.build(dict(type='TripletLoss', margin=0.2))(x, labels)
    value.sum().backward()
    assert value.tolist() == pytest.approx([0.2, 0.2])
    assert info['mean_dist'].tolist() == [0, 0]
    assert x.grad.isfinite().all()


def test_one_identity_alone_has_no_triplet():
    x = torch.randn(4, 8, 2, requires_grad=True)
    loss = MODELS.build(dict(type='TripletLoss'))
    value, info = loss(x, torch.zeros(4, dtype=torch.long))
    value.sum().backward()
    assert value.tolist() == [0, 0] and info['hard_loss'].tolist() == [0, 0]
    assert x.grad.isfinite().all()


def test_contrast_is_that_of_a_loop():
    labels = [0, 0, 1, 1, 1, 4]
    x = torch.randn(6, 8, 2)
    loss = MODELS.build(dict(type='SupConLoss', temperature=0.5))
    value, _ = loss(x, torch.tensor(labels))
    for part in range(2):
        unit = torch.nn.functional.normalize(x[..., part], dim=1)
        each = []
        for i in range(6):
            mates = [j for j in range(6) if j != i and labels[j] == labels[i]]
            total = sum(math.exp(unit[i] @ unit[j] / 0.5) for j in range(6) if j != i)
            chances = [
                math.log(math.exp(unit[i] @ unit[j] / 0.5) / total) for j in mates
            ]
            if chances:
                each.append(-sum(chances) / len(chances))
        assert value[part].item() == pytest.approx(sum(each) / len(each), rel=1e-5)


def test_a_label_beyond_the_classes_is_explained():
    loss = MODELS.build(dict(type='PartCrossEntropyLoss'))
    with pytest.raises(DataError, match='label 4 is not one of the 4 classes'):
        loss(torch.zeros(2, 4, 3), torch.tensor([0, 4]))


def test_temperature_is_above_zero():
    with pytest.raises(Exception, match='temperature must be positive, got 0'):
        MODELS.build(dict(type='SupConLoss', temperature=0))


@pytest.mark.parametrize('dtype', [torch.int32, torch.int16, torch.uint8])
def test_labels_are_whole_numbers_of_any_width(dtype):
    """The logits are 0, so that the loss is the log of the number of classes."""
    loss = MODELS.build(dict(type='PartCrossEntropyLoss'))
    labels = torch.tensor([0, 3], dtype=dtype)
    assert loss(torch.zeros(2, 4, 3), labels)[0].item() == pytest.approx(math.log(4))
    with pytest.raises(DataError, match='whole numbers, got torch.float32'):
        loss(torch.zeros(2, 4, 3), labels.float())


@pytest.mark.parametrize(
    'cfg',
    [
        dict(type='TripletLoss'),
        dict(type='SupConLoss'),
        dict(type='PartCrossEntropyLoss', log_accuracy=True),
    ],
    ids=lambda cfg: cfg['type'],
)
def test_an_empty_batch_costs_nothing(cfg):
    for shape in ((0, 4, 3), (0, 4)):
        x = torch.zeros(shape, requires_grad=True)
        value, info = MODELS.build(cfg)(x, torch.zeros(0, dtype=torch.long))
        value.sum().backward()
        assert value.sum() == 0 and x.grad.shape == x.shape
        assert all((each == 0).all() for each in info.values())


def test_a_sample_alone_has_no_contrast():
    x = torch.ones(1, 4, 3, requires_grad=True)
    value, _ = MODELS.build(dict(type='SupConLoss'))(x, torch.zeros(1, dtype=int))
    value.sum().backward()
    assert value.tolist() == [0, 0, 0] and (x.grad == 0).all()
