"""The settings that a model of named outputs is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import ConfigDict

__all__ = ['ModelCfg', 'NoSettingError', 'in_sections']

_SECTIONS = ('loss_cfg', 'data_preprocessor', 'init_cfg')


class ModelCfg(dict):
    """The settings of a model: ``model_cfg['width']`` or ``model_cfg.width``.

    It remembers which of them were looked at.

    Example:
        >>> cfg = ModelCfg(width=8, depht=3)
        >>> cfg.width, cfg.get('depth', 2), cfg.idle()
        (8, 2, ['depht'])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        if key not in self:
            raise NoSettingError(key)
        value = super().__getitem__(key)
        return ConfigDict(value) if type(value) is dict else value

    def __getattr__(self, name: str) -> Any:
        if name.startswith('_') or name not in self:
            raise AttributeError(f'model_cfg has no setting {name!r}')
        return self[name]

    def __contains__(self, key: object) -> bool:
        self._seen.add(key)
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The setting, or the default."""
        return self[key] if key in self else default

    def __iter__(self) -> Iterator[str]:
        self._seen.update(super().keys())
        return super().__iter__()

    def keys(self) -> Any:
        """Names of all settings."""
        self._seen.update(super().keys())
        return super().keys()

    def items(self) -> Any:
        """Names and values of all settings."""
        return {key: self[key] for key in self.keys()}.items()

    def seen(self) -> list[str]:
        """Names that were looked up, whether they are given or not."""
        return sorted(self._seen)

    def idle(self) -> list[str]:
        """Names of the settings that nothing looked at."""
        return [key for key in super().keys() if key not in self._seen]


class NoSettingError(KeyError):
    """A model reads a setting that its config does not give."""


def in_sections(
    settings: Mapping[str, Any], cfgs: Mapping[str, Any] | None
) -> dict[str, Any]:
    """``dict(model_cfg=..., loss_cfg=..., ...)`` of settings in any order."""
    merged = dict(cfgs or {})
    if 'model_cfg' not in merged:
        inner = {k: v for k, v in merged.items() if k not in _SECTIONS}
        merged = {k: v for k, v in merged.items() if k in _SECTIONS}
        merged['model_cfg'] = inner
    inner = merged['model_cfg']
    merged['model_cfg'] = {k: inner[k] for k in inner if k not in ('model', 'type')}
    for key, value in settings.items():
        if value is None and key in _SECTIONS:
            continue
        section = merged if key in _SECTIONS else merged['model_cfg']
        section[key] = value
    return merged
