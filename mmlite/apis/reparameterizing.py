"""Turn a trained network into its form for deployment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.config import Config

from ..errors import UserError
from ..models.layers import switch_to_deploy
from .inferencers.base import config_and_checkpoint
from .model import init_model
from .targets import target_file

__all__ = ['reparameterize']


def reparameterize(
    config: str | Path | Config,
    checkpoint: str | Path | None,
    out: str | Path,
    overrides: Sequence[str] = (),
) -> Path:
    """Fuse the branches of a trained network, and save what is left.

    RepVGG, MobileOne, RepLKNet, RepMLPNet, RIFormer and LeViT give the same
    outputs afterwards, and are faster. The checkpoint fits the config with
    ``model.backbone.deploy=True`` (RepLKNet: ``small_kernel_merged=True``).

    Args:
        config: The config of the training; a checkpoint or work_dir alone does too.
        checkpoint: Its checkpoint or work_dir, if ``config`` is none.
        out: The file to write.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.

    Returns:
        The file.

    Raises:
        UserError: if the network has nothing to fuse, or ``out`` is the
            checkpoint itself.
    """
    out = target_file(out, ('.pth', '.pt', '.ckpt', '.bin'), 'checkpoints')
    cfg, checkpoint = config_and_checkpoint(config, checkpoint)
    if checkpoint is None:
        raise UserError(f'there is no checkpoint to fuse; name one after {config}')
    if out.exists() and out.samefile(checkpoint):
        raise UserError(f'{out} is the checkpoint itself; name another file to write')
    model = init_model(cfg, checkpoint, overrides=overrides)
    before = list(model.state_dict())
    switch_to_deploy(model)
    if list(model.state_dict()) == before:
        raise UserError(
            f'{type(getattr(model, "backbone", model)).__name__} has no branches to '
            'fuse, or they are fused already'
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    meta = dict(dataset_meta=model.dataset_meta)
    torch.save(dict(state_dict=model.state_dict(), meta=meta), out)
    return out
