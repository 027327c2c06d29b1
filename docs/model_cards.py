"""Make the model cards: python docs/model_cards.py FOLDER [--only FAMILY,...].

FOLDER is ``mmpretrain/.mim`` of the wheel of mmpretrain, whose metafiles state names,
published figures and where the weights lie, and whose configs the networks. Parameters
and FLOPs are counted here. What does not build here has no card, and is listed.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import inspect
import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

from mmlite.apis.counting import Flops, flops
from mmlite.apis.zoo.cards import FOLDER
from mmlite.apis.zoo.configs import config_of_parts
from mmlite.config import has_one_size, load_config, plain_config
from mmlite.errors import UserError
from mmlite.registry import MODELS

LEFT_OUT = ('train_cfg', 'data_preprocessor', 'prototype')
#: How near our figure is to a published one that is the same.
NEAR = 0.01
#: Sizes at which a published figure may have been counted.
SIZES = (192, 224, 256, 384)


def metafiles(folder: Path) -> Iterator[dict[str, Any]]:
    """The metafiles, in the order of their names."""
    index = yaml.safe_load((folder / 'model-index.yml').read_text())
    for path in sorted(index['Import']):
        yield yaml.safe_load((folder / path).read_text())


def without_training(value: Any) -> Any:
    """A part of a config, without what only a training needs."""
    if isinstance(value, Mapping):
        return {
            key: without_training(inner)
            for key, inner in value.items()
            if key not in LEFT_OUT and not _is_pretrained(inner)
        }
    if isinstance(value, (list, tuple)):
        return [without_training(inner) for inner in value if not _is_pretrained(inner)]
    return value


def _is_pretrained(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get('type') == 'Pretrained'


def parts_of(path: Path) -> tuple[dict, dict, list, str | None]:
    """The network, its data preprocessor, the pipeline of its test, and its dataset."""
    cfg = plain_config(load_config(path))
    model = cfg['model']
    preprocessor = model.get('data_preprocessor') or cfg.get('data_preprocessor') or {}
    loader = cfg.get('test_dataloader') or {}
    dataset = loader.get('dataset') or {}
    kind = dataset['type'] if has_one_size(dataset.get('type')) else None
    pipeline = dataset.get('pipeline') or []
    return without_training(copy.deepcopy(model)), preprocessor, pipeline, kind


def note_on(cfg: Config, counted: Flops, published: int | None) -> str | None:
    """Why a published figure is another one than ours, as far as it is known."""
    if not published or near(counted.flops, published):
        return None
    if near(counted.flops - counted.attention, published):
        return 'published without the products of attention'
    for size in SIZES:
        expected = counted.flops * (size / counted.shape[-1]) ** 2
        if abs(expected / published - 1) > 5 * NEAR:  # nowhere near
            continue
        with contextlib.suppress(UserError):
            if near(flops(cfg, size=size).flops, published):
                return f'published for {size} pixels'
    if 'deploy' in inspect.signature(MODELS.get(cfg.model.backbone.type)).parameters:
        if near(flops(cfg, overrides=['+model.backbone.deploy=True']).flops, published):
            return 'published for the form of deployment'
    return 'published figure is another one, for a reason not known'


def near(ours: int, published: int) -> bool:
    """Whether two figures are the same."""
    return abs(ours / published - 1) <= NEAR


class Family:
    """The cards of one metafile."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        first = meta['Collections'][0]
        paper = first.get('Paper') or {}
        if isinstance(paper, list):
            paper = paper[0]
        self.content: dict[str, Any] = dict(
            family=first['Name'],
            paper=paper.get('Title'),
            url=paper.get('URL'),
            networks=[],
            data=[],
            cards={},
        )

    def add(self, entry: Mapping[str, Any], folder: Path) -> None:
        """Add the card of a model."""
        parts = parts_of(folder / entry['Config'])
        network, preprocessor, pipeline, dataset = parts
        cfg = config_of_parts(*parts)
        data = dict(preprocessor=preprocessor, pipeline=pipeline)
        if dataset is not None:
            data['dataset'] = dataset
        counted = flops(cfg)
        said = entry.get('Metadata') or {}
        published = said['FLOPs']
        card = dict(
            network=self._place('networks', network),
            data=self._place('data', data),
            config=entry['Config'].removeprefix('configs/'),
            shape=list(counted.shape),
            parameters=counted.parameters,
            flops=counted.flops,
            published=dict(parameters=said['Parameters'], flops=published),
            note=note_on(cfg, counted, published),
            results={
                result['Dataset']: result['Metrics']
                for result in entry.get('Results') or []
                if result.get('Metrics')
            },
            weights=entry.get('Weights'),
        )
        self.content['cards'][entry['Name']] = {
            k: v for k, v in card.items() if v not in ({}, None)
        }

    def _place(self, kind: str, value: Any) -> int:
        known = self.content[kind]
        if value not in known:
            known.append(value)
        return known.index(value)


def text_of(content: Mapping[str, Any]) -> str:
    """JSON with a line for each card, network and kind of data."""
    heads = [
        f'{json.dumps(k)}: {json.dumps(content[k])}' for k in ('family', 'paper', 'url')
    ]
    for kind in ('networks', 'data'):
        rows = ',\n'.join(compact(value) for value in content[kind])
        heads.append(f'{json.dumps(kind)}: [\n{rows}\n]')
    cards = content['cards'].items()
    rows = ',\n'.join(f'{json.dumps(name)}: {compact(card)}' for name, card in cards)
    heads.append(f'"cards": {{\n{rows}\n}}')
    return '{\n' + ',\n'.join(heads) + '\n}\n'


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(',', ':'))


def main() -> None:
    """Make the cards."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder', type=Path, help='mmpretrain/.mim of the wheel')
    parser.add_argument('--only', default='', help='families, with commas between')
    options = parser.parse_args()
    warnings.simplefilter('ignore')
    for meta in metafiles(options.folder):
        place = Path(meta['Models'][0]['Config']).parts[1]
        if options.only and place not in options.only.split(','):
            continue
        family = Family(meta)
        for entry in meta['Models']:
            try:
                family.add(entry, options.folder)
            except (UserError, NotImplementedError, OSError) as error:
                print(f'no card of {entry["Name"]}: {str(error).splitlines()[0]}')
        if family.content['cards']:
            path = FOLDER / f'{place}.json'
            path.write_text(text_of(family.content), encoding='utf-8')
            print(f'{path.name}: {len(family.content["cards"])} cards', flush=True)


if __name__ == '__main__':
    main()
