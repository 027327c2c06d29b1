"""Run every model and backbone on a simulated device, and print what was seen as JSON.

A program of its own, since the device stays registered:
``python simulated_runs.py wholes | backbones``.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

import torch
from contracts.noise import NOISE
from contracts.tiny import (
    AROUND,
    OF_OTHERS,
    PRETRAINING,
    WHOLES,
    backbone_cfg,
    image_shape,
    names_of,
    registered,
)
from support.simulated_device import WAITS, SimulatedDevice, SimulatedTensor
from torch import Tensor

from mmlite.engine.optimizers import OptimWrapper
from mmlite.models import BaseModel
from mmlite.registry import MODELS


def models() -> list[str]:
    """The wholes of this package."""
    names = registered(MODELS, 'mmlite.models')
    classes = {name: MODELS.get(name) for name in names if name not in OF_OTHERS}
    return [
        name
        for name, kind in classes.items()
        if isinstance(kind, type) and issubclass(kind, BaseModel)
    ]


def backbones() -> list[str]:
    return [n for n in names_of('backbones') if n not in (*AROUND, *PRETRAINING)]


def run_model(name: str) -> dict[str, Any]:
    """Two training steps, of which the second counts, and a prediction."""
    settings, noise = WHOLES[name]
    model = MODELS.build(copy.deepcopy(dict(settings, type=name)))
    there = copy.deepcopy(model).to('sim').train()
    wrapper = OptimWrapper(torch.optim.SGD(there.parameters(), lr=1e-3))
    for _ in range(2):
        WAITS.clear()
        there.train_step(NOISE[noise](4), wrapper)
    seen = dict(waits=sum(WAITS.values()), places=sorted({p for _, p in WAITS}))
    if not type(model).predicts:
        return seen
    there = copy.deepcopy(model).to('sim').eval()
    with torch.no_grad():
        ours = there.test_step(NOISE[noise](4))
        theirs = model.eval().test_step(NOISE[noise](4))
    pairs = zip(map(predicted, ours), map(predicted, theirs), strict=True)
    seen['difference'] = max(largest_difference(*pair) for pair in pairs)
    return seen


def predicted(sample: Any) -> list[Tensor]:
    """All that is predicted of a sample, by name."""
    found = {key: value for key, value in sample.items() if key.startswith('pred_')}
    return [v for _, v in sorted(found.items()) if isinstance(v, Tensor)]


def run_backbone(name: str) -> dict[str, Any]:
    """Two passes forward and backward, of which the second counts, and the outputs."""
    backbone = MODELS.build(backbone_cfg(name))
    images = torch.randn(2, *image_shape(name))
    there = copy.deepcopy(backbone).to('sim').train()
    for _ in range(2):
        WAITS.clear()
        outs = flat(there(images.to('sim', non_blocking=True)))
        sum(out.float().sum() for out in outs).backward()
    seen = dict(waits=sum(WAITS.values()), places=sorted({p for _, p in WAITS}))
    there = copy.deepcopy(backbone).to('sim').eval()
    with torch.no_grad():
        pair = flat(there(images.to('sim'))), flat(backbone.eval()(images))
    return dict(seen, difference=largest_difference(*pair))


def flat(outs: Iterable[Any]) -> list[Tensor]:
    each = [one for out in outs for one in (out if isinstance(out, list) else [out])]
    return [one for one in each if one is not None]


def largest_difference(ours: list[Tensor], theirs: list[Tensor]) -> float:
    pairs = [
        (a.raw if isinstance(a, SimulatedTensor) else a, b)
        for a, b in zip(ours, theirs, strict=True)
    ]
    return max(
        (
            float((a - b).abs().max())
            for a, b in pairs
            if b.is_floating_point() and len(b)
        ),
        default=0.0,
    )


def caught(run: Callable[[str], dict[str, Any]], name: str) -> dict[str, Any]:
    torch.manual_seed(0)
    try:
        return run(name)
    except Exception as error:
        return dict(error=f'{type(error).__name__}: {error}')


def main(what: str) -> None:
    names, run = dict(
        wholes=(models(), run_model), backbones=(backbones(), run_backbone)
    )[what]
    with SimulatedDevice():
        print(json.dumps({name: caught(run, name) for name in names}))


if __name__ == '__main__':
    main(sys.argv[1])
