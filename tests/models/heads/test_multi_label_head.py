import pytest
import torch
from torch.nn import functional as F

from mmlite.errors import ConfigError, DataError
from mmlite.registry import MODELS
from mmlite.structures import DataSample

LOGITS = torch.tensor([[1.0, 2.0, -1.0], [0.0, 1.0, 2.0]])


def samples(*rows):
    return [DataSample(num_classes=3).set_gt_score(torch.tensor(row)) for row in rows]


@pytest.mark.parametrize('kind', ['CrossEntropyLoss', 'FocalLoss', 'AsymmetricLoss'])
def test_what_is_unknown_is_not_learned(kind):
    sigmoid = dict(use_sigmoid=True) if kind == 'CrossEntropyLoss' else {}
    head = MODELS.build(dict(type='MultiLabelClsHead', loss=dict(type=kind, **sigmoid)))
    logits = LOGITS.clone().requires_grad_()
    head.loss((logits,), samples([1.0, -1, 0], [0.0, 0, 1]))['loss'].backward()
    assert (logits.grad == 0).tolist() == [[False, True, False], [False, False, False]]


def test_the_rest_of_an_image_counts_as_before():
    head = MODELS.build(dict(type='MultiLabelClsHead'))
    target = torch.tensor([[1.0, 0, 0], [0.0, 0, 1]])
    each = F.binary_cross_entropy_with_logits(LOGITS, target, reduction='none')
    known = head.loss((LOGITS,), samples(*target.tolist()))['loss']
    assert known.item() == pytest.approx(each.sum().item() / 2)
    partly = head.loss((LOGITS,), samples([1.0, -1, 0], [0.0, 0, 1]))['loss']
    assert partly.item() == pytest.approx((each.sum() - each[0, 1]).item() / 2)


def test_labels_and_numbers_of_classes_that_cannot_be():
    with pytest.raises(ConfigError, match='topk must be at least 1, got 0'):
        MODELS.build(dict(type='MultiLabelClsHead', topk=0))
    head = MODELS.build(dict(type='MultiLabelClsHead', topk=4))
    with pytest.raises(DataError, match='topk=4, but the head gives 3 classes'):
        head.predict((LOGITS,))
    negative = [DataSample().set_gt_label([0, -1]), DataSample().set_gt_label([1])]
    with pytest.raises(DataError, match='label -1 is no class'):
        head.loss((LOGITS,), negative)
