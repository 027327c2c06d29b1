"""Find everything that is wrong with a config, before anything is started."""

from __future__ import annotations

from mmengine.config import Config

from ..errors import ConfigError, Problem

__all__ = ['check', 'check_config']


def check_config(cfg: Config, build_model: bool = True) -> list[Problem]:
    return []


def check(cfg: Config) -> None:
    if problems := check_config(cfg):
        raise ConfigError(problems, cfg.filename)
