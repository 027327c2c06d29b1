"""torch's optimizers under the names that torch gives them."""

from __future__ import annotations

import torch

from ...registry import OPTIMIZERS


def register_aliases() -> None:
    """Register ``Adafactor``, which mmengine only knows as ``TorchAdafactor``."""
    adafactor = getattr(torch.optim, 'Adafactor', None)  # torch >= 2.5
    if adafactor is not None:
        OPTIMIZERS.register_module(name='Adafactor', module=adafactor)
