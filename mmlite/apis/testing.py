"""Test a checkpoint on the test set of a config."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from torch import nn

from ..config import check, check_phases, load_config
from ..engine import Runner
from ..engine.checkpoints import check_source, unwrapped
from ..engine.environment import launched_by
from ..errors import ConfigError, UserError
from ..given import check_names_checkpoint, is_url, resolved
from ..registry import MODELS
from .predictions import PredictionFile
from .training import set_work_dir

__all__ = ['test']

#: Mirrored views, where a config does not state its own.
FLIP_TTA = dict(
    type='TestTimeAug',
    transforms=[
        [dict(type='RandomFlip', prob=1.0), dict(type='RandomFlip', prob=0.0)],
        [dict(type='PackInputs')],
    ],
)


def test(
    config: str | Path | Config | dict,
    checkpoint: str | Path | None = None,
    overrides: Sequence[str] = (),
    *,
    work_dir: str | Path | None = None,
    out: str | Path | None = None,
    out_whole: bool = False,
    tta: bool = False,
    launcher: str | None = None,
) -> dict[str, Any]:
    """Test a checkpoint on the test set of a config.

    Args:
        config: A config file, a loaded config, or a dict; a checkpoint alone is enough
            if it holds its config, and so is the work_dir of a training.
        checkpoint: A checkpoint file or URL, or the work_dir of a training, of which
            the best checkpoint is taken, or else the latest.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        work_dir: Where logs go; see :func:`mmlite.apis.train`.
        out: A ``.json``, ``.csv``, ``.npz`` or ``.pkl`` file for the prediction of
            every sample.
        out_whole: Whether that file also holds the ground truth, and maps.
        tta: Average over augmented views: the config's ``tta_pipeline`` and
            ``tta_model`` if it has them, else the image and its mirror image.
        launcher: How the processes were started; see :func:`mmlite.apis.train`.

    Returns:
        The metrics, e.g. ``{'accuracy/top1': 94.8}``.

    Raises:
        ConfigError: if the config has mistakes; all of them are listed.
        CheckpointError: if the checkpoint is unreadable or of another model.
    """
    cfg, checkpoint, home = _cfg_and_checkpoint(config, checkpoint, overrides)
    set_work_dir(cfg, work_dir or home)
    cfg.launcher = launched_by(launcher)
    cfg.load_from, cfg.resume = str(checkpoint), False
    check_phases(cfg, ('test',))
    check_source(checkpoint)
    if tta:
        _set_tta(cfg)
    check(cfg)
    runner = Runner.from_cfg(cfg)
    if out is None:
        return runner.test()
    predictions = PredictionFile(out, out_whole, _gallery_names(runner.model))
    predictions.dataset_meta = runner.test_evaluator.dataset_meta
    runner.test_evaluator.metrics.append(predictions)
    metrics = runner.test()
    predictions.write()
    runner.logger.info(f'{"written":<9} {out}', extra=dict(terminal=True))
    return metrics


def _gallery_names(model: nn.Module) -> Sequence[str] | None:
    """Names of the pictures that a retriever finds; None of other models."""
    gallery = getattr(unwrapped(model), 'gallery', None)
    if gallery is None or not gallery.has_images:
        return None
    from .inferencers.retrieval import GalleryNames

    return GalleryNames(gallery.dataset)


def _cfg_and_checkpoint(
    config: Any, checkpoint: Any, overrides: Sequence[str]
) -> tuple[Config, str, Path | None]:
    """Config, checkpoint, and where logs go if the checkpoint is all there is."""
    from .inferencers.base import config_and_checkpoint

    if checkpoint is not None:
        return load_config(config, overrides), resolved(checkpoint), None
    if not isinstance(config, (str, Path)):
        raise UserError('there is no checkpoint to test the config with; name one')
    config = resolved(config)
    check_names_checkpoint(config)
    check_source(config)
    cfg, checkpoint = config_and_checkpoint(config, None, overrides)
    home = None if is_url(str(config)) else Path(config).parent
    return cfg, str(checkpoint), home


def _set_tta(cfg: Config) -> None:
    dataset = cfg.test_dataloader.dataset
    while 'dataset' in dataset:
        dataset = dataset.dataset
    pipeline = cfg.get('tta_pipeline')
    if pipeline is None:
        if dataset.pipeline[-1].type != 'PackInputs':
            raise ConfigError(
                '--tta: the test pipeline does not end in PackInputs; state the views '
                'in tta_pipeline',
                cfg.filename,
            )
        pipeline = [*dataset.pipeline[:-1], FLIP_TTA]
    dataset.pipeline = pipeline
    if 'tta_model' not in cfg:
        kind = cfg.model.type
        model = MODELS.get(kind) if isinstance(kind, str) else kind
        default = getattr(model, 'tta_model', None)
        if default is None:
            raise ConfigError(
                f'--tta: {kind} has no test-time augmentation of its own; state one as '
                'tta_model',
                cfg.filename,
            )
        cfg.tta_model = ConfigDict(type=default)
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)
