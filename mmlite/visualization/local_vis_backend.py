"""Scalars and images in files of the work folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.fileio import dump
from mmengine.visualization import LocalVisBackend as BaseLocalVisBackend
from mmengine.visualization.vis_backend import force_init_env

from ..config import write_config
from ..registry import VISBACKENDS


@VISBACKENDS.register_module(force=True)
class LocalVisBackend(BaseLocalVisBackend):
    """Keeps scalars in JSON lines, and images as they are, in ``save_dir``.

    Takes the arguments of mmengine's, and writes the same, with less ado for each
    log line.

    Example:
        >>> backend = VISBACKENDS.build(dict(type='LocalVisBackend', save_dir='vis'))
        >>> backend.add_scalars(dict(loss=0.5), step=3)
        >>> print(open('vis/scalars.json').read().strip())
        {"loss": 0.5, "step": 3}
    """

    @force_init_env
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Write the config into ``config_save_file``.

        Args:
            config: The config.
            **kwargs: Not used.
        """
        write_config(config, self._config_save_file)

    def add_image(
        self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any
    ) -> None:
        """Write an image; what a slash parts in its name a dash below does here.

        Args:
            name: Name of the image.
            image: RGB, uint8.
            step: The step it belongs to.
            **kwargs: Not used.
        """
        super().add_image(name.replace('/', '_'), image, step, **kwargs)

    @force_init_env
    def add_scalars(
        self,
        scalar_dict: Mapping[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Append a line to ``scalar_save_file``, and to another file.

        Args:
            scalar_dict: The scalars by name.
            step: The step they belong to, unless they have one of their own.
            file_path: Name of the other file, ``*.json``.
            **kwargs: Not used.
        """
        scalars = dict(scalar_dict)
        scalars.setdefault('step', step)
        line = dump(scalars, file_format='json') + '\n'
        paths = [self._scalar_save_file]
        if file_path is not None:
            paths.insert(0, os.path.join(self._save_dir, file_path))
        for path in paths:
            with open(path, 'a') as file:
                file.write(line)
