"""Where a test runs: on a CPU everywhere, on a GPU where there is one."""

from __future__ import annotations

import pytest
import torch

#: Marks of a test that needs a GPU.
ON_GPU = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU'),
]

#: A test that is tried on a CPU, so that it works on the day there is a GPU.
on_each_device = pytest.mark.parametrize(
    'device',
    [
        pytest.param('cpu', marks=pytest.mark.slow),
        pytest.param('cuda', marks=ON_GPU),
    ],
)
