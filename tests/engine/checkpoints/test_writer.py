"""A checkpoint is whole or absent, and holds plain values only."""

import collections
import os
import resource
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmlite.engine import save_checkpoint
from mmlite.engine.checkpoints import plain
from mmlite.errors import CheckpointError


class Anything:
    def __repr__(self):
        return 'something else'


def test_what_is_saved_is_read_with_weights_only(tmp_path):
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    content = dict(
        state_dict=model.state_dict(),
        numbers=(np.float32(0.5), np.int64(3), np.bool_(True)),
        array=np.arange(3),
        texts=np.array(['a', 'b']),
        path=Path('a/b'),
        names={'x'},
        other=Anything(),
    )
    save_checkpoint(content, tmp_path / 'a.pth')
    read = torch.load(tmp_path / 'a.pth', weights_only=True)
    assert read['numbers'] == (0.5, 3, True)
    assert torch.equal(read['array'], torch.arange(3))
    assert read['texts'] == ['a', 'b']
    assert (read['path'], read['names'], read['other']) == (
        'a/b',
        ['x'],
        'something else',
    )
    assert read['state_dict']._metadata == dict(model.state_dict()._metadata)
    for name, value in model.state_dict().items():
        assert torch.equal(read['state_dict'][name], value)


def test_a_view_is_saved_without_the_rest():
    row = torch.zeros(1000, 2)[3]
    assert plain(row).untyped_storage().nbytes() == row.nbytes


def test_order_is_kept():
    assert isinstance(plain(collections.OrderedDict(a=1)), collections.OrderedDict)


@pytest.fixture
def full_disk():
    """No file of this process may grow beyond 4 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_the_previous_one(tmp_path, full_disk):
    path = tmp_path / 'a.pth'
    save_checkpoint(dict(w=torch.ones(1)), path)
    with pytest.raises(CheckpointError, match=r'cannot write .*a\.pth: .*too large.*'):
        save_checkpoint(dict(w=torch.ones(10_000)), path)
    assert os.listdir(tmp_path) == ['a.pth']
    assert torch.load(path, weights_only=True)['w'].numel() == 1


@pytest.mark.parametrize('step', ['fsync', 'replace'])
def test_a_failure_at_the_end_leaves_the_previous_one(tmp_path, monkeypatch, step):
    path = tmp_path / 'a.pth'
    save_checkpoint(dict(w=torch.ones(1)), path)

    def fail(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(CheckpointError, match='No space left.* is untouched'):
        save_checkpoint(dict(w=torch.ones(2)), path)
    assert os.listdir(tmp_path) == ['a.pth']
    assert torch.load(path, weights_only=True)['w'].numel() == 1


def test_the_file_may_be_read_by_others(tmp_path):
    save_checkpoint(dict(w=torch.ones(1)), tmp_path / 'a.pth')
    (tmp_path / 'b').touch()
    assert os.stat(tmp_path / 'a.pth').st_mode == os.stat(tmp_path / 'b').st_mode
