"""The Hugging Face Hub, with a folder in its place."""

import shutil
import sys
import types
from pathlib import Path

import pytest
import torch

from mmlite.apis import get_model, push
from mmlite.apis.cli import main
from mmlite.apis.zoo.hub import from_hub
from mmlite.errors import (
    CheckpointError,
    ConfigError,
    MissingDependencyError,
    UserError,
)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """What we use of ``huggingface_hub``, on a folder."""
    root = tmp_path / 'hub'
    fake = types.ModuleType('huggingface_hub')
    fake.created = {}

    def create_repo(repo_id, private=False, exist_ok=False):
        fake.created[repo_id] = private
        (root / repo_id).mkdir(parents=True, exist_ok=exist_ok)

    def upload_folder(repo_id, folder_path, commit_message):
        if not (root / repo_id).exists():
            raise OSError('401 Unauthorized')
        shutil.copytree(folder_path, root / repo_id, dirs_exist_ok=True)
        return types.SimpleNamespace(commit_url=f'https://hub/{repo_id}/commit/1')

    def hf_hub_download(repo_id, filename, revision=None):
        path = root / repo_id / filename
        if not path.exists():
            raise OSError(f'404: {filename} of {repo_id} at {revision}')
        return str(path)

    fake.create_repo = create_repo
    fake.upload_folder = upload_folder
    fake.hf_hub_download = hf_hub_download
    monkeypatch.setitem(sys.modules, 'huggingface_hub', fake)
    return root, fake


@pytest.fixture
def model():
    found = get_model('resnet18_digits', num_classes=3)
    found.dataset_meta = dict(classes=['a', 'b', 'c'])
    return found


@pytest.mark.parametrize('safetensors', [True, False])
def test_there_and_back(hub, model, safetensors, monkeypatch):
    if safetensors:
        pytest.importorskip('safetensors')
    else:
        monkeypatch.setattr('mmlite.apis.publishing.find_spec', lambda name: None)
    root, fake = hub
    assert push(model, 'me/digits', private=True) == 'https://hub/me/digits/commit/1'
    assert fake.created == {'me/digits': True}
    weights = 'model.safetensors' if safetensors else 'model.pth'
    names = sorted(p.name for p in (root / 'me/digits').iterdir())
    assert names == sorted(['README.md', 'config.py', weights])
    assert 'hf-hub:me/digits' in (root / 'me/digits/README.md').read_text()
    again = get_model('hf-hub:me/digits')
    assert again.dataset_meta == model.dataset_meta
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(again(images), model(images))


def test_a_checkpoint_by_command(hub, model, tmp_path, capsys):
    path = tmp_path / 'epoch_1.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    words = ['push', str(path), 'me/other', '--config', 'resnet18_digits']
    assert main(words) == 0
    assert 'https://hub/me/other' in capsys.readouterr().out
    assert Path(hub[0], 'me/other/config.py').exists()


def test_what_goes_wrong_is_said(hub, model, monkeypatch):
    with pytest.raises(
        CheckpointError, match='cannot be loaded from the Hugging Face Hub'
    ):
        get_model('hf-hub:me/nothing')
    monkeypatch.setattr(hub[1], 'create_repo', lambda *args, **kwargs: None)
    with pytest.raises(UserError, match='log in with hf auth login'):
        push(model, 'me/unknown')
    with pytest.raises(UserError, match='config of the model is not known'):
        push(torch.nn.Linear(1, 1), 'me/digits')


NO_NAMES = ('digits', 'a/b/c', '../x', '/x', 'a/', 'a/-b', 'a/b--c', 'a/b..', 'a b/c')


@pytest.mark.parametrize('name', [*NO_NAMES, f'a/{"b" * 95}', ''])
def test_names_are_checked_before_anything_is_needed(monkeypatch, name):
    """By the rules of the hub, whether its package is installed or not."""
    monkeypatch.setitem(sys.modules, 'huggingface_hub', None)
    for call in (lambda: push('absent.pth', name), lambda: from_hub(f'hf-hub:{name}')):
        with pytest.raises(UserError, match="is named 'owner/name', .*, got '"):
            call()


def test_an_error_of_the_connection_is_one_line(hub, model, monkeypatch):
    class ConnectError(Exception):  # of httpx, neither an OSError nor a ValueError
        pass

    def refuse(*args, **kwargs):
        raise ConnectError('no route\nto host')

    monkeypatch.setattr(hub[1], 'create_repo', refuse)
    with pytest.raises(UserError, match='take me/a: no route; check the connection'):
        push(model, 'me/a')
    monkeypatch.setattr(hub[1], 'hf_hub_download', refuse)
    with pytest.raises(CheckpointError, match='Hub: config.py: no route$'):
        from_hub('hf-hub:me/a')


def test_without_the_package_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'huggingface_hub', None)
    with pytest.raises(MissingDependencyError, match=r'mmlite\[hub\]'):
        get_model('hf-hub:me/digits')


def test_the_config_of_others_is_never_run(hub, model, tmp_path):
    root, _ = hub
    push(model, 'me/digits')
    config = root / 'me/digits/config.py'
    text = config.read_text()
    ran = tmp_path / 'ran'
    for line in (f'open({str(ran)!r}, "w")', 'import os', "model['type'] = 'A'"):
        config.write_text(f'{text}\n{line}\n')
        with pytest.raises(
            ConfigError, match='me/digits: config.py: line .* not a plain'
        ):
            get_model('hf-hub:me/digits')
    config.write_text(f"{text}\ncustom_imports = dict(imports=['absent_module'])\n")
    get_model('hf-hub:me/digits')
    assert not ran.exists()
