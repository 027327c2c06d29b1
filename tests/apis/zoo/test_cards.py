"""Cards of models: complete, consistent, and found by name."""

import json
import re

import pytest

import mmlite
from mmlite.apis import list_models, model_card
from mmlite.apis.cli import main
from mmlite.apis.zoo.cards import FOLDER, published_weights
from mmlite.apis.zoo.recipes import recipes
from mmlite.errors import UserError
from mmlite.registry import MODELS

FILES = sorted(FOLDER.glob('*.json'))


def test_patterns():
    names = list_models()
    assert names == sorted(set(names))
    assert set(recipes()) <= set(names)
    assert {'resnet50_8xb32_in1k', 'swin-tiny_16xb64_in1k'} <= set(names)
    assert list_models('resnet?01_8xb32_in1k') == ['resnet101_8xb32_in1k']
    assert 'seresnet50_8xb32_in1k' in list_models('resnet50')
    assert all(model_card(n).weights for n in list_models('mae*', pretrained=True))
    assert mmlite.list_models is list_models


def test_an_unknown_name_is_given_the_nearest():
    with pytest.raises(UserError, match="did you mean 'resnet50_8xb32_in1k'"):
        model_card('resnet50_8xb32_in1')
    with pytest.raises(UserError, match='no weights of lenet5_mnist are published'):
        published_weights('lenet5_mnist')
    with pytest.raises(UserError, match='names of models only'):
        published_weights('configs/resnet18_digits.py')


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_every_card_is_complete(path):
    content = json.loads(path.read_text())
    used = set()
    for name, facts in content['cards'].items():
        card = model_card(name)
        used.add(facts['network'])
        assert MODELS.get(card.network['type']), name
        assert card.parameters > 0 and card.flops > 0, name
        assert len(card.shape) == 3, name
        assert card.config.endswith('.py'), name
        if card.weights and (found := re.search(r'-([0-9a-f]{8})\.', card.weights)):
            assert card.hash == found[1]
        published = card.published.get('flops')
        if published:
            near = abs(card.flops / published - 1) <= 0.01
            assert near == (card.note is None), name
    assert used == set(range(len(content['networks'])))


def test_most_published_figures_are_met():
    names = [name for path in FILES for name in json.loads(path.read_text())['cards']]
    said = [c for c in map(model_card, names) if c.published.get('flops')]
    assert sum(card.note is None for card in said) > 0.7 * len(said)


@pytest.mark.parametrize('pattern', [3, ['resnet*'], b'resnet*'])
def test_a_pattern_is_a_text(pattern):
    with pytest.raises(TypeError, match='list_models takes a pattern of names'):
        list_models(pattern)


def test_the_command(capsys):
    assert main(['list-models', 'resnet18_8xb*']) == 0
    assert capsys.readouterr().out.split() == [
        'resnet18_8xb16_cifar10',
        'resnet18_8xb32_in1k',
    ]
    assert main(['list-models', 'resnet18_8xb32_in1k', '--cards']) == 0
    card = capsys.readouterr().out
    assert 'Deep Residual Learning' in card
    assert 'Top 1 Accuracy 69.9' in card
    assert main(['list-models', 'resnet19*']) == 1
    assert 'no model matches' in capsys.readouterr().err
