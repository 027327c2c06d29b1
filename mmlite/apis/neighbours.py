"""Judge the features of a model by the nearest neighbours, without training."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmengine.config import Config
from torch import Tensor, nn

from ..engine.dataloaders import build_dataloader
from ..errors import ConfigError, UserError
from ..evaluation.functional import few_labels, neighbour_labels
from ..structures import gather_field
from .extracting import features_of
from .inferencers.base import config_and_checkpoint
from .model import init_model

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
) -> dict[str, float]:
    """Classify the validation images by their neighbours among the training images.

    Both are prepared by the validation pipeline.

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

    Returns:
        ``knn/top1`` in per cent, and with ``shots`` the standard deviation over the
        draws.

    Raises:
        ConfigError: if a data loader is missing.
        UserError: if a number is out of range.
    """
    counts = dict(k=k, draws=draws) | ({} if shots is None else dict(shots=shots))
    for name, count in counts.items():
        if count < 1:
            raise UserError(f'{name} is at least 1, got {count}')
    if temperature <= 0:
        raise UserError(f'temperature is above 0, got {temperature}')
    cfg, checkpoint = config_and_checkpoint(config, checkpoint, overrides)
    for name in ('train_dataloader', 'val_dataloader'):
        if cfg.get(name) is None:
            raise ConfigError(f'{name} is missing; neighbours need labelled images')
    model = init_model(cfg, checkpoint)
    queries = copy.deepcopy(cfg.val_dataloader)
    gallery = copy.deepcopy(queries)
    gallery.dataset = dict(
        copy.deepcopy(cfg.train_dataloader.dataset), pipeline=queries.dataset.pipeline
    )
    asked = labelled_features(model, queries, pixels)
    known = labelled_features(model, gallery, pixels)
    if shots is None:
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
    """
    vectors, labels = [], []
    for batch in build_dataloader(dataloader):
        data = model.data_preprocessor(batch, False)
        labels.append(gather_field(data['data_samples'], 'gt_label').cpu())
        feats = data['inputs'] if pixels else features_of(model, data['inputs'])
        feats = feats if isinstance(feats, Tensor) else feats[-1]
        if not pixels and feats.ndim > 2:
            tokens = feats if feats.ndim == 3 else feats.flatten(2).transpose(1, 2)
            feats = tokens.mean(dim=1)
        vectors.append(feats.flatten(1).float().cpu())
    return Features(torch.cat(vectors), torch.cat(labels))
