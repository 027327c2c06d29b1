"""The content of a recipe for each task."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from ...datasets.layouts import Found
from ...errors import UserError
from ...registry import METRICS, MODELS
from . import pipelines
from .bases import SCHEDULE, base, model_of
from .choosing import (
    Sizes,
    batch_size_for,
    epochs_for,
    schedule_for,
    size_for,
    workers_for,
)
from .starting import Start, settings_of
from .writing import Code, Recipe

__all__ = ['RECIPES', 'Wishes']

_IN_ORDER = dict(type='DefaultSampler', shuffle=False)
#: Learning rates from random and from pretrained weights.
_RATE, _FINE_TUNING_RATE = 1e-3, 2e-4
#: Datasets of the base files, which a recipe need not name.
_OF_BASES = ('CocoDataset', 'GaitDataset', 'StereoDataset', 'RetrievalQueries')
#: Shorter edges below which pictures are small.
_SMALL, _SMALL_FOR_BOXES = 96, 200
_PIPELINES = dict(train='train_pipeline', val='test_pipeline')


class Wishes(NamedTuple):
    """What a user asked for.

    Args:
        model: Name of the base file of a model.
        pretrained: Weights to start from.
        epochs: How long to train.
        start: The model that the weights are for, where none is asked for.
    """

    model: str | None = None
    pretrained: str | None = None
    epochs: int | None = None
    start: Start | None = None


def classification(found: Found, wishes: Wishes) -> tuple[str, Recipe]:
    """A classifier of class folders."""
    sizes = Sizes(found.some_pictures())
    name, cfg, own = _model_of('classification', wishes, sizes)
    size = _fixed_size(cfg) or size_for(sizes.shorter)
    data = 'lists_224' if found.files else 'folder_224'
    own['head'] = dict(own.get('head', {}), num_classes=found.num_classes)
    sections = dict(model=own)
    if topk := cfg.model.head.get('topk'):
        fitting = tuple(k for k in topk if k <= (found.num_classes or 0))
        if fitting != tuple(topk):
            sections['model']['head']['topk'] = fitting
    few = (found.num_classes or 0) < 5
    evaluator = dict(type='Accuracy', topk=(1,)) if few else None
    sections |= _sections(
        found,
        wishes,
        batch=batch_size_for(size, found.counts['train']),
        own_pipelines=pipelines.of_one(size),
        evaluator=evaluator,
        best='accuracy/top1',
    )
    title = f'{name} at {size}x{size} on {_said(found)}'
    return name, _recipe(title, [f'models/{name}', f'datasets/{data}'], sections, found)


def retrieval(found: Found, wishes: Wishes) -> tuple[str, Recipe]:
    """An encoder that finds images of the same class."""
    sizes = Sizes(found.some_pictures())
    name, cfg, own = _model_of('retrieval', wishes, sizes)
    size = _fixed_size(cfg) or size_for(sizes.shorter)
    made = pipelines.of_one(size)
    test = pipelines.code(made, 'test_pipeline')
    gallery = dict(
        batch_size=batch_size_for(size, found.counts['train']),
        num_workers=workers_for(found.counts['train']),
        dataset=_dataset(found, 'train', type='CustomDataset', pipeline=test),
        sampler=_IN_ORDER,
    )
    own['head'] = dict(own.get('head', {}), num_classes=found.num_classes)
    sections = dict(model=dict(own, prototype=gallery))
    sections |= _sections(
        found,
        wishes,
        batch=batch_size_for(size, found.counts['train']),
        own_pipelines=made,
        best='retrieval/Recall@1',
    )
    if 'val' in found.splits:
        sections['custom_hooks'] = [dict(type='PrepareProtoBeforeValLoopHook')]
    title = f'{name} at {size}x{size} on {_said(found)}'
    data = 'queries_224' if 'val' in found.splits else 'lists_224'
    return name, _recipe(title, [f'models/{name}', f'datasets/{data}'], sections, found)


def selfsup(found: Found, wishes: Wishes) -> tuple[str, Recipe]:
    """A backbone that learns without labels."""
    sizes = Sizes(found.some_pictures())
    name, cfg, own = _model_of('selfsup', wishes, sizes)
    size = _fixed_size(cfg) or size_for(sizes.shorter)
    made = pipelines.of_views(size, _views_of(name, cfg))
    batch = batch_size_for(size, found.counts['train'], least=8)
    if batch < 2:
        raise UserError('a pretraining compares images, and needs two or more')
    sections = dict(model=own) if own else {}
    sections |= _sections(found, wishes, batch=batch, own_pipelines=made)
    if 'val' in found.splits:
        loader = dict(batch_size=batch, num_workers=workers_for(found.counts['train']))
        neighbours = min(20, max(1, found.counts['val'] // 10))
        sections['val_dataloader'] = _whole_loader(found, 'val', loader, sections)
        sections['val_evaluator'] = dict(type='KNNAccuracy', k=neighbours)
    else:  # without labels there is nothing to measure
        sections = _untested(sections)
    title = f'{name} at {size}x{size} on {_said(found)}'
    bases = [f'models/{name}', 'datasets/views_224']
    return name, _recipe(title, bases, sections, found)


def detection(found: Found, wishes: Wishes) -> tuple[str, Recipe]:
    """A detector of boxes."""
    sizes = Sizes(found.some_pictures())
    small = sizes.shorter < _SMALL_FOR_BOXES
    name, cfg = model_of('detection', wishes.model, small)
    model: dict[str, Any] = dict(num_classes=found.num_classes)
    if cfg.model.get('image_resizer') is None:
        size = 128 if name.endswith(('tiny', 'tiny_fpn')) else 640
        kind = dict(type='FixedShapeResizer', height=size, width=size)
        model['image_resizer'] = kind
    sections: dict[str, Any] = dict(model=model)
    sections |= _sections(
        found,
        wishes,
        batch=min(16, batch_size_for(128, found.counts['train'])),
        best='coco/bbox_mAP',
    )
    bases = [f'models/{name}', 'datasets/boxes']
    return name, _recipe(f'{name} on {_said(found)}', bases, sections, found)


def gait(found: Found, wishes: Wishes) -> tuple[str, Recipe]:
    """A network that recognises people by their walk."""
    name, cfg = model_of('gait', wishes.model, small=False)
    whole = MODELS.get(cfg.model.type)
    model: dict[str, Any] = {}
    for path in getattr(whole, 'class_counts', ()):
        *keys, last = path.split('.')
        holder = model
        for key in keys:
            holder = holder.setdefault(key, {})
        holder[last] = found.num_classes
    sections: dict[str, Any] = dict(model=model) if model else {}
    people = min(8, found.num_classes or 1)
    walks = min(4, max(2, found.extra['walks_each']))
    sections |= _sections(
        found,
        wishes,
        batch=people * walks,
        evaluator=found.extra['evaluator'],
        best=_first_result(found.extra['evaluator']),
    )
    if found.extra['evaluator'] is None:  # no other walk that could be found
        sections = _untested(sections) | {'val_dataloader': None}
    train = sections['train_dataloader']
    del train['batch_size']
    train['batch_sampler'] = dict(
        type='PKSampler', num_identities=people, num_instances=walks
    )
    if found.extra['frames'] < 30:
        frames = found.extra['frames']
        train['dataset']['pipeline'] = pipelines.of_walks(frames)
    bases = [f'models/{name}', 'datasets/walks']
    return name, _recipe(f'{name} on {_said(found)}', bases, sections, found)


def stereo(found: Found, wishes: Wishes) -> tuple[str, Recipe]:
    """A network that predicts the disparity of image pairs."""
    sizes = Sizes(found.some_pictures())
    name, cfg = model_of('stereo', wishes.model, small=False)
    step = math.lcm(16, getattr(MODELS.get(cfg.model.type), 'disparity_divisor', 1))
    # A tenth more than was seen, as only some pairs are looked at.
    largest = min(max(1, math.ceil(found.extra['largest'] * 1.1 / step)) * step, 320)
    crop = tuple(
        max(32, min(most, edge - edge % 32))
        for most, edge in ((256, sizes.height), (512, sizes.width))
    )
    sections: dict[str, Any] = dict(model=dict(max_disp=largest))
    sections |= _sections(
        found,
        wishes,
        batch=min(4, batch_size_for(224, found.counts['train'])),
        evaluator=dict(type='DisparityMetric', max_disp=largest),
        best='disparity/image_epe',
        rule='less',
        rate=2e-3,
    )
    if crop != (256, 512):
        sections['train_dataloader']['dataset']['pipeline'] = pipelines.of_pairs(crop)
    bases = [f'models/{name}', 'datasets/pairs']
    return name, _recipe(f'{name} on {_said(found)}', bases, sections, found)


#: Makes the recipe of each task: the name of the model, and the recipe.
RECIPES: dict[str, Callable[[Found, Wishes], tuple[str, Recipe]]] = dict(
    classification=classification,
    retrieval=retrieval,
    selfsup=selfsup,
    detection=detection,
    gait=gait,
    stereo=stereo,
)


def _model_of(
    task: str, wishes: Wishes, sizes: Sizes
) -> tuple[str, Config, dict[str, Any]]:
    """The base file of a model of images, the model, and how it differs from it."""
    start = wishes.start
    wanted = wishes.model if start is None else start.model
    name, cfg = model_of(task, wanted, sizes.shorter < _SMALL)
    own = {} if start is None else settings_of(start, cfg.model)
    if own:
        cfg.merge_from_dict(dict(model=copy.deepcopy(own)))
    return name, cfg, own


def _sections(
    found: Found,
    wishes: Wishes,
    *,
    batch: int,
    own_pipelines: dict[str, list] | None = None,
    evaluator: Any = None,
    best: str | None = None,
    rule: str = 'greater',
    rate: float = _RATE,
) -> dict[str, Any]:
    """Loaders, metrics and schedule, as far as they differ from the base files."""
    count = found.counts['train']
    sections: dict[str, Any] = dict(own_pipelines or {})
    loader = dict(batch_size=batch, num_workers=workers_for(count))
    for split in ('train', 'val'):
        if split in found.splits:
            own = dict(pipeline=Code(_PIPELINES[split])) if own_pipelines else {}
            dataset = _dataset(found, split, **own)
            sections[f'{split}_dataloader'] = dict(loader, dataset=dataset)
    has_val = 'val' in found.splits
    if has_val and evaluator is not None:
        sections['val_evaluator'] = evaluator
    if not has_val:
        sections |= dict(val_dataloader=None, val_cfg=None, val_evaluator=None)
    if 'test' in found.splits or not has_val:
        split = 'test' if 'test' in found.splits else 'train'
        sections['test_dataloader'] = _whole_loader(found, split, loader, sections)
        same = 'val_evaluator' if has_val and evaluator else '_base_.val_evaluator'
        sections['test_evaluator'] = evaluator if not has_val else None
        sections['test_evaluator'] = sections['test_evaluator'] or Code(same)
    if count % batch == 1 and count > batch:  # no statistics of a single image
        sections['train_dataloader']['drop_last'] = True
    epochs = wishes.epochs or epochs_for(count, batch)
    sections['train_cfg'] = dict(max_epochs=epochs, val_interval=max(1, epochs // 20))
    # The last batch may be left out.
    if schedule := schedule_for(epochs * max(1, count // batch)):
        sections['param_scheduler'] = schedule
    if wishes.pretrained:
        rate, sections['load_from'] = _FINE_TUNING_RATE, wishes.pretrained
    if rate != _RATE:
        sections['optim_wrapper'] = dict(optimizer=dict(lr=rate))
    iterations = math.ceil(count / batch)
    sections['default_hooks'] = _hooks(iterations, best if has_val else None, rule)
    sections['randomness'] = dict(seed=0)
    return sections


def _whole_loader(
    found: Found, split: str, loader: dict[str, Any], sections: dict[str, Any]
) -> dict[str, Any]:
    """A loader of a test, of which the base files have none."""
    test = pipelines.code(sections, 'test_pipeline')
    kind = found.splits[split].get('type', 'CustomDataset')
    dataset = _dataset(found, split, type=kind, pipeline=test)
    return dict(loader, dataset=dataset, sampler=_IN_ORDER)


def _untested(sections: dict[str, Any]) -> dict[str, Any]:
    """The sections without validation and test, where nothing can be measured.

    The data of the test stay, as predictions prepare pictures like it.
    """
    measured = ('val_dataloader', 'val_evaluator', 'test_evaluator')
    return {k: v for k, v in sections.items() if k not in measured} | {'test_cfg': None}


def _hooks(iterations: int, best: str | None, rule: str) -> dict[str, Any]:
    """Log lines ten times an epoch or more, and the best checkpoint."""
    hooks: dict[str, Any] = dict(logger=dict(interval=min(50, max(1, iterations // 2))))
    hooks['checkpoint'] = dict(max_keep_ckpts=1)
    if best is not None:
        hooks['checkpoint'] |= dict(save_best=best, rule=rule)
    return hooks


def _first_result(evaluator: dict[str, Any] | None) -> str | None:
    """What the first result of a metric is called; None if nothing is measured."""
    if evaluator is None:
        return None
    metric = METRICS.build(copy.deepcopy(evaluator))
    return f'{metric.prefix}/{metric.result_names()[0]}'


def _dataset(found: Found, split: str, **more: Any) -> dict[str, Any]:
    """The settings of a split, with the folder and the lists by their variables."""
    kind = more.pop('type', None)
    own = found.splits[split]
    settings = {} if kind is None else dict(type=kind)
    settings |= {k: v for k, v in own.items() if k != 'type' or v not in _OF_BASES}
    lists = {str(path): path for path in found.files}
    for key, value in settings.items():
        if key == 'data_root':
            settings[key] = Code('data_root')
        elif isinstance(value, str) and value in lists:
            name = lists[value].name
            settings[key] = Code('f' + repr('{lists}/' + name))
    return settings | more


#: What a recipe says first; the rest follows as it came.
_ORDER = (
    'train_pipeline',
    'test_pipeline',
    'model',
    'train_dataloader',
    'val_dataloader',
    'val_cfg',
    'val_evaluator',
    'test_dataloader',
    'test_evaluator',
)


def _recipe(
    title: str, bases: list[str], sections: dict[str, Any], found: Found
) -> Recipe:
    places: dict[str, Any] = dict(data_root=found.splits['train']['data_root'])
    if found.files:
        places['lists'] = Path(next(iter(found.files))).parent.as_posix()
    names = [*bases, SCHEDULE]
    files = [base(name) for name in names]
    files.append('mmlite::_base_/default_runtime.py')
    ordered = {key: sections[key] for key in _ORDER if key in sections}
    return Recipe(f'{title}.', files, places | ordered | sections, tuple(found.notes))


def _said(found: Found) -> str:
    """How much there is of what, in a few words."""
    what = {'walks': 'walks', 'pairs': 'pairs'}.get(found.layout, 'images')
    parts = [f'{found.counts["train"]:,} {what} to train with']
    for split, purpose in (('val', 'to validate'), ('test', 'to test')):
        if found.counts.get(split) and split in found.splits:
            parts.append(f'{found.counts[split]:,} {purpose}')
    kinds = 'identities' if found.layout == 'walks' else 'classes'
    of = f' of {found.num_classes} {kinds}' if found.num_classes else ''
    return f'{", ".join(parts)}{of}'


def _views_of(name: str, cfg: Config) -> int:
    """How many views of an image a pretraining compares.

    Raises:
        UserError: if it needs a pipeline of its own.
    """
    views = getattr(MODELS.get(cfg.model.type), 'num_views', None)
    if views is None:
        raise UserError(
            f'{name} needs a pipeline of its own; write a config after those of its '
            'folder in configs, or take --model simclr_resnet18'
        )
    return views


def _fixed_size(cfg: Config) -> int | None:
    """The only size that a backbone takes, if there is one."""
    backbone = cfg.model.get('backbone') or {}
    size = backbone.get('img_size') or backbone.get('input_size')
    return size if isinstance(size, int) else None
