"""Why a model cannot be built: the reason, and only that."""

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmlite.config import check_config, load_config
from mmlite.registry import MODELS


class Positions(nn.Module):
    """A part whose model says how many patches there are."""

    def __init__(self, num_patches: int, width: int = 4, init_cfg=None):
        super().__init__()
        if width < 1:
            raise ValueError(f'width is {width}')
        self.table = nn.Parameter(torch.zeros(num_patches, width))


class Patches(nn.Module):
    def __init__(
        self,
        decoder: dict | nn.Module,
        size: int = 4,
        options: dict | None = None,
        other: nn.Module | dict | None = None,
    ):
        super().__init__()
        if size < 1:
            raise ValueError(f'size is {size}')
        self.decoder = MODELS.build(dict(decoder, num_patches=size))
        self.other = None if other is None else MODELS.build(other)


class NeedsValues(nn.Module):
    """Cannot be built on the meta device, and says so in words of its own."""

    def __init__(self, start: float = 0.0):
        super().__init__()
        try:
            rates = [float(rate) for rate in torch.linspace(start, 1, 3)]
        except RuntimeError as error:
            raise ValueError('the rates are not numbers') from error
        if rates[0] < 0:
            raise ValueError(f'start is {start}')


@pytest.fixture(autouse=True)
def parts(monkeypatch):
    for part in (Positions, Patches, NeedsValues):
        monkeypatch.setitem(MODELS._module_dict, part.__name__, part)


def found(**model):
    return [str(p) for p in check_config(Config(dict(model=model)))]


def whole(**changes):
    decoder = dict(
        type='Positions', init_cfg=dict(type='TruncNormal', layer='Linear', std=0.02)
    )
    return dict(type='Patches', decoder=decoder) | changes


def test_one_reason_is_all_that_is_said():
    assert found(**whole()) == []
    assert found(**whole(size=0)) == ['model: Patches: size is 0']
    nested = dict(decoder=dict(type='Positions', width=0))
    assert found(**whole(**nested)) == ['model: Positions: width is 0']


def test_dicts_that_are_no_parts_are_no_reasons():
    options = dict(type='linear', augment=dict(type='Mixup'))
    assert found(**whole(size=0, options=options)) == ['model: Patches: size is 0']


def test_a_mistake_in_one_part_does_not_hide_another():
    other = dict(type='NeedsValues', start=-1.0)
    assert found(**whole(size=0, other=other)) == [
        'model: Patches: size is 0',
        'model.other: NeedsValues: start is -1.0',
    ]


def test_what_builds_on_the_cpu_is_not_refused_for_the_meta_device():
    assert found(type='NeedsValues') == []
    assert found(**whole(other=dict(type='NeedsValues'))) == []
    assert found(type='NeedsValues', start=-1.0) == [
        'model: NeedsValues: start is -1.0'
    ]


def test_a_model_that_nobody_knows():
    """Its usual parts are looked at; what it does with others is its own affair."""
    register = 'register it with @MODELS.register_module() and name its module in'
    assert found(
        type='Zzz',
        backbone=dict(type='ResNet', dept=18, init_cfg=dict(type='TruncNormal')),
        encoder=dict(type='ResNet', pretrained='x', head=dict(type='Qqq')),
        neck=[dict(type='Positions')],
    ) == [
        f"model: unknown type 'Zzz'; {register} custom_imports",
        "model.backbone: ResNet has no argument 'dept'; did you mean 'depth'?",
        f"model.encoder.head: unknown type 'Qqq'; {register} custom_imports",
    ]


class TakesNone(nn.Module):
    def __init__(self, width: int = 4):
        super().__init__()


class TakesAny(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.given = sorted(kwargs)


def test_a_model_that_takes_no_data_preprocessor_says_how_to_take_it(monkeypatch):
    for part in (TakesNone, TakesAny):
        monkeypatch.setitem(MODELS._module_dict, part.__name__, part)
    section = dict(data_preprocessor=dict(type='BaseDataPreprocessor'))

    def problems(**model):
        return [str(p) for p in check_config(Config(dict(section, model=model)))]

    (problem,) = problems(type='TakesNone')
    assert problem.startswith("model: TakesNone has no argument 'data_preprocessor', b")
    assert 'set data_preprocessor = None' in problem
    assert problems(type='TakesAny') == []
    # Where it is written into the model, it is an argument as any other.
    inside = problems(type='TakesNone', data_preprocessor=dict(type='Unknown'))
    assert "model: TakesNone has no argument 'data_preprocessor'; it" in inside[0]


def test_a_part_within_may_get_an_argument_from_the_model():
    """``num_classes`` of the box head, which the detector knows."""
    cfg = dict(
        type='FasterRCNN',
        num_classes=2,
        feature_extractor=dict(
            type='FPNExtractor', backbone=dict(type='ResNet', depth=18), widht=3
        ),
        rpn_head=dict(type='RPNHead'),
        roi_head=dict(type='RoIHead', bbox_head=dict(type='ConvFCBBoxHead')),
    )
    (problem,) = check_config(Config(dict(model=cfg)))
    assert problem.path == 'model.feature_extractor' and "'widht'" in problem.message


def test_what_a_model_gives_a_part_is_not_missed_in_it():
    """The widths of the maps, for which the head alone has others by default."""
    cfg = load_config('mmlite::ssd/ssd_tiny_1xb16-30e_shapes.py')
    cfg.model.bbox_head.num_classes = 4
    (problem,) = check_config(cfg)
    assert problem.path == 'model.bbox_head.num_classes'
