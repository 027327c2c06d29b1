"""Run models on a simulated device, and print what was seen as JSON.

A program of its own, since the device stays registered:
``python simulated_runs.py wholes | backbones | families``.
"""

from __future__ import annotations

import copy
import json
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from typing import Any

import mmengine
import torch
from contracts.noise import NOISE
from contracts.tiny import (
    AROUND,
    PRETRAINING,
    WHOLES,
    backbone_cfg,
    image_shape,
    names_of,
    whole_names,
)
from mmengine.hooks import Hook
from support.families import FAMILIES
from support.simulated_device import WAITS, SimulatedDevice, SimulatedTensor
from torch import Tensor

from mmlite.apis import prepare_training
from mmlite.config import load_config
from mmlite.engine import Runner
from mmlite.engine.optimizers import OptimWrapper
from mmlite.registry import MODELS


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


class Watch(Hook):
    """Counts the waits of an iteration, with all hooks before it; notes its loss."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.seen = dict(waits=0, places=[])

    def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        if len(self.losses) == 2:
            WAITS.clear()

    def after_train_iter(
        self, runner: Runner, *args: Any, outputs: Any = None, **kwargs: Any
    ) -> None:
        if len(self.losses) == 2:
            places = sorted({place for _, place in WAITS})
            self.seen = dict(waits=sum(WAITS.values()), places=places)
        loss = outputs['loss'].detach()
        self.losses.append(float(getattr(loss, 'raw', loss)))


def run_family(name: str) -> dict[str, Any]:
    """A training with validation on the device, and the same on the CPU."""
    (ours, seen), (theirs, _) = (trained(name, device) for device in ('sim', 'cpu'))
    differences = [
        abs(a - b) / max(abs(b), 1.0) for a, b in zip(ours, theirs, strict=True)
    ]
    return dict(seen, difference=max(differences))


def trained(name: str, device: str) -> tuple[list[float], dict[str, Any]]:
    """Losses and metrics of a training, and the waits of its third iteration."""
    small = FAMILIES[name]
    cfg = load_config(small.config, (*small.options, 'randomness.seed=1'))
    cfg.optim_wrapper.clip_grad = dict(max_norm=1.0)
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or ()), dict(type='EMAHook')]
    watch = Watch()
    with tempfile.TemporaryDirectory() as work_dir, redirect_stdout(sys.stderr):
        mmengine.device.utils.DEVICE = device
        runner = Runner.from_cfg(prepare_training(cfg, work_dir=work_dir))
        runner.register_hook(watch)
        runner.train()
        history = runner.message_hub.log_scalars
    metrics = [
        float(history[key].current())
        for key in sorted(history)
        if key.startswith('val/') and 'time' not in key
    ]
    return [*watch.losses, *metrics], watch.seen


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
        wholes=(whole_names(), run_model),
        backbones=(backbones(), run_backbone),
        families=(list(FAMILIES), run_family),
    )[what]
    with SimulatedDevice():
        print(json.dumps({name: caught(run, name) for name in names}))


if __name__ == '__main__':
    main(sys.argv[1])
