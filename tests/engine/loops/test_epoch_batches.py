from __future__ import annotations

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from mmlite.engine.dataloaders import stop_workers
from mmlite.engine.loops import batches_from
from mmlite.engine.loops.epoch_batches import _as_raised
from mmlite.errors import DataError, MissingDependencyError, UserError


class Broken(Dataset):
    """Its fourth sample raises something."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index):
        if index == 3:
            try:
                raise OSError('the cause')
            except OSError as cause:
                raise self.error from cause
        return torch.tensor(index)


class OwnError(DataError):
    """A user's own kind."""


def first_error(error: Exception, workers: int) -> BaseException:
    loader = DataLoader(
        Broken(error),
        batch_size=2,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    batches = batches_from(loader, epoch=0)
    assert next(batches).tolist() == [0, 1]
    with pytest.raises(Exception) as caught:
        next(batches)
    stop_workers(loader)
    return caught.value


@pytest.mark.parametrize('workers', [0, 1])
@pytest.mark.parametrize('kind', [DataError, OwnError, UserError])
@pytest.mark.parametrize('text', ['a.png is broken', 'two lines:\n  expected a\n'])
def test_an_error_of_a_user_is_as_raised(kind, text, workers):
    error = first_error(kind(text), workers)
    assert type(error) is kind
    assert str(error).rstrip('\n') == text.rstrip('\n')


def test_an_error_that_torch_cannot_make_anew():
    missing = MissingDependencyError('tifffile', 'io', 'a .tiff file')
    error = first_error(missing, workers=1)
    assert isinstance(error, UserError) and str(error) == str(missing)


def test_a_defect_keeps_its_traceback():
    error = first_error(RuntimeError('a defect'), workers=1)
    assert type(error) is RuntimeError
    assert 'Original Traceback' in str(error) and 'in __getitem__' in str(error)
    error = first_error(ZeroDivisionError(), workers=1)
    assert type(error) is ZeroDivisionError


def test_what_only_looks_like_a_report_stays():
    assert _as_raised(DataError('Caught a cold')) is None
    assert _as_raised(DataError('Caught X. Original Traceback, but no more')) is None
