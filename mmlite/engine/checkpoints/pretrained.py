"""``init_cfg=dict(type='Pretrained', checkpoint=..., prefix=...)``."""

from __future__ import annotations

from mmengine.logging import MMLogger
from mmengine.model import PretrainedInit as BasePretrainedInit
from mmengine.model import update_init_info
from torch import nn

from ...registry import WEIGHT_INITIALIZERS
from ..terminal import say
from .matching import load_state
from .reader import load_checkpoint


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class PretrainedInit(BasePretrainedInit):
    """Initialises a module with the weights of a checkpoint, or a part of it.

    Unlike mmengine's it refuses a checkpoint of another model.

    Args:
        checkpoint: A file or URL, as for
            :func:`~mmlite.engine.load_checkpoint`.
        prefix: Take only the entries under this name, e.g. ``'backbone'``.
        map_location: The device on which the checkpoint is read.
        key_map: Name of the key map for the checkpoint of another project, see
            :func:`~mmlite.engine.checkpoints.register_key_map`.
    """

    def __init__(
        self,
        checkpoint: str,
        prefix: str | None = None,
        map_location: str = 'cpu',
        key_map: str | None = None,
    ) -> None:
        super().__init__(checkpoint, prefix, map_location)
        self.key_map = key_map

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into ``module``."""
        checkpoint = load_checkpoint(self.checkpoint, self.map_location)
        report = load_state(
            module,
            checkpoint,
            prefix=self.prefix,
            key_map=self.key_map,
            source=self.checkpoint,
        )
        say(MMLogger.get_current_instance(), report.loaded(self.checkpoint))
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())
