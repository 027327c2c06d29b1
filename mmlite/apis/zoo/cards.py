"""What is known of each published model: facts in files, read when they are asked for.

The files of ``cards/`` are made by ``docs/model_cards.py`` from the metafiles of
mmpretrain 1.2.0.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from ...errors import UserError, did_you_mean
from .recipes import recipes

__all__ = [
    'FOLDER',
    'Card',
    'find_card',
    'known_name',
    'known_names',
    'list_models',
    'model_card',
    'published_weights',
]

FOLDER = Path(__file__).parent / 'cards'
_HASH = re.compile(r'-([a-f0-9]{8,})\.')


@dataclass(frozen=True)
class Card:
    """A model: how it is built, what it costs, what was published of it.

    Args:
        name: Its name, as mmpretrain's ``list_models`` gives it, or that of a recipe.
        family: E.g. ``'ResNet'``.
        network: The ``model`` of its config.
        data_preprocessor: Normalisation of its images.
        pipeline: How its test prepares a picture.
        dataset: Type of the dataset it was trained on, where that decides the size of
            its images.
        shape: Shape of the input that is counted for, without the batch.
        parameters: Number of parameters, counted.
        flops: FLOPs, counted by :func:`~mmlite.apis.flops`: a multiply-add is one.
        published: ``parameters`` and ``flops`` as mmpretrain states them.
        note: Why the published FLOPs are others, where they differ by more than 1 %.
        results: Published metrics by dataset.
        weights: Address of the weights, or None.
        config: Its file below mmpretrain's ``configs``, or that of the recipe.
        recipe: The config file of that name that ships with mmlite, or None.
        paper: Title of the paper.
        url: Address of the paper.
    """

    name: str
    family: str
    network: Mapping[str, Any] | None = None
    data_preprocessor: Mapping[str, Any] = field(default_factory=dict)
    pipeline: list = field(default_factory=list)
    dataset: str | None = None
    shape: tuple[int, ...] | None = None
    parameters: int | None = None
    flops: int | None = None
    published: Mapping[str, int] = field(default_factory=dict)
    note: str | None = None
    results: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    weights: str | None = None
    config: str | None = None
    recipe: str | None = None
    paper: str | None = None
    url: str | None = None

    @property
    def file_name(self) -> str | None:
        """Name of the file of the weights."""
        return Path(urlparse(self.weights).path).name if self.weights else None

    @property
    def hash(self) -> str | None:
        """How the SHA-256 of the weights begins, as far as it is known."""
        found = _HASH.search(self.file_name or '')
        return found[1] if found else None

    def __str__(self) -> str:
        rows = [
            ('family', self.family),
            ('paper', self.paper),
            ('', self.url),
            ('config', self.recipe or self.config),
            ('input', ' x '.join(map(str, self.shape or ()))),
            ('parameters', _millions(self.parameters, self.published, 'parameters')),
            ('FLOPs', _millions(self.flops, self.published, 'flops')),
            ('', self.note),
        ]
        for dataset, metrics in self.results.items():
            rows.append((dataset, ', '.join(f'{k} {v}' for k, v in metrics.items())))
        rows.append(('weights', self.weights))
        if self.hash:
            rows.append(('SHA-256', f'{self.hash}...'))
        lines = [f'  {key:<12}{value}' for key, value in rows if value]
        return '\n'.join([self.name, *lines])


def _millions(number: int | None, published: Mapping[str, int], key: str) -> str:
    if number is None:
        return ''
    text = f'{number / 1e6:,.2f} M'
    said = published.get(key)
    return text + (f' (published: {said / 1e6:,.2f} M)' if said else '')


@cache
def _files() -> dict[str, dict[str, Any]]:
    return {
        path.stem: json.loads(path.read_text(encoding='utf-8'))
        for path in sorted(FOLDER.glob('*.json'))
    }


@cache
def _places() -> dict[str, str]:
    """In which file the card of a name lies."""
    return {
        name: file for file, content in _files().items() for name in content['cards']
    }


def _card(name: str) -> Card:
    if name not in _places():
        recipe = recipes()[name]
        return Card(name, recipe.folder, config=recipe.name, recipe=recipe.path)
    content = _files()[_places()[name]]
    facts = dict(content['cards'][name])
    data = content['data'][facts.pop('data')]
    recipe = recipes().get(name)
    return Card(
        name,
        content['family'],
        network=content['networks'][facts.pop('network')],
        data_preprocessor=data['preprocessor'],
        pipeline=data['pipeline'],
        dataset=data.get('dataset'),
        shape=tuple(facts.pop('shape')),
        recipe=recipe and recipe.path,
        paper=content['paper'],
        url=content['url'],
        **facts,
    )


def known_name(name: str) -> bool:
    """Whether a model has that name; of a path it is known without the cards."""
    return not names_path(name) and (name in _places() or name in recipes())


def known_names() -> list[str]:
    """Names of all models that have a card or a recipe."""
    return [*_places(), *recipes()]


def names_path(text: str) -> bool:
    """Whether it has a folder, or the ending of a config, and so is no model's name.

    Example:
        >>> names_path('resnet18_8xb32_in1k'), names_path('a.py'), names_path('a/b')
        (False, True, True)
    """
    return re.search(r'[/\\:]|\.(py|ya?ml|json)$', text) is not None


def find_card(name: str) -> Card:
    """The card of a model.

    Raises:
        UserError: if there is no model of that name; names the nearest one.
    """
    if not known_name(name):
        hint = did_you_mean(name, known_names()) or "; see list_models('*')"
        raise UserError(f'there is no model {name!r}{hint}')
    return _card(name)


def model_card(name: str) -> Card:
    """What is known of a model: cost, published figures, weights.

    Args:
        name: As :func:`list_models` gives it.

    Raises:
        UserError: if there is no model of that name; names the nearest one.

    Example:
        >>> card = model_card('resnet50_8xb32_in1k')
        >>> card.parameters, card.hash, card.results['ImageNet-1k']['Top 1 Accuracy']
        (25557032, 'ea4938fc', 76.55)
    """
    return find_card(name)


def list_models(pattern: str | None = None, pretrained: bool = False) -> list[str]:
    """Names of the models that :func:`get_model` builds.

    They are those of mmpretrain's published models, and of the recipes that ship with
    mmlite.

    Args:
        pattern: Pattern of the names, e.g. ``'*resnet*'``; a plain word stands for
            names that contain it.
        pretrained: Only models whose weights are published.

    Raises:
        TypeError: if the pattern is no text.

    Example:
        >>> list_models('resnet*18*_in1k')
        ['resnet18_8xb32_in1k']
    """
    if pattern is not None and not isinstance(pattern, str):
        raise TypeError(
            "list_models takes a pattern of names, e.g. '*resnet*', got "
            f'{pattern!r} ({type(pattern).__name__})'
        )
    names: Iterator[str] = iter(sorted({*_places(), *recipes()}))
    if pattern:
        wanted = pattern if re.search(r'[*?\[]', pattern) else f'*{pattern}*'
        names = (name for name in names if fnmatch.fnmatchcase(name, wanted))
    if pretrained:
        names = (name for name in names if _card(name).weights)
    return list(names)


def published_weights(name: Any) -> str:
    """Where the published weights of a model are.

    Raises:
        UserError: if it is no model of the list, or none are published.
    """
    if not isinstance(name, str) or not known_name(name):
        raise UserError(
            f'which weights are meant is known of names of models only, got {name!r}; '
            'give the file or URL of the weights'
        )
    weights = find_card(name).weights
    if weights is None:
        raise UserError(
            f'no weights of {name} are published; give the file or URL of others, or '
            "see list_models('*', pretrained=True)"
        )
    return weights
