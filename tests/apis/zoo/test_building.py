"""Models by their names, with weights from files and servers."""

import functools
import hashlib
import http.server
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

import mmlite
from mmlite.apis import Inferencer, get_model, init_model
from mmlite.apis.zoo import cards
from mmlite.apis.zoo.configs import read_config
from mmlite.config import input_size_of
from mmlite.errors import CheckpointError, ConfigError, UserError

SMALL = 'mobilenet-v3-small-050_3rdparty_in1k'


def test_by_name_with_changes():
    model = get_model('resnet18_8xb32_in1k', num_classes=3, backbone=dict(depth=34))
    assert not model.training
    assert len(model.backbone.layer3) == 6  # of 34 layers
    assert model(torch.zeros(1, 3, 32, 32)).shape == (1, 3)
    assert model.cfg.model.head.num_classes == 3
    assert mmlite.get_model is get_model


def test_a_change_that_does_not_fit_is_named():
    with pytest.raises(ConfigError, match="'depht'; did you mean 'depth'"):
        get_model('resnet18_8xb32_in1k', backbone=dict(depht=34))
    with pytest.raises(UserError, match='num_classes is for the head'):
        get_model('vit-small-p14_dinov2-pre_3rdparty', num_classes=3)


def test_a_mistyped_work_dir_is_named_beside_models_and_configs(tmp_path, monkeypatch):
    (tmp_path / 'work_dirs/out_cls').mkdir(parents=True)
    (tmp_path / 'found').mkdir()
    monkeypatch.chdir(tmp_path)
    either = 'there is no model, config, work_dir or checkpoint'
    for make, name, expected in (
        (Inferencer, 'fuond', f"{either} fuond; did you mean 'found'?"),
        (Inferencer, 'resnet18_8xb32_in1', "did you mean 'resnet18_8xb32_in1k'?"),
        (Inferencer, 'qqq', f'{either} qqq; see list_models'),
        (Inferencer, 'work_dirs/out_clss', "out_clss; did you mean 'out_cls'?"),
        (
            init_model,
            'work_dirs/qqq',
            'no config, work_dir or checkpoint work_dirs/qqq',
        ),
    ):
        with pytest.raises(UserError) as caught:
            make(name)
        assert expected in str(caught.value)


@pytest.mark.parametrize('name', [None, 3.5, ['resnet18_8xb32_in1k']])
def test_what_is_no_name_of_a_model_is_refused(name):
    with pytest.raises(TypeError, match=r'given by a name that list_models\(\) gives'):
        get_model(name)


def test_a_config_without_a_model_is_refused():
    with pytest.raises(ConfigError, match='model is None, expected a dict'):
        get_model({})


@pytest.mark.parametrize(
    ('cfg', 'size'),
    [
        (dict(test=[dict(type='CenterCrop', crop_size=64)]), 64),
        (dict(test=[dict(type='Resize', scale=(64, 32))]), (32, 64)),
        # The test keeps the size of a picture.
        (dict(train=[dict(type='RandomCrop', crop_size=(96, 160))]), (96, 160)),
        (dict(train=[dict(type='RandomResizedCrop', scale=96)]), 96),
        (
            dict(image_resizer=dict(type='FixedShapeResizer', height=64, width=96)),
            (64, 96),
        ),
        (dict(image_resizer=dict(min_dimension=600, max_dimension=1024)), 600),
        (dict(dataset='Shapes'), 128),
        (dict(dataset='Digits'), 32),
        (dict(dataset='MNIST'), (1, 28, 28)),
        (dict(dataset='CIFAR100'), (3, 32, 32)),
        (dict(), 224),
    ],
)
def test_the_size_that_a_model_takes(cfg, size):
    kind = cfg.get('dataset', 'CustomDataset')
    resizer = {k: v for k, v in cfg.items() if k == 'image_resizer'}
    pack = dict(type='PackInputs')
    loaders = {
        f'{phase}_dataloader': dict(
            dataset=dict(type=kind, pipeline=[*cfg.get(phase, ()), pack])
        )
        for phase in ('train', 'test')
    }
    assert input_size_of(Config(dict(model=resizer, **loaders))) == size


def test_a_card_without_a_recipe_is_a_config_that_predicts():
    cfg = read_config(SMALL)
    assert input_size_of(cfg) == 224
    assert cfg.test_dataloader.dataset.pipeline[-1].type == 'PackInputs'
    with pytest.warns(UserWarning, match='weights are random'):
        inferencer = Inferencer(SMALL)
    assert type(inferencer).__name__ == 'ImageClassificationInferencer'
    assert init_model(SMALL).head.num_classes == 1000


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A server with published weights of a small model, and an empty cache."""
    (tmp_path / 'served').mkdir()
    state = get_model(SMALL).state_dict()
    plain = tmp_path / 'served/weights.pth'
    torch.save(dict(state_dict=state), plain)
    digest = hashlib.sha256(plain.read_bytes()).hexdigest()[:8]
    file = plain.rename(plain.with_name(f'small-{digest}.pth'))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(file.parent))
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f'http://127.0.0.1:{server.server_port}'
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path / 'hub'))

    def publish_as(name):
        card = replace(cards.find_card(SMALL), weights=f'{address}/{name}')
        monkeypatch.setattr(cards, 'find_card', lambda _: card)
        return card

    yield publish_as, file, state
    server.shutdown()
    server.server_close()


def test_published_weights_are_fetched_and_checked(served):
    publish_as, file, state = served
    card = publish_as(file.name)
    assert card.hash == file.stem[-8:]
    model = get_model(SMALL, pretrained=True)
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    file.unlink()  # it lies in the cache now
    get_model(SMALL, pretrained=True)


def test_weights_that_cannot_be_fetched_can_be_placed_by_hand(served):
    publish_as, file, state = served
    name = f'other-{file.stem[-8:]}.pth'
    publish_as(name)
    with pytest.raises(CheckpointError, match=r'cannot download http.*404') as error:
        get_model(SMALL, pretrained=True)
    folder = Path(torch.hub.get_dir(), 'checkpoints')
    assert f'put it as {name} into {folder}' in str(error.value)
    (folder / name).write_bytes(file.read_bytes())
    model = get_model(SMALL, pretrained=True)
    assert torch.equal(
        model.state_dict()['head.layers.1.fc.bias'], state['head.layers.1.fc.bias']
    )
    (folder / name).write_bytes(b'another file')
    with pytest.raises(CheckpointError, match='is not the file of http'):
        get_model(SMALL, pretrained=True)


def test_a_file_of_weights(served):
    _, file, state = served
    model = get_model(SMALL, pretrained=file)
    assert torch.equal(
        model.backbone.layer0.conv.weight, state['backbone.layer0.conv.weight']
    )
