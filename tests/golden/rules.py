"""Rules by which a peer and mmlite get the same weights and input.

The numbers in the JSON files beside this module were read from the peer that
each file names under ``source``. Neither weights nor images are stored: both
sides make them by these rules.

- A floating-point entry of the state dict called ``name`` is drawn from
  ``numpy``'s ``Generator(PCG64(crc32(name))).standard_normal(shape)``, which
  is scaled as :func:`fill` says.
- The input is ``Generator(PCG64(0)).standard_normal(shape)``.
- A tensor is summed up as shape, mean, mean of the absolute values, and eight
  values at ``probe_index`` of the flattened tensor.
- A state dict is summed up as the number of its entries, a few of them, and
  the SHA-256 of all lines ``name d0,d1,...`` in alphabetical order.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

RELATIVE_TOLERANCE = 1e-4
# Tables that follow from the architecture stay as they were built.
TABLES = (
    'relative_position_index',
    'attn_mask',
    'rel_pos_index',
    'relative_coords_table',
)


def fill(name: str, entry: Tensor) -> Tensor:
    """The value of a state-dict entry by rule."""
    if not entry.is_floating_point() or any(table in name for table in TABLES):
        return entry
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    value = np.asarray(rng.standard_normal(tuple(entry.shape)))
    if name.endswith('running_var'):
        value = 0.5 + np.abs(value)
    elif entry.dim() >= 2:
        value = value / np.sqrt(max(1, entry[0].numel()))
    elif name.endswith(('weight', 'gamma', 'scale')):
        value = 1 + 0.1 * value
    else:
        value = 0.1 * value
    return torch.from_numpy(value).to(entry.dtype)


def fill_model(model: nn.Module) -> None:
    """Give every entry of a model's state its value by rule."""
    state = model.state_dict()
    model.load_state_dict({name: fill(name, entry) for name, entry in state.items()})


def make_input(shape: Sequence[int]) -> Tensor:
    """The input by rule."""
    rng = np.random.Generator(np.random.PCG64(0))
    return torch.from_numpy(rng.standard_normal(tuple(shape))).float()


def state_digest(shapes: Mapping[str, Sequence[int]]) -> str:
    """The SHA-256 of names and shapes."""
    lines = sorted(f'{name} {",".join(map(str, s))}' for name, s in shapes.items())
    return hashlib.sha256('\n'.join(lines).encode()).hexdigest()


def assert_state(model: nn.Module, expected: Mapping[str, Any]) -> None:
    """The model's state has the names, shapes and order that are expected.

    An optimizer finds the state of a parameter by its position, so that the order
    decides whether a training of the peer can be gone on with.
    """
    shapes = {
        name: list(entry.shape)
        for name, entry in model.state_dict().items()
        if not name.startswith('data_preprocessor.')
    }
    samples = expected['samples']
    assert {name: shapes.get(name) for name in samples} == samples
    assert len(shapes) == expected['count']
    assert state_digest(shapes) == expected['sha256']
    order = hashlib.sha256('\n'.join(shapes).encode()).hexdigest()
    assert order == expected['order_sha256']


def assert_summary(got: Any, expected: Any, path: str) -> None:
    """A tensor, or a nested sequence of them, is as its summary says."""
    if expected is None:
        assert got is None, path
        return
    if isinstance(expected, list):
        got = [got] if isinstance(got, Tensor) else got
        assert len(got) == len(expected), path
        for i, (one, summary) in enumerate(zip(got, expected, strict=True)):
            assert_summary(one, summary, f'{path}[{i}]')
        return
    assert list(got.shape) == expected['shape'], path
    flat = got.detach().double().flatten()
    scale = max(expected['abs_mean'], 1e-6)
    assert abs(flat.mean().item() - expected['mean']) < RELATIVE_TOLERANCE * scale, path
    spread = abs(flat.abs().mean().item() - expected['abs_mean'])
    assert spread < RELATIVE_TOLERANCE * scale, path
    probed = flat[expected['probe_index']].numpy()
    largest = max(scale, np.abs(expected['probe']).max())
    np.testing.assert_allclose(
        probed,
        expected['probe'],
        rtol=0,
        atol=5 * RELATIVE_TOLERANCE * largest,
        err_msg=path,
    )
