import pytest
import torch
from torch import nn

from mmlite.errors import ConfigError
from mmlite.models.joining import Joined, build_part, check_channels
from mmlite.structures import FeatureSpec


class Backbone(nn.Module):
    def __init__(self, *channels):
        super().__init__()
        self.feature_specs = tuple(FeatureSpec(c, stride=4) for c in channels)


class Wants(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.in_channels = in_channels


class Project(Wants):
    """A neck to another width."""

    def __init__(self, in_channels, out_channels):
        super().__init__(in_channels)
        self.out_channels = out_channels

    def output_specs(self, specs):
        return (FeatureSpec(self.out_channels),)


def test_widths_that_fit():
    check_channels(Backbone(8, 16), head=Wants(16))
    check_channels(Backbone(8, 16), Wants([8, 16]), head=Wants(77))
    check_channels(Backbone(8, 16), Project(16, 4), head=Wants(4))
    several = nn.Sequential(Project(16, 4), Project(4, 2))
    check_channels(Backbone(16), several, head=Wants(2))


def test_parts_that_state_no_width_are_not_compared():
    check_channels(nn.Identity(), Wants(3), head=Wants(4))
    check_channels(Backbone(8), nn.Identity(), head=Wants(77))
    check_channels(Backbone(8), None, head=nn.Identity())
    check_channels(Backbone(8))


@pytest.mark.parametrize(
    ('neck', 'head', 'message'),
    [
        (
            None,
            Wants(256),
            'head.in_channels is 256, but the backbone gives 16; '
            'set model.head.in_channels=16',
        ),
        (
            Project(16, 4),
            Wants(16),
            'head.in_channels is 16, but the neck gives 4; '
            'set model.head.in_channels=4',
        ),
        (
            Project(8, 4),
            None,
            'neck.in_channels is 8, but the backbone gives 16; '
            'set model.neck.in_channels=16',
        ),
        (
            Wants((8, 32)),
            None,
            'neck.in_channels is [8, 32], but the backbone gives [8, 16]; '
            'set model.neck.in_channels=[8, 16]',
        ),
        (
            nn.Sequential(Project(16, 4), Project(5, 2)),
            None,
            'neck.1.in_channels is 5, but neck.0 gives 4; '
            'set model.neck.1.in_channels=4',
        ),
    ],
)
def test_widths_that_differ(neck, head, message):
    with pytest.raises(ConfigError) as caught:
        check_channels(Backbone(8, 16), neck, head=head)
    assert str(caught.value) == message


class Reads(Wants):
    """A head of some of the features."""

    def __init__(self, in_channels, in_index):
        super().__init__(in_channels)
        self.in_index = in_index


@pytest.mark.parametrize(
    'head', [Reads(8, 0), Reads(16, -1), Reads([16, 8], [1, 0]), Reads(8, None)]
)
def test_in_index_says_which_feature_is_read(head):
    widths = (4, 8) if head.in_index is None else (8, 16)
    check_channels(Backbone(*widths), head=head)


@pytest.mark.parametrize(
    ('head', 'message'),
    [
        (
            Reads(16, 0),
            'head.in_channels is 16, but the backbone gives 8; '
            'set model.head.in_channels=8',
        ),
        (
            Reads([8, 16], [1, 0]),
            'head.in_channels is [8, 16], but the backbone gives [16, 8]; '
            'set model.head.in_channels=[16, 8]',
        ),
        (
            Reads(16, 2),
            'head.in_index is 2, but the backbone gives 2 features; '
            'set model.head.in_index to 0 up to 1, or -1 for the last',
        ),
    ],
)
def test_in_index_of_another_feature(head, message):
    with pytest.raises(ConfigError) as caught:
        check_channels(Backbone(8, 16), head=head)
    assert str(caught.value) == message


class Whole(Joined, nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        self.join(*args, **kwargs)

    def extract_feat(self, inputs, scale=1):
        return inputs * scale


def test_parts_are_kept_under_their_names():
    linear = dict(type='LinearClsHead', num_classes=3, in_channels=16)
    whole = Whole(
        Backbone(8, 16),
        dict(type='GlobalAveragePooling'),
        head=None,
        box_head=linear,
        aux_heads=[linear, dict(linear, num_classes=5)],
    )
    assert whole.with_neck
    assert not whole.with_head
    assert whole.box_head.num_classes == 3
    assert [head.num_classes for head in whole.aux_heads] == [3, 5]
    names = {name.split('.')[0] for name, _ in whole.named_parameters()}
    assert names == {'box_head', 'aux_heads'}


@pytest.mark.parametrize(
    ('heads', 'path'),
    [
        (dict(box_head=Wants(9)), 'box_head'),
        (dict(head=Wants(16), heads=[Wants(16), Wants(9)]), 'heads.1'),
    ],
)
def test_every_head_is_compared(heads, path):
    with pytest.raises(ConfigError, match=f'^{path}.in_channels is 9, .* gives 16'):
        Whole(Backbone(8, 16), **heads)


def test_errors_name_the_head():
    with pytest.raises(ConfigError, match='^heads.1: unknown type'):
        Whole(Backbone(8), heads=[Wants(8), dict(type='NoSuchHead')])


def test_features_of_several_batches():
    whole = Whole(Backbone(8))
    feats = whole.extract_feats([torch.ones(2), torch.zeros(3)], scale=2)
    assert [x.tolist() for x in feats] == [[2, 2], [0, 0, 0]]


def test_build_part():
    part = nn.Identity()
    assert build_part('neck', part) is part
    assert build_part('neck', None) is None
    parts = build_part('neck', [dict(type='GlobalAveragePooling', dim=1), part])
    assert isinstance(parts, nn.Sequential)
    assert parts[0].dim == 1


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='GlobalAveragePooling', dm=1), 'neck: .*no argument .dm.'),
        ([dict(type='GlobalAveragePooling', dim=9)], 'neck.0: .*got 9'),
        ('GlobalAveragePooling', 'neck: expected a dict with a type'),
    ],
)
def test_build_part_says_which(cfg, message):
    with pytest.raises(ConfigError, match=message):
        build_part('neck', cfg)
