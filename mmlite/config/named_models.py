"""Models that a config names as OpenGait and OpenStereo do."""

from __future__ import annotations

from mmengine.config import Config, ConfigDict

from ..errors import ConfigError, Problem

__all__ = ['with_model']


def with_model(cfg: Config) -> Config:
    """The config with a section ``model``, where it has ``model_cfg`` instead.

    ``model_cfg.model`` names the class; what stands beside it are its settings, and
    ``loss_cfg`` its losses.

    Args:
        cfg: The config, which is changed.

    Raises:
        ConfigError: if ``model_cfg`` names no class, or there is ``model`` too.

    Example:
        >>> cfg = with_model(Config(dict(model_cfg=dict(model='NewModel', width=8))))
        >>> cfg.model
        {'type': 'NewModel', 'width': 8}
    """
    if 'model_cfg' not in cfg:
        return cfg
    settings = cfg.pop('model_cfg')
    name = settings.get('model') if isinstance(settings, dict) else None
    if 'model' in cfg:
        message = 'says the same as model; keep one of the two'
        raise ConfigError([Problem('model_cfg', message)], cfg.filename)
    if not isinstance(name, str):
        message = f'names the class of the model, e.g. NewModel, got {name!r}'
        raise ConfigError([Problem('model_cfg.model', message)], cfg.filename)
    others = {key: value for key, value in settings.items() if key != 'model'}
    cfg.model = ConfigDict(type=name, **others)
    if 'loss_cfg' in cfg:
        cfg.model.loss_cfg = cfg.pop('loss_cfg')
    return cfg
