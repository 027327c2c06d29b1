"""What two processes gather is what one process has."""

import pytest
import torch
from support.two_processes import PairLoss, gather_part, learn_pairs
from torch import nn

from mmlite.ops import gather

X = torch.randn(7, 3, generator=torch.Generator().manual_seed(1))
LABELS = torch.tensor([0, 1, 0, 1, 1, 0, 0])


def spawned(function, folder, *args):
    torch.multiprocessing.spawn(function, (folder, *args), nprocs=2)
    return [torch.load(folder / f'{rank}.pth') for rank in (0, 1)]


def test_one_process_gathers_what_it_has():
    assert gather(X) is X
    with pytest.raises(ValueError, match='has a dimension for the samples'):
        gather(torch.tensor(1.0))


@pytest.mark.slow
@pytest.mark.parametrize(('cut', 'names'), [(3, True), (5, False)])
def test_a_loss_of_pairs_learns_as_in_one_process(tmp_path, cut, names):
    """Also where the processes have 3 and 4 samples, or 5 and 2."""
    parts = [(X[:cut], LABELS[:cut]), (X[cut:], LABELS[cut:])]
    (loss, info, grads), others = spawned(learn_pairs, tmp_path, parts, names)
    torch.manual_seed(0)
    model = nn.ModuleList([nn.Linear(3, 2), PairLoss()])
    expected, _ = model[1].plain(model[0](X), LABELS)
    expected.backward()
    torch.testing.assert_close(loss, 2 * expected.detach())  # times the processes
    assert info['pairs'] == 4 * 4 + 3 * 3
    for found in (grads, others[2]):
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(found[name], parameter.grad)


@pytest.mark.slow
def test_types_and_lengths(tmp_path):
    whole = [torch.arange(5), torch.arange(10.0).view(5, 2) > 3, torch.rand(5, 1, 2)]
    parts = [[x[:2] for x in whole], [x[2:] for x in whole]]
    for found in spawned(gather_part, tmp_path, parts):
        for got, expected in zip(found, whole, strict=True):
            assert got.dtype == expected.dtype
            assert torch.equal(got, expected)
