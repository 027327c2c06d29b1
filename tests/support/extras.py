"""Skip a test that needs an optional package where that is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

#: Modules of the extras, without which all else works.
OPTIONAL = (
    *('albumentations', 'faiss', 'faster_coco_eval', 'furo', 'huggingface_hub'),
    *('myst_parser', 'onnx', 'onnxruntime', 'pycocotools', 'safetensors', 'simplejpeg'),
    *('sphinx', 'tensorboard', 'timm', 'torchvision', 'transformers', 'wandb'),
)
#: Those that are not installed, before a test pretends that one is not.
MISSING = {name for name in OPTIONAL if find_spec(name) is None}


@contextmanager
def skipped_without_extras() -> Iterator[None]:
    """Skip where an optional package is asked for, and is not installed."""
    try:
        yield
    except Exception as error:
        if missing := missing_extra(error):
            pytest.skip(f'{missing} is not installed')
        raise


def missing_extra(error: BaseException | None) -> str:
    """The optional package that an error, or one behind it, misses; empty if none."""
    while error is not None:
        name = (error.name or '') if isinstance(error, ImportError) else ''
        name = name.partition('.')[0]
        if name in MISSING:
            return name
        error = error.__cause__
    return ''
