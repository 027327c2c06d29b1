"""Deterministic training, and a warning where an operation has no such version."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from logging import Logger

import torch

from .environment import allow_tf32

__all__ = ['prepare_determinism', 'report_undetermined', 'require_determinism']

_WORKSPACE = 'CUBLAS_WORKSPACE_CONFIG'
_SIZE = ':4096:8'
_NO_VERSION = re.compile(r'(\w+) does not have a deterministic implementation')


def prepare_determinism() -> str | None:
    """Set what has to be set before CUDA starts.

    Returns:
        What to do where CUDA has started without it.
    """
    allow_tf32(False)
    torch.backends.cudnn.benchmark = False
    if _WORKSPACE in os.environ:
        return None
    os.environ[_WORKSPACE] = _SIZE
    if not torch.cuda.is_initialized():
        return None
    return (
        f'randomness.deterministic=True: CUDA has started without '
        f'{_WORKSPACE}={_SIZE}, so that cuBLAS may give other bits each time; set this '
        'variable before the process starts, or train before anything else uses the GPU'
    )


def require_determinism() -> None:
    """Use deterministic algorithms, with a warning where there are none.

    An error would come from the depths of a network, after the data are read; most
    often a rounding in the gradients is all that differs.
    """
    torch.use_deterministic_algorithms(True, warn_only=True)


@contextmanager
def report_undetermined(logger: Logger) -> Iterator[None]:
    """Log each operation once that has no deterministic version on its device.

    It is for code that runs within ``warnings.catch_warnings()``.

    Args:
        logger: Where they are named.
    """
    named: set[str] = set()
    others = warnings.showwarning

    def show(message: Warning | str, *args: object, **kwargs: object) -> None:
        found = _NO_VERSION.match(str(message))
        if found is None:
            others(message, *args, **kwargs)
        elif (name := found.group(1)) not in named:
            named.add(name)
            logger.warning(
                f'randomness.deterministic=True: {name} has no deterministic version, '
                'so that two trainings differ by its rounding, more the longer they '
                'last'
            )

    warnings.filterwarnings('default', _NO_VERSION.pattern)
    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = others
