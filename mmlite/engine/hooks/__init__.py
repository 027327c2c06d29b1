"""Hooks: what happens beside the training itself."""

from .checkpoint_hook import CheckpointHook
from .ema_hook import EMAHook
from .iter_timer_hook import IterTimerHook
from .nan_loss_hook import NanLossHook
from .progress_hook import ProgressHook
from .runtime_info_hook import RuntimeInfoHook
from .visualization_hook import VisualizationHook

__all__ = [
    'CheckpointHook',
    'EMAHook',
    'IterTimerHook',
    'NanLossHook',
    'ProgressHook',
    'RuntimeInfoHook',
    'VisualizationHook',
]
