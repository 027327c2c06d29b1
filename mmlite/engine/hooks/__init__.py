"""Hooks: what happens beside the training itself."""

from .checkpoint_hook import CheckpointHook
from .ema_hook import EMAHook
from .freeze_after_hook import FreezeAfterHook
from .iter_timer_hook import IterTimerHook
from .logger_hook import LoggerHook
from .lookahead_hook import LookaheadHook
from .nan_loss_hook import NanLossHook
from .patch_whitening_hook import PatchWhiteningHook
from .progress_hook import ProgressHook
from .runtime_info_hook import RuntimeInfoHook
from .visual_summary_hook import VisualSummaryHook
from .visualization_hook import VisualizationHook

__all__ = [
    'CheckpointHook',
    'EMAHook',
    'FreezeAfterHook',
    'IterTimerHook',
    'LoggerHook',
    'LookaheadHook',
    'NanLossHook',
    'PatchWhiteningHook',
    'ProgressHook',
    'RuntimeInfoHook',
    'VisualSummaryHook',
    'VisualizationHook',
]
