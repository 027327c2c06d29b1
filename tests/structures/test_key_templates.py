"""Steps that go both ways give back what they were given."""

import pytest
import torch

from mmlite.errors import CheckpointError
from mmlite.structures.key_maps import Change, Drop, KeyMap, convert_keys
from mmlite.structures.key_templates import Joined, Names, Parted, Turned


def there_and_back(state, *steps):
    key_map = KeyMap(steps, prefixes=())
    ours, report = convert_keys(state, key_map)
    theirs, _ = convert_keys(ours, key_map.inverse())
    assert theirs.keys() == state.keys()
    assert all(torch.equal(theirs[k], v) for k, v in state.items())
    return ours, report


def test_names_with_numbers_that_differ():
    state = {'s2.b1.conv.weight': torch.ones(1), 'other': torch.zeros(1)}
    ours, report = there_and_back(
        state, Names([('s{i+1}.b{j}.conv.{*}', 'layer{i}.{j-1}.conv.{*}')])
    )
    assert list(ours) == ['layer1.0.conv.weight', 'other']
    assert str(report).splitlines()[1:] == [
        '  1 renamed, e.g. s2.b1.conv.weight -> layer1.0.conv.weight',
        '  1 keeps its name, e.g. other',
    ]


def test_the_first_pair_that_fits_counts():
    step = Names([('a.1.{*}', 'x.{*}'), ('a.{i}.{*}', 'y.{i}.{*}')])
    assert step.renamed('a.1.w') == 'x.w'
    assert step.renamed('a.2.w') == 'y.2.w'
    assert step.renamed('a.b.w') is None
    assert Names([('a{i+1}', 'b{i}')]).renamed('a0') is None  # below zero
    assert Names([('{i}.{i}', 'same{i}')]).renamed('1.2') is None


def test_pieces_and_wholes():
    state = {
        f'l.0.{p}.weight': torch.full((1, 2), float(i)) for i, p in enumerate('qkv')
    }
    step = Joined(['l.{i}.q.{*}', 'l.{i}.k.{*}', 'l.{i}.v.{*}'], 'l.{i}.qkv.{*}')
    ours, _ = there_and_back(state, step)
    assert ours['l.0.qkv.weight'][:, 0].tolist() == [0, 1, 2]
    odd = Parted('l.{i}', ['a.{i}', 'b.{i}'])
    found, count = odd.apply({'l.0': torch.zeros(3)})  # cannot be halved
    assert list(found) == ['l.0'] and count == 0


def test_turned_tensors():
    step = Turned('w{i}', lambda x: x.flatten(), lambda x: x[:, None, None])
    ours, _ = there_and_back({'w1': torch.rand(3, 1, 1), 'b': torch.rand(1)}, step)
    assert ours['w1'].shape == (3,)


def test_what_goes_one_way_says_so():
    assert KeyMap([Drop('buffer')]).inverse().steps == []
    with pytest.raises(CheckpointError, match='Change .* cannot be taken back'):
        KeyMap([Change('w', torch.t)]).inverse()


def test_another_architecture_is_refused():
    with pytest.raises(CheckpointError, match='logit_scale is of another architecture'):
        convert_keys({'logit_scale': torch.ones(1)}, KeyMap(unless='logit_scale'))
