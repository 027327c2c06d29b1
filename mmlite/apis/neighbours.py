"""Evaluate the features of a model by their nearest neighbours, without training."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from mmengine.config import Config
from torch import Tensor, nn

from ..datasets import Compose
from ..datasets.layouts import look
from ..engine.dataloaders import build_dataloader
from ..errors import ConfigError, DataError, UserError
from ..evaluation.functional import few_labels, neighbour_labels
from ..structures import gather_field, has_field
from .extracting import features_of
from .inferencers.base import config_and_checkpoint
from .inferencers.preparing import test_dataset_of
from .model import init_model
from .recipes.choosing import workers_for
from .recipes.writing import write_files

__all__ = ['Features', 'knn', 'labelled_features']


class Features(NamedTuple):
    """Images as vectors, and their classes.

    Args:
        vectors: ``(N, D)``.
        labels: ``(N, )``.
    """

    vectors: Tensor
    labels: Tensor


def knn(
    config: str | Path | Config | dict,
    checkpoint: str | Path | None = None,
    overrides: Sequence[str] = (),
    *,
    k: int = 20,
    temperature: float = 0.07,
    shots: int | None = None,
    draws: int = 5,
    pixels: bool = False,
    data: str | Path | None = None,
) -> dict[str, float]:
    """Classify the validation images by their neighbours among the training images.

    Both are prepared by the validation pipeline. How many there are is printed.

    Args:
        config: A config file, a loaded config, or a dict, with data loaders for
            training and validation; a checkpoint or work_dir alone does too.
        checkpoint: A checkpoint or work_dir; without one the weights are random.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        k: Number of neighbours; with ``shots`` not more than these.
        temperature: The less, the more the nearest ones count.
        shots: So many training images of each class are labelled; all by default.
        draws: How often these are drawn; the figures are means.
        pixels: Whether to compare the pixels instead of the features, as a baseline.
        data: A folder of classes in the place of the images of the config; its
            validation is what :func:`~mmlite.apis.new_recipe` would take for it.

    Returns:
        ``knn/top1`` in per cent, and with ``shots`` the standard deviation over the
        draws.

    Raises:
        ConfigError: if a data loader is missing.
        DataError: if there are no labels, or none can be held out of ``data``.
        UserError: if a number is out of range.
    """
    counts = dict(k=k, draws=draws) | ({} if shots is None else dict(shots=shots))
    for name, count in counts.items():
        if count < 1:
            raise UserError(f'{name} must be at least 1, got {count}')
    if temperature <= 0:
        raise UserError(f'temperature must be positive, got {temperature}')
    cfg, checkpoint = config_and_checkpoint(config, checkpoint, overrides)
    with ExitStack() as stack:
        if data is None:
            queries, gallery = _loaders_of(cfg)
        else:
            lists = stack.enter_context(TemporaryDirectory())
            queries, gallery = _loaders_of_folder(cfg, data, Path(lists))
        model = init_model(cfg, checkpoint)
        asked = labelled_features(model, queries, pixels)
        known = labelled_features(model, gallery, pixels)
    few = '' if shots is None else f', {shots} of each class in each of {draws} draws'
    print(
        f'{"gallery":<9} {len(known.labels):,} training images{few}, in which '
        f'{len(asked.labels):,} validation images are looked for',
        flush=True,
    )
    if shots is None:
        if k > len(known.labels):
            print(f'{"note":<9} k={k} is more than there are: all of them vote')
        return {'knn/top1': _accuracy(asked, known, k, temperature)}
    found = []
    for draw in range(draws):
        generator = torch.Generator().manual_seed(draw)
        places = few_labels(known.labels, shots, generator)
        few = Features(known.vectors[places], known.labels[places])
        found.append(_accuracy(asked, few, min(k, shots), temperature))
    figures = torch.tensor(found)
    spread = figures.std(unbiased=False).item()
    return {'knn/top1': figures.mean().item(), 'knn/std': spread}


def _loaders_of(cfg: Config) -> tuple[dict[str, Any], dict[str, Any]]:
    """Data loaders of the queries and of the gallery, as a config states them."""
    for name in ('train_dataloader', 'val_dataloader'):
        if cfg.get(name) is None:
            raise ConfigError(
                f'{name} is missing; neighbours need labelled images: name a folder of '
                'classes with --data',
                cfg.filename,
            )
    queries = copy.deepcopy(cfg.val_dataloader)
    gallery = copy.deepcopy(queries)
    gallery.dataset = dict(
        copy.deepcopy(cfg.train_dataloader.dataset), pipeline=queries.dataset.pipeline
    )
    return queries, gallery


def _loaders_of_folder(
    cfg: Config, data: str | Path, lists: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Data loaders of the queries and of the gallery in a folder of classes."""
    tested = test_dataset_of(cfg)
    steps = Compose(tested.pipeline).transforms
    if not any(getattr(step, 'reads_files', False) for step in steps):
        raise ConfigError(
            f'the test is on {tested.type}, and no step of its pipeline reads files, '
            'as --data needs; begin the pipeline with LoadImageFromFile',
            cfg.filename,
        )
    _, found = look(data, lists, 'classification')
    for note in found.notes:
        print(f'{"note":<9} {note}', flush=True)
    if 'val' not in found.splits:
        raise DataError(
            f'{data}: no image can be looked for, as none is held out; give a class '
            'two images or more'
        )
    write_files(found.files)
    loaders = (cfg.get(f'{phase}_dataloader') for phase in ('test', 'val'))
    stated = next((loader for loader in loaders if loader), {})
    datasets = (
        dict(found.splits[split], type='CustomDataset', pipeline=tested.pipeline)
        for split in ('val', 'train')
    )
    queries, gallery = (
        dict(
            batch_size=stated.get('batch_size', 32),
            num_workers=workers_for(found.counts['train']),
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dataset,
        )
        for dataset in datasets
    )
    return queries, gallery


def _accuracy(asked: Features, known: Features, k: int, temperature: float) -> float:
    labels = neighbour_labels(asked.vectors, *known, k, temperature)
    return 100 * (labels == asked.labels).double().mean().item()


@torch.no_grad()
def labelled_features(
    model: nn.Module, dataloader: dict[str, Any], pixels: bool = False
) -> Features:
    """The features of all images of a data loader, with their labels.

    Args:
        model: In eval mode; its last feature counts, averaged over its places.
        dataloader: Config of the data loader.
        pixels: Whether to take the pixels instead.

    Raises:
        DataError: if the images have no labels, or a feature is NaN.
    """
    vectors, labels = [], []
    for batch in build_dataloader(dataloader):
        data = model.data_preprocessor(batch, False)
        if not has_field(data['data_samples'], 'gt_label'):
            root = dataloader['dataset'].get('data_root') or 'the dataset'
            raise DataError(
                f'{root}: the images have no labels (gt_label), which neighbours are '
                'compared by; name a folder of classes with --data'
            )
        labels.append(gather_field(data['data_samples'], 'gt_label').cpu())
        feats = data['inputs'] if pixels else features_of(model, data['inputs'])
        feats = feats if isinstance(feats, Tensor) else feats[-1]
        if not pixels and feats.ndim > 2:
            tokens = feats if feats.ndim == 3 else feats.flatten(2).transpose(1, 2)
            feats = tokens.mean(dim=1)
        vectors.append(feats.flatten(1).float().cpu())
    found = Features(torch.cat(vectors), torch.cat(labels))
    if nans := int(found.vectors.isnan().any(dim=1).sum()):
        raise DataError(
            f'the features of {nans} of {len(found.labels)} images are NaN; the model '
            'has diverged'
        )
    return found
