"""C15: the forward passes of networks, over timm's."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from protocol import Goal, Line
from session import Session, optional
from torch import nn

from mmlite.apis import get_model
from mmlite.engine import load_state

#: Ours by name, and timm's of the same layers.
NETWORKS = {
    'convnext-tiny_32xb128_in1k': 'convnext_tiny',
    'swin-tiny_16xb64_in1k': 'swin_tiny_patch4_window7_224',
    'efficientnet-b0_3rdparty_8xb32_in1k': 'tf_efficientnet_b0',
    'vit-base-p16_32xb128-mae_in1k': 'vit_base_patch16_224',
}


def forward(session: Session) -> list[Line]:
    """C15: a batch of 4 images of 224 pixels, in evaluation."""
    goal = Goal('<=', 1.03)
    lines = []
    for name, theirs in NETWORKS.items():
        what = f'forward of {name.partition("_")[0]}, batch 4, over timm'
        timm = optional('timm')  # which needs torchvision
        if timm is None:
            lines.append(Line('C15', what, goal, note='timm absent'))
            continue
        images = torch.randn(session.size(4, 1), 3, 224, 224)
        model, other = get_model(name), timm.create_model(theirs).eval()
        # Of the same weights: tiny numbers are slow to compute with.
        load_state(model, other.state_dict(), quiet=True)
        rounds = session.compare(
            mmlite=_seconds(model, images), timm=_seconds(other, images)
        )
        ratio = rounds.ratio('mmlite', 'timm')
        lines.append(Line('C15', what, goal, ratio, rounds.times, rounds.medians))
    return lines


def _seconds(model: nn.Module, images: torch.Tensor) -> Callable[[], float]:
    """CPU seconds of a forward pass."""

    def run() -> float:
        with torch.inference_mode():
            start = time.process_time()
            model(images)
            return time.process_time() - start

    return run
