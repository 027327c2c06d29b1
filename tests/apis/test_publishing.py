"""Weights alone, and under the names of other projects."""

import errno
import hashlib
import os

import pytest
import torch

from mmlite.apis import convert_checkpoint, get_model, publish
from mmlite.apis.cli import main
from mmlite.engine import load_checkpoint
from mmlite.errors import CheckpointError, UserError


@pytest.fixture
def trained(tmp_path):
    state = dict(weight=torch.arange(3.0))
    meta = dict(cfg='model = dict()', dataset_meta=dict(classes=['a', 'b']), epoch=3)
    path = tmp_path / 'epoch_3.pth'
    torch.save(
        dict(meta=meta, state_dict=state, optimizer=dict(lr=torch.ones(9))), path
    )
    return path


@pytest.mark.parametrize('ending', ['.pth', '.safetensors'])
def test_what_is_published(trained, tmp_path, ending):
    if ending == '.safetensors':
        pytest.importorskip('safetensors')
    path = publish(trained, tmp_path / f'out/net{ending}')
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.name == f'net-{digest[:8]}{ending}'
    content = load_checkpoint(path)
    assert set(content) == {'meta', 'state_dict'}
    assert content['meta']['cfg'] == 'model = dict()'
    assert content['meta']['dataset_meta'] == dict(classes=['a', 'b'])
    assert 'epoch' not in content['meta']
    assert torch.equal(content['state_dict']['weight'], torch.arange(3.0))
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_publishing_by_command(trained, capsys):
    assert main(['publish', str(trained)]) == 0
    path = capsys.readouterr().out.split()[1]
    assert trained.exists()
    assert load_checkpoint(path)['meta']['dataset_meta']['classes'] == ['a', 'b']


def test_a_training_is_not_overwritten_by_its_weights(trained):
    before = trained.read_bytes()
    with pytest.raises(UserError, match='is the checkpoint itself'):
        convert_checkpoint(trained, trained)
    assert trained.read_bytes() == before


@pytest.fixture
def vit(tmp_path):
    arch = dict(embed_dims=12, num_layers=1, num_heads=3, feedforward_channels=24)
    model = get_model(
        'deit-tiny_4xb256_in1k',
        num_classes=2,
        backbone=dict(arch=arch, img_size=32),
        head=dict(in_channels=12),
    )
    path = tmp_path / 'ours.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return model, path


@pytest.mark.parametrize('project', ['timm', 'torchvision', 'huggingface-vit'])
def test_there_and_back(vit, tmp_path, project):
    model, path = vit
    there = convert_checkpoint(path, tmp_path / 'there.pth', target=project)
    assert there.key_map.startswith(project)
    theirs = torch.load(there.path, weights_only=True)
    assert not any(name.startswith(('backbone.', 'head.layers')) for name in theirs)
    back = convert_checkpoint(there.path, tmp_path / 'back.pth', project)
    state = load_checkpoint(back.path)['state_dict']
    ours = {k: v for k, v in model.state_dict().items() if 'data_preproc' not in k}
    assert state.keys() == ours.keys()
    assert all(torch.equal(state[k], v) for k, v in ours.items())


def test_a_folder_where_the_published_file_goes(tmp_path):
    torch.save(dict(state_dict=dict(w=torch.ones(2))), tmp_path / 'epoch_1.pth')
    path = publish(tmp_path / 'epoch_1.pth')
    path.unlink()
    path.mkdir()
    with pytest.raises(UserError, match=f'cannot write .*{path.name}: Is a directory'):
        publish(tmp_path / 'epoch_1.pth')
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ['epoch_1.pth', path.name]
    )


def test_conversion_by_command(tmp_path, capsys):
    state = {'fc.bias': torch.zeros(2), 'layer1.0.conv1.weight': torch.ones(1)}
    torch.save(state, tmp_path / 'theirs.pth')
    words = ['convert', str(tmp_path / 'theirs.pth'), str(tmp_path / 'ours.pth')]
    assert main([*words, '--from', 'torchvision']) == 0
    assert 'torchvision-resnet' in capsys.readouterr().out
    found = load_checkpoint(tmp_path / 'ours.pth')['state_dict']
    assert list(found) == ['head.fc.bias', 'backbone.layer1.0.conv1.weight']
    assert main([*words, '--from', 'tim']) == 1
    assert "did you mean 'timm'" in capsys.readouterr().err


_AVERAGE = dict(n_averaged=torch.tensor(3))


@pytest.mark.parametrize(
    ('prefix', 'counter'),
    [
        ('module.', {}),
        ('module.', _AVERAGE),
        ('module.module.', {}),
        ('module._orig_mod.', _AVERAGE),
        ('_orig_mod.', {}),
        ('model.', {}),
    ],
)
def test_prefixes_of_all_names_are_left_out(tmp_path, prefix, counter):
    """Those of wrappers, and of a network inside another module."""
    names = ['fc.bias', 'layer1.0.conv1.weight']
    theirs = {prefix + n: torch.ones(1) for n in names}
    torch.save(counter | theirs, tmp_path / 'theirs.pth')
    words = tmp_path / 'theirs.pth', tmp_path / 'ours.pth'
    assert convert_checkpoint(*words, 'torchvision').key_map == 'torchvision-resnet'
    ours = ['head.fc.bias', 'backbone.layer1.0.conv1.weight']
    assert list(load_checkpoint(words[1])['state_dict']) == ours
    if prefix == 'model.':  # which may be part of a name of ours
        return
    state = {prefix + n: torch.ones(1) for n in ours}
    torch.save(dict(state_dict=counter | state), tmp_path / 'theirs.pth')
    said = str(convert_checkpoint(*words))
    assert f"the prefix '{prefix.split('.')[0]}.'" in said
    assert ("the entry 'n_averaged'" in said) == bool(counter)
    assert list(load_checkpoint(words[1])['state_dict']) == ours
    convert_checkpoint(*words, target='torchvision')
    assert list(torch.load(words[1], weights_only=True)) == names


@pytest.mark.parametrize('project', ['timm', 'torchvision', 'opengait'])
def test_our_own_names_are_not_converted(vit, tmp_path, project):
    model, path = vit
    out = tmp_path / 'converted.pth'
    content = dict(meta=dict(mmlite_version='1.0'), state_dict=model.state_dict())
    torch.save(content, tmp_path / 'trained.pth')
    with pytest.raises(CheckpointError, match='names of mmlite already'):
        convert_checkpoint(tmp_path / 'trained.pth', out, project)
    if project == 'opengait':  # whose names are ours, so that nothing says whose it is
        assert 'nothing is converted' in str(convert_checkpoint(path, out, project))
        return
    with pytest.raises(CheckpointError, match=f'no checkpoint of {project}'):
        convert_checkpoint(path, out, project)
    assert not out.exists()


def test_a_map_of_one_way_names_the_projects_that_can_be_written(vit, tmp_path):
    with pytest.raises(CheckpointError) as caught:
        convert_checkpoint(
            vit[1], tmp_path / 'out.pth', target='torchvision_ssdlite320'
        )
    said = str(caught.value)
    assert said.startswith(
        'checkpoints of torchvision_ssdlite320 can be read, but not written'
    )
    assert {'timm', 'torchvision'} <= set(said.partition('takes ')[2].split(', '))
    assert 'torchvision_ssd' not in said.partition('takes ')[2]


@pytest.mark.parametrize('ending', ['.pth', '.safetensors'])
@pytest.mark.parametrize('target', ['mmlite', 'timm'])
def test_a_full_disk_is_said_in_one_line(vit, tmp_path, monkeypatch, ending, target):
    if ending == '.safetensors':
        pytest.importorskip('safetensors')

    def full(number):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    out = tmp_path / f'out/net{ending}'
    with pytest.raises(CheckpointError, match='No space left on device; make room'):
        convert_checkpoint(vit[1], out, target=target)
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize('state', [{}, dict(a=1), {1: torch.zeros(1)}], ids=str)
def test_a_checkpoint_without_weights_is_not_converted(tmp_path, state):
    torch.save(dict(state_dict=state), tmp_path / 'theirs.pth')
    with pytest.raises(CheckpointError, match='holds no weights: no tensor has a name'):
        convert_checkpoint(tmp_path / 'theirs.pth', tmp_path / 'ours.pth')
    assert not (tmp_path / 'ours.pth').exists()


def test_weights_that_no_map_knows(tmp_path):
    torch.save({'strange.weight': torch.zeros(2)}, tmp_path / 'theirs.pth')
    with pytest.raises(CheckpointError, match='no key map of timm is for') as caught:
        convert_checkpoint(tmp_path / 'theirs.pth', tmp_path / 'ours.pth', 'timm')
    assert 'timm-resnet,' in str(caught.value)
    with pytest.raises(UserError, match='there is no key map for a project'):
        convert_checkpoint(tmp_path / 'theirs.pth', tmp_path / 'ours.pth', 'nobody')
