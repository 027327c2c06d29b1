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
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
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


def assert_steps(
    model: nn.Module, losses_of: Callable[[], Mapping[str, Tensor]], case: Mapping
) -> None:
    """Training steps of SGD at a rate of 0.0005 give the losses that are expected.

    Args:
        model: In training mode.
        losses_of: Gives its losses; those that are summed have ``loss`` in the name.
        case: With ``steps``, one dict of values each, ``grad_norm`` among them, and
            ``state_crc32``, of the JSON list of names and shapes.
    """
    shapes = [[key, list(value.shape)] for key, value in model.state_dict().items()]
    shapes = [entry for entry in shapes if not entry[0].startswith('data_preproc')]
    assert zlib.crc32(json.dumps(shapes).encode()) == case['state_crc32']
    fill_model(model)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learned, lr=0.0005)
    torch.manual_seed(0)
    for expected in case['steps']:
        optimizer.zero_grad()
        losses = losses_of()
        sum(value for key, value in losses.items() if 'loss' in key).backward()
        grads = [p.grad.flatten() for p in learned if p.grad is not None]
        found = {key: value.item() for key, value in losses.items()}
        found['grad_norm'] = torch.cat(grads).norm().item()
        assert sorted(found) == sorted(expected)
        for key, value in expected.items():
            allowed = RELATIVE_TOLERANCE * abs(value)
            assert abs(found[key] - value) <= allowed, (key, found[key], value)
        optimizer.step()


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
