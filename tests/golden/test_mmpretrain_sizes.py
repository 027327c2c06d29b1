"""Every size of a backbone has the names, shapes and order of mmpretrain 1.2.0's."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from mmlite.registry import MODELS

GOLDEN = json.loads(Path(__file__).with_name('mmpretrain_sizes.json').read_text())


@pytest.mark.slow
@pytest.mark.parametrize('kind', GOLDEN['sizes'])
def test_state_of_each_size(kind):
    wrong = []
    for arguments, length, digest in GOLDEN['sizes'][kind]:
        with torch.device('meta'):
            state = MODELS.build(dict(arguments, type=kind)).state_dict()
        lines = [f'{name} {tuple(value.shape)}' for name, value in state.items()]
        found = hashlib.sha256('\n'.join(lines).encode()).hexdigest()
        if len(lines) != length or not found.startswith(digest):
            wrong.append(arguments)
    assert wrong == []
