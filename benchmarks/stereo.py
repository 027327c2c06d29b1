"""S1 to S5: pairs of images: volumes, their mean, a training step, a lookup."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import textbook_stereo as textbook
import torch
from memory import output_of
from protocol import Goal, Line, timed
from session import Session
from torch import Tensor

from mmlite import ops


def _seconds(function: Callable[..., Tensor], *args: Any) -> Callable[[], float]:
    """CPU seconds of a call without gradients."""
    return timed(torch.no_grad()(lambda: function(*args)), time.process_time)


def _views(channels: int, height: int, width: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (2, 1, channels, height, width)
    return list(torch.randn(shape, generator=generator))


_MEMORY = """
import sys, torch, textbook_stereo
from mmlite import ops
from memory import peak, reset_peak
side, height = sys.argv[1], int(sys.argv[2])
space = ops if side == 'mmlite' else textbook_stereo
views = torch.randn(2, 1, {channels}, height, 2 * height)
space.{name}(*views[..., :4, :8], 2{extra})
before = reset_peak()
volume = space.{name}(*views, 48{extra})
print(peak() - before)
"""


def _volumes(session: Session, name: str, channels: int, *extra: int) -> list[Line]:
    height = session.size(64, 8)
    views = _views(channels, height, 2 * height)
    wanted = getattr(textbook, name)(*views, 48, *extra)
    torch.testing.assert_close(getattr(ops, name)(*views, 48, *extra), wanted)
    rounds = session.compare(
        mmlite=_seconds(getattr(ops, name), *views, 48, *extra),
        loop=_seconds(getattr(textbook, name), *views, 48, *extra),
    )
    text = ''.join(f', {number}' for number in extra)
    code = _MEMORY.format(name=name, channels=channels, extra=text)
    kib = {side: output_of(code, side, height) for side in ('mmlite', 'loop')}
    what = f'{name} of {height} x {2 * height}, 48 disparities, over a loop of slices'
    return [
        Line(
            'S1' if name == 'concat_volume' else 'S2',
            f'{what}: {of}',
            goal,
            ratios,
            figures=figures,
        )
        for of, goal, ratios, figures in (
            ('time', Goal('<=', 0.7), rounds.ratio('mmlite', 'loop'), rounds.medians),
            ('memory', Goal('<=', 1.0), [kib['mmlite'] / max(1, kib['loop'])], kib),
        )
    ]


def concat(session: Session) -> list[Line]:
    """S1: features beside each other, over the loop that assigns slices."""
    return _volumes(session, 'concat_volume', 32)


def correlation(session: Session) -> list[Line]:
    """S2: group-wise correlation, over the loop that assigns slices."""
    return _volumes(session, 'group_correlation_volume', 320, 40)


_REGRESSION = """
import sys, torch, textbook_stereo
from mmlite import ops
from memory import peak, reset_peak
side, size = sys.argv[1], int(sys.argv[2])
space = ops if side == 'mmlite' else textbook_stereo
logits = torch.randn(1, 192, size, 2 * size)
with torch.no_grad():
    space.regress_disparity(logits[..., :2, :2])
    before = reset_peak()
    space.regress_disparity(logits)
    print(peak() - before)
"""


def regression(session: Session) -> list[Line]:
    """S3: the soft argmin without a product as large as the volume."""
    size = session.size(256, 32)
    logits = torch.randn(1, 192, size, 2 * size)
    rounds = session.compare(
        mmlite=_seconds(ops.regress_disparity, logits),
        textbook=_seconds(textbook.regress_disparity, logits),
    )
    kib = {side: output_of(_REGRESSION, side, size) for side in ('mmlite', 'textbook')}
    what = f'soft argmin of 192 x {size} x {2 * size}, over probabilities times shifts'
    ratio = rounds.ratio('mmlite', 'textbook')
    share = [kib['mmlite'] / max(1, kib['textbook'])]
    return [
        Line('S3', f'{what}: memory', Goal('<=', 0.7), share, figures=kib),
        Line('S3', f'{what}: time', Goal('<=', 1.0), ratio, figures=rounds.medians),
    ]


_STEP = """
import contextlib, sys, torch
from mmlite.registry import MODELS
from memory import peak, reset_peak
from textbook_stereo import textbook_psmnet
side, size = sys.argv[1], int(sys.argv[2])
torch.manual_seed(0)
model = MODELS.build(dict(type='PSMNet', max_disp=48)).train()
views = torch.randn(2, 2, 3, size, 2 * size)
truth = torch.rand(2, size, 2 * size) * 48
pair = dict(ref_img=views[0], tgt_img=views[1], disp_gt=truth, mask=truth > 0)
with contextlib.nullcontext() if side == 'mmlite' else textbook_psmnet():
    before = reset_peak()
    outputs = model.forward_outputs(pair)
    loss = model.get_loss(outputs, pair)['loss_disp']
    del outputs
    loss.backward()
    print(peak() - before)
"""


def step_of_psmnet(session: Session) -> list[Line]:
    """S4: the memory of a training step of PSMNet, over the textbook form."""
    size = session.size(128, 32)
    kib = {side: output_of(_STEP, side, size) for side in ('mmlite', 'textbook')}
    what = f'training step of PSMNet, 2 pairs of {size} x {2 * size}: memory'
    share = [kib['mmlite'] / max(1, kib['textbook'])]
    goal = Goal('<=', 1.0)
    return [Line('S4', f'{what}, over the textbook form', goal, share, figures=kib)]


def lookup(session: Session) -> list[Line]:
    """S5: what is looked up in 16 iterations of RAFT-Stereo, over grid_sample."""
    height = session.size(64, 8)
    views = _views(64, height, 2 * height)
    levels = ops.row_pyramid(ops.row_correlation(*views), 4)
    places = torch.rand(16, 1, height, 2 * height) * 2 * height

    def ours() -> list[Tensor]:
        around = ops.RowLookup(levels, radius=4)
        return [around(at).flatten(3).permute(0, 3, 1, 2).contiguous() for at in places]

    def theirs() -> list[Tensor]:
        return [textbook.lookup_rows(levels, at, radius=4) for at in places]

    torch.testing.assert_close(ours(), theirs(), rtol=1e-3, atol=1e-3)
    rounds = session.compare(mmlite=_seconds(ours), grid_sample=_seconds(theirs))
    what = f'16 lookups of RAFT at {height} x {2 * height}, 4 levels, over grid_sample'
    ratio = rounds.ratio('mmlite', 'grid_sample')
    return [Line('S5', what, Goal('<=', 0.8), ratio, figures=rounds.medians)]
