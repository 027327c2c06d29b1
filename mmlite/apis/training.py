"""Train a model from a config."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from ..config import add_backends, check, check_phases, load_config
from ..engine import Runner, amp_supported
from ..engine.checkpoints.resuming import latest_checkpoint
from ..engine.environment import init_distributed, launched_by
from ..errors import CheckpointError, ConfigError, DataNotFoundError, UserError
from .stand_in import announce, find_data, fitting, names_stand_in, stand_in_of

__all__ = ['prepare_training', 'train']


def train(
    config: str | Path | Config | dict | None = None,
    overrides: Sequence[str] = (),
    *,
    data: str | Path | None = None,
    task: str | None = None,
    model: str | None = None,
    pretrained: str | Path | None = None,
    epochs: int | None = None,
    work_dir: str | Path | None = None,
    resume: bool | str = False,
    amp: bool = False,
    validate: bool = True,
    auto_scale_lr: bool = False,
    log: Sequence[str] = (),
    launcher: str | None = None,
) -> Runner:
    """Train the model that a config describes, or one that suits the data in a folder.

    The whole config is checked before anything heavy starts. If its data is
    absent and cannot be downloaded, and the config names a ``stand_in``, that
    config is trained instead, in a work_dir of its own.

    Args:
        config: A config file, a loaded config, or a dict.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        data: In place of a config, a folder of data. The recipe that is made for it
            is written into the work_dir, see :func:`~mmlite.apis.new_recipe`.
        task: What the data are for, if the folder does not show it.
        model: Name of a model; by default a small one.
        pretrained: A checkpoint to start from, or the name of a published model.
        epochs: How long to train.
        work_dir: Where logs and checkpoints go; by default the config's
            ``work_dir``, else ``work_dirs/<name of the config>``.
        resume: A checkpoint to continue from, or a work_dir, of which it is the latest
            one; ``True`` is the latest one in the own work_dir, and if there is none,
            training begins with the config's ``load_from``.
        amp: Train with automatic mixed precision.
        validate: Whether to validate while training.
        auto_scale_lr: Scale the learning rate from the batch size that the
            config was made for to the actual one.
        log: Where else to log: ``'tensorboard'``, ``'wandb'``, ``'mlflow'``, ...; see
            :func:`~mmlite.config.add_backends`.
        launcher: How the processes were started: ``'none'``, ``'pytorch'``,
            ``'slurm'`` or ``'mpi'``; None detects torchrun.

    Returns:
        The runner, after training.

    Raises:
        ConfigError: if the config has mistakes; all of them are listed.
        DataNotFoundError: if the data is absent and there is no stand-in.
        Interrupted: after Ctrl-C, once a checkpoint has been written.
    """
    wishes = dict(task=task, model=model, pretrained=pretrained, epochs=epochs)
    if data is not None:
        config, work_dir = _recipe(config, data, work_dir, wishes)
    elif any(wish is not None for wish in wishes.values()) or config is None:
        raise UserError(_without_data(config, wishes))
    elif isinstance(config, (str, Path)):
        _refuse_data(Path(config).expanduser())
    launcher = launched_by(launcher)
    options = dict(
        resume=resume,
        amp=amp,
        validate=validate,
        auto_scale_lr=auto_scale_lr,
        log=log,
        launcher=launcher,
    )
    cfg = prepare_training(config, overrides, work_dir=work_dir, **options)
    if launcher != 'none':
        # Before the data, which one process downloads while the others wait.
        init_distributed(launcher, (cfg.get('env_cfg') or {}).get('dist_cfg'))
    try:
        find_data(cfg)
    except DataNotFoundError as error:
        if not names_stand_in(cfg):
            raise
        return _train_stand_in(cfg, error, overrides, work_dir, options)
    return _run(cfg)


def _recipe(
    config: Any, data: str | Path, work_dir: str | Path | None, wishes: dict[str, Any]
) -> tuple[Path, Path]:
    """Write a recipe for a folder; return it and its work_dir."""
    from .recipes import recipe_for_training

    if config is not None:
        raise UserError(
            f'give either a config or --data, not both: got {config} and --data {data}'
        )
    recipe, folder = recipe_for_training(data, work_dir, **wishes)
    print(f'{"recipe":<9} {recipe}', flush=True)
    return recipe, folder


def _without_data(config: Any, wishes: dict[str, Any]) -> str:
    """What to do where neither a folder nor a config says what to train on."""
    given = [f'--{name}' for name, wish in wishes.items() if wish is not None]
    if config is None:
        beside = f' (beside {", ".join(given)})' if given else ''
        return (
            'nothing to train: give a config, or --data with a folder of images'
            f'{beside}'
        )
    return (
        f'without --data there is no use for {", ".join(given)}: a config says that '
        'itself, and --cfg-options change it'
    )


def _refuse_data(config: Path) -> None:
    """Refuse a folder in the place of a config, where it may hold data."""
    if config.is_dir() and not any(config.glob('*.pth')):
        raise UserError(
            f'{config} is a folder; give a config, or to train on what lies in it '
            f'--data {config}'
        )


def _train_stand_in(
    wanted: Config,
    reason: DataNotFoundError,
    overrides: Sequence[str],
    work_dir: str | Path | None,
    options: dict[str, Any],
) -> Runner:
    path = stand_in_of(wanted, reason)
    kept, dropped = fitting(path, overrides)
    if work_dir is not None:
        work_dir = Path(work_dir, path.stem)
    cfg = prepare_training(path, kept, work_dir=work_dir, **options)
    closing = announce(wanted, cfg, reason, dropped)
    runner = _run(cfg)
    runner.logger.info(closing, extra=dict(terminal=True))
    return runner


def prepare_training(
    config: str | Path | Config | dict,
    overrides: Sequence[str] = (),
    *,
    work_dir: str | Path | None = None,
    resume: bool | str = False,
    amp: bool = False,
    validate: bool = True,
    auto_scale_lr: bool = False,
    log: Sequence[str] = (),
    launcher: str | None = None,
) -> Config:
    """Load, override and check a config: what :func:`train` does before training.

    Args and errors are those of :func:`train`.
    """
    cfg = load_config(config, overrides)
    set_work_dir(cfg, work_dir)
    cfg.launcher = launched_by(launcher)
    if resume:
        latest = resume in (True, 'auto')
        cfg.resume = 'auto' if latest else True
        if not latest:
            cfg.load_from = _to_resume(resume)
    if not validate:
        cfg.update(val_dataloader=None, val_cfg=None, val_evaluator=None)
    if amp:
        _set_amp(cfg)
    if auto_scale_lr:
        _set_auto_scale_lr(cfg)
    add_backends(cfg, log)
    check(cfg)
    check_phases(cfg, ('train',))
    return cfg


def _to_resume(resume: str | Path) -> str:
    """A checkpoint that was named, or the latest one of a work_dir that was."""
    folder = Path(resume).expanduser()
    if not folder.is_dir():
        return str(resume)
    if latest := latest_checkpoint(str(folder)):
        return latest
    raise CheckpointError(
        f'there is nothing to resume in the folder {folder}: no last_checkpoint'
    )


def set_work_dir(cfg: Config, work_dir: str | Path | None) -> None:
    """Fill ``cfg.work_dir``: an argument goes before the config's own."""
    if work_dir is not None:
        cfg.work_dir = str(work_dir)
    elif cfg.get('work_dir') is None:
        stem = Path(cfg.filename).stem if cfg.filename else 'run'
        cfg.work_dir = str(Path('work_dirs', stem))
    cfg.work_dir = str(Path(cfg.work_dir).expanduser())


def _set_amp(cfg: Config) -> None:
    supported, reason = amp_supported()
    if not supported:
        raise ConfigError(f'--amp: {reason}', cfg.filename)
    wrapper = cfg.setdefault('optim_wrapper', ConfigDict())
    several = {} if 'optimizer' in wrapper else _wrappers_in(wrapper)
    for path, each in (several or {'optim_wrapper': wrapper}).items():
        if each.get('type', 'OptimWrapper') not in ('OptimWrapper', 'AmpOptimWrapper'):
            raise ConfigError(
                f'--amp replaces an OptimWrapper, but {path}.type is '
                f'{each.type!r}; leave out --amp',
                cfg.filename,
            )
        each.type = 'AmpOptimWrapper'


def _wrappers_in(section: ConfigDict) -> dict[str, ConfigDict]:
    """The wrappers of several optimizers, by their places."""
    return {
        f'optim_wrapper.{name}': inner
        for name, inner in section.items()
        if isinstance(inner, ConfigDict) and 'optimizer' in inner
    }


def _set_auto_scale_lr(cfg: Config) -> None:
    if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
        raise ConfigError(
            '--auto-scale-lr needs auto_scale_lr.base_batch_size, the batch size '
            'that the learning rate was chosen for; add '
            '+auto_scale_lr.base_batch_size=N',
            cfg.filename,
        )
    cfg.auto_scale_lr.enable = True


def _run(cfg: Config) -> Runner:
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner
