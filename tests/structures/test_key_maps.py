import pytest
import torch
from torch import nn

from mmlite.engine.checkpoints import load_state
from mmlite.errors import CheckpointError
from mmlite.structures.key_maps import (
    KEY_MAPS,
    Change,
    Drop,
    KeyMap,
    Merge,
    Rename,
    Split,
    convert_keys,
    register_key_map,
)


def convert(state, *steps, **kwargs):
    state = {k: torch.as_tensor(v) for k, v in state.items()}
    found, report = convert_keys(state, KeyMap(steps, **kwargs))
    return {k: v.tolist() for k, v in found.items()}, report


@pytest.mark.parametrize(
    ('names', 'expected'),
    [
        (['module.a', 'module.b'], ['a', 'b']),
        (['module.model.a', 'module.model.b'], ['a', 'b']),
        (['image_encoder.0.a'], ['a']),
        (['backbone.a', 'head.b'], ['backbone.a', 'head.b']),
        (['a'], ['a']),
    ],
)
def test_prefixes_that_all_names_have_are_removed(names, expected):
    found, _ = convert(dict.fromkeys(names, [1.0]))
    assert list(found) == expected


def test_one_part_alone():
    found, report = convert({'visual.a': 1, 'text.a': 2}, only='visual.')
    assert found == {'a': 1}
    assert (report.given, report.made) == (2, 1)
    with pytest.raises(CheckpointError, match='begins with image'):
        convert({'a': 1}, only='image.')


def test_every_kind_of_step():
    found, report = convert(
        {
            'module.blocks.0.qkv': [1, 2, 3, 4, 5, 6],
            'module.blocks.1.q': [1],
            'module.blocks.1.k': [2],
            'module.blocks.1.v': [3],
            'module.old.weight': [[1, 2], [3, 4]],
            'module.counter': 7,
        },
        Split(r'(.*)\.qkv', (r'\1.q', r'\1.k', r'\1.v')),
        Merge((r'(.*\.1)\.q', r'\1.k', r'\1.v'), r'\1.qkv'),
        Rename(r'^old\.', 'new.'),
        Change(r'^new\.', torch.t),
        Drop('counter'),
        Rename('nothing', 'has this name'),
    )
    assert found == {
        'blocks.0.q': [1, 2],
        'blocks.0.k': [3, 4],
        'blocks.0.v': [5, 6],
        'blocks.1.qkv': [1, 2, 3],
        'new.weight': [[1, 3], [2, 4]],
    }
    assert [count for _, count in report.touched] == [1, 1, 1, 1, 1, 0]
    assert report.idle == [Rename('nothing', 'has this name')]
    assert str(report).splitlines() == [
        '6 entries of the checkpoint became 5',
        "  without the prefix 'module.'",
        '  1 cut into several, e.g. blocks.0.qkv -> blocks.0.q',
        '  1 joined from several, e.g. blocks.1.q -> blocks.1.qkv',
        '  1 renamed, e.g. old.weight -> new.weight',
        '  1 laid out otherwise',
        '  1 left out, e.g. counter',
    ]


def test_split_and_merge_along_another_dimension():
    matrix = torch.arange(8).view(2, 4)
    cut = KeyMap([Split('a', ('b', 'c'), dim=1)])
    found, _ = convert_keys({'a': matrix}, cut)
    assert torch.equal(found['c'], matrix[:, 2:])
    back, _ = convert_keys(found, KeyMap([Merge(('b', 'c'), 'a', dim=1)]))
    assert torch.equal(back['a'], matrix)


@pytest.mark.parametrize(
    ('state', 'step', 'message'),
    [
        ({'a': [1], 'b': [2]}, Rename('a', 'b'), 'which another entry .* is already'),
        ({'a': [1, 2, 3]}, Split('a', ('b', 'c')), r'a of shape \(3,\) cannot be cut'),
        ({'x.q': [1]}, Merge((r'(.*)\.q', r'\1.k'), 'y'), r'there is no x\.k'),
    ],
)
def test_entries_that_do_not_fit(state, step, message):
    with pytest.raises(CheckpointError, match=message):
        convert(state, step)


def test_maps_have_names(monkeypatch):
    monkeypatch.setattr('mmlite.structures.key_maps.KEY_MAPS', {})
    register_key_map('their_net', KeyMap([Rename('^fc', 'linear')]))
    found, _ = convert_keys({'fc': torch.zeros(1)}, 'their_net')
    assert list(found) == ['linear']
    with pytest.raises(ValueError, match='there is a key map'):
        register_key_map('their_net', KeyMap())
    with pytest.raises(CheckpointError, match="'ther_net'; did you mean 'their_net'"):
        convert_keys({}, 'ther_net')


def test_weights_of_others_are_loaded(monkeypatch):
    monkeypatch.setitem(KEY_MAPS, 'their_net', KeyMap([Rename(r'^fc\.', '')]))
    theirs = nn.Linear(2, 3)
    state = {f'module.fc.{name}': value for name, value in theirs.state_dict().items()}
    ours = nn.Linear(2, 3)
    assert load_state(ours, state, key_map='their_net', strict=True).matched == 2
    assert torch.equal(ours.weight, theirs.weight)
