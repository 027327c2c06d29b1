import pytest
import torch

from mmlite.errors import DataError
from mmlite.models.losses import (
    convert_to_one_hot,
    reduce_loss,
    weight_reduce_loss,
    weighted_loss,
)

LOSS = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


@weighted_loss
def distance(pred, target, power=1):
    """Distance by element."""
    return (pred - target).abs() ** power


@pytest.mark.parametrize(
    ('reduction', 'expected'), [('mean', 3.5), ('sum', 21.0), ('none', LOSS)]
)
def test_reduce(reduction, expected):
    torch.testing.assert_close(reduce_loss(LOSS, reduction), torch.as_tensor(expected))


def test_mean_of_nothing_is_zero_with_a_gradient():
    pred = torch.zeros(0, 3, requires_grad=True)
    loss = reduce_loss(pred * 2, 'mean')
    loss.backward()
    assert loss.item() == 0
    assert pred.grad.shape == (0, 3)


@pytest.mark.parametrize(
    'weight',
    [
        torch.tensor([1.0, 0.5]),
        torch.tensor([[1.0], [0.5]]).expand(2, 3),
        torch.tensor([[1.0, 0.0, 2.0], [0.5, 1.0, 0.0]]),
        torch.tensor(3.0),
    ],
    ids=['per sample', 'per row', 'per element', 'one'],
)
def test_weight_is_per_element_or_per_leading_entry(weight):
    total = 0.0
    for i in range(2):
        for j in range(3):
            w = weight
            for place in (i, j)[: weight.ndim]:
                w = w[place]
            total += LOSS[i, j].item() * w.item()
    got = weight_reduce_loss(LOSS, weight, 'mean')
    assert got.item() == pytest.approx(total / 6)
    got = weight_reduce_loss(LOSS, weight, 'mean', avg_factor=4)
    assert got.item() == pytest.approx(total / 4)


def test_weight_of_a_square_loss_is_never_taken_per_class():
    loss = torch.tensor([[1.0, 10.0], [100.0, 1000.0]])
    got = weight_reduce_loss(loss, torch.tensor([1.0, 0.0]), 'sum')
    assert got.item() == 11


def test_weight_of_one_column_is_that_of_the_row():
    loss = torch.tensor([[1.0, 10.0], [100.0, 1000.0]])
    got = weight_reduce_loss(loss, torch.tensor([[1.0], [0.0]]), 'sum')
    assert got.item() == 11


def test_weight_that_does_not_fit():
    with pytest.raises(DataError, match=r'shape \(3,\) does not fit .* \(2, 3\)'):
        weight_reduce_loss(LOSS, torch.ones(3))


def test_avg_factor_of_zero_is_finite():
    got = weight_reduce_loss(torch.zeros(2), avg_factor=0)
    assert got.item() == 0


def test_avg_factor_is_a_tensor_too():
    got = weight_reduce_loss(LOSS, avg_factor=torch.tensor(7))
    assert got.item() == pytest.approx(3)


def test_avg_factor_is_not_for_sum():
    with pytest.raises(ValueError, match='drop avg_factor'):
        weight_reduce_loss(LOSS, reduction='sum', avg_factor=2)


def test_avg_factor_leaves_none_alone():
    torch.testing.assert_close(weight_reduce_loss(LOSS, None, 'none', 2), LOSS)


@pytest.mark.parametrize('avg_factor', [None, 2])
def test_unknown_reduction(avg_factor):
    with pytest.raises(ValueError, match="reduction must be .*, got 'avg'"):
        weight_reduce_loss(LOSS, reduction='avg', avg_factor=avg_factor)


def test_decorated_function_keeps_its_name_and_arguments():
    assert distance.__name__ == 'distance'
    assert distance.__doc__ == 'Distance by element.'
    pred, target = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 2.0])
    weight = torch.tensor([1.0, 0.5])
    assert distance(pred, target, weight, power=2).item() == (9 + 0.5 * 4) / 2
    assert distance(pred, target, reduction='sum').item() == 5


@pytest.mark.parametrize('labels', [[2, 0], [[2], [0]]])
def test_one_hot(labels):
    got = convert_to_one_hot(torch.tensor(labels), 3)
    assert got.tolist() == [[0, 0, 1], [1, 0, 0]]
