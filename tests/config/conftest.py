"""Tiny parts, registered for one test, that the checks can be tried on."""

from __future__ import annotations

import pytest
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel, BaseModule

from mmlite.errors import ConfigError, Problem
from mmlite.registry import DATASETS, METRICS, MODELS, TRANSFORMS
from mmlite.structures import FeatureSpec


class TinyNet(BaseModule):
    def __init__(self, depth: int, width: int = 8, style: str = 'a', init_cfg=None):
        super().__init__(init_cfg)
        if depth not in (1, 2):
            raise ValueError(f'depth must be 1 or 2, got {depth}')
        self.feature_specs = (FeatureSpec(width, 4),)


class TinyNetV2(TinyNet):
    def __init__(self, **kwargs):
        super().__init__(style='b', **kwargs)


class TinyColourNet(TinyNet):
    def __init__(self, in_channels: int = 3, **kwargs):
        super().__init__(**kwargs)


class TinyGreyNet(TinyColourNet):
    def __init__(self, **kwargs):
        super().__init__(in_channels=1, **kwargs)


class TinyLoss(BaseModule):
    def __init__(self, loss_weight: float = 1.0):
        super().__init__()


class TinyHead(BaseModule):
    def __init__(
        self, num_classes: int, in_channels: int, loss: dict | None = None, topk=1
    ):
        super().__init__()
        self.in_channels = in_channels
        self.loss = MODELS.build(loss or dict(type='TinyLoss'))


class TinyWhole(BaseModel):
    learns_classes = True

    def __init__(self, backbone: dict, head: dict, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.backbone = MODELS.build(backbone)
        self.head = MODELS.build(head)
        wants, gives = self.head.in_channels, self.backbone.feature_specs[-1].channels
        if wants != gives:
            message = f'is {wants}, but the backbone gives {gives}'
            raise ConfigError([Problem('head.in_channels', message)])

    def forward(self, inputs, data_samples=None, mode='tensor'): ...


class TinyData(BaseDataset):
    METAINFO = dict(classes=('a', 'b', 'c'))

    def __init__(self, data_root: str = '', pipeline=(), test_mode: bool = False):
        raise AssertionError('a check touches no data')


class TinyCrop:
    def __init__(self, crop_size: int, padding: int | None = None): ...


class TinyMetric(BaseMetric):
    default_prefix = 'tiny'

    def __init__(self, topk=1, num_classes: int | None = None, prefix=None):
        super().__init__(prefix=prefix)

    def process(self, data_batch, data_samples): ...

    def compute_metrics(self, results): ...


_PARTS = {
    MODELS: (
        TinyNet,
        TinyNetV2,
        TinyColourNet,
        TinyGreyNet,
        TinyLoss,
        TinyHead,
        TinyWhole,
    ),
    DATASETS: (TinyData,),
    TRANSFORMS: (TinyCrop,),
    METRICS: (TinyMetric,),
}


@pytest.fixture(autouse=True)
def tiny_parts():
    for registry, parts in _PARTS.items():
        for part in parts:
            registry.register_module(module=part)
    yield
    for registry, parts in _PARTS.items():
        for part in parts:
            del registry._module_dict[part.__name__]


@pytest.fixture
def write(tmp_path):
    """Writes a file below the current directory, and returns its name."""

    def write_file(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
        return name

    return write_file
