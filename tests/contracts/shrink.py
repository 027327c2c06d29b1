"""Make any recipe small enough to be run in a second, without its data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from contracts.tiny import (
    BACKBONES,
    CONTRASTIVE,
    MASKED,
    STEREO,
    WHOLES,
    arguments_of,
    image_shape,
)
from mmengine.config import Config

from mmlite.datasets import BaseDataset
from mmlite.registry import DATASETS, MODELS
from mmlite.visualization import write_image

# What a sample of these datasets looks like; all others are photographs.
IMAGES = {
    'CIFAR10': (32, 32, 3),
    'CIFAR100': (32, 32, 3),
    'Digits': (32, 32, 3),
    'DigitsRetrieval': (16, 16, 3),
    'FashionMNIST': (28, 28),
    'MNIST': (28, 28),
    'TurnedDigits': (16, 16, 3),
}
PHOTOGRAPH = (75, 110, 3)
SIZES = ('scale', 'crop_size')
ONE_SIZE = ('AlexNet', 'EfficientFormer', 'VGG')  # weights for images of 224 pixels


@DATASETS.register_module()
class NoiseImages(BaseDataset):
    """Random images and labels, in memory and in a file.

    Args:
        shape: Shape of an image.
        num_classes: Number of classes.
        length: Number of samples.
        kwargs: Arguments of ``BaseDataset``.
    """

    def __init__(
        self, shape: Sequence[int], num_classes: int, length: int = 2, **kwargs: Any
    ) -> None:
        self.shape = tuple(shape)
        self.num_classes = num_classes
        self.length = length
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        rng = np.random.default_rng(0)
        samples = []
        for i in range(self.length):
            image = rng.integers(0, 256, self.shape, np.uint8)
            path = Path(f'noise_{i}.png').absolute()
            if image.ndim == 3:
                write_image(image, path)
            label = int(rng.integers(self.num_classes))
            samples.append(dict(img=image, img_path=str(path), gt_label=label))
        return samples


def shrink(cfg: Config, work_dir: Path) -> Config:
    """One step of training and of validation, on two small random images."""
    cfg = cfg.copy()
    cfg.work_dir = str(work_dir)
    cfg.pop('stand_in', None)
    leave_weights(cfg.model)
    if 'SeparateFCs' in cfg.model:
        return shrink_gait(cfg)
    if cfg.model.type in CONTRASTIVE:
        return shrink_contrastive(cfg)
    if 'image_encoder' in cfg.model:
        return shrink_retriever(cfg)
    if cfg.train_dataloader.dataset.type == 'Shapes':
        return shrink_shapes(cfg)
    if cfg.model.type in MASKED:
        return shrink_pretraining(cfg)
    if MODELS.get(cfg.model.type).task == 'stereo':
        return shrink_stereo(cfg)
    shrink_model(cfg.model)
    num_classes = class_count(cfg)
    kind = cfg.model.backbone.type
    side = 224 if kind in ONE_SIZE else image_shape(kind)[1]
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if cfg.get(key) is not None:
            shrink_loader(cfg[key], num_classes, side)
    cfg.train_cfg = dict(by_epoch=True, max_epochs=1, val_interval=1)
    if isinstance(cfg.get('param_scheduler'), list):  # what begins in the one epoch
        cfg.param_scheduler = [s for s in cfg.param_scheduler if not s.get('begin')]
    return cfg


def shrink_pretraining(cfg: Config) -> Config:
    """One step of a whole that gives no predictions."""
    cfg.model = dict(WHOLES[cfg.model.type][0], type=cfg.model.type)
    side = cfg.model.get('input_size', 32)
    shrink_loader(cfg.train_dataloader, 5, side)
    for step in cfg.train_dataloader.dataset.pipeline:
        if step.type == 'RandomResizedCrop':
            step.scale = side
    cfg.train_cfg = dict(by_epoch=True, max_epochs=1)
    cfg.param_scheduler = [s for s in cfg.param_scheduler if not s.get('begin')]
    return cfg


@DATASETS.register_module()
class NoiseWalks(BaseDataset):
    """Walks of noise: two identities, two views, three frames.

    Args:
        types: Types of the walks.
        kwargs: Arguments of ``BaseDataset``.
    """

    def __init__(self, types: Sequence[str], **kwargs: Any) -> None:
        self.types = tuple(types)
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        rng = np.random.default_rng(0)
        return [
            dict(
                sils=rng.integers(0, 256, (3, 64, 44), np.uint8),
                gt_label=label,
                subject=str(label),
                type=kind,
                view=view,
            )
            for label in range(2)
            for kind in self.types
            for view in ('000', '090')
        ]


#: Types of a probe and of a gallery, by the protocol of a recipe.
WALK_TYPES = {'CASIA-B': ('nm-01', 'nm-05'), 'OUMVLP': ('00', '01')}


def shrink_gait(cfg: Config) -> Config:
    """One step of training and of validation, on walks of noise."""
    cfg.model.backbone_cfg.update(channels=[4, 8], layers=[1, 1], strides=[2, 2])
    cfg.model.backbone_cfg.maxpool = False
    cfg.model.SeparateFCs.update(in_channels=8, out_channels=4)
    cfg.model.SeparateBNNecks.update(class_num=2, in_channels=4)
    protocol = cfg.val_evaluator.get('protocol')
    types = ('nm-01', 'nm-04')
    if isinstance(protocol, str):
        types = WALK_TYPES[protocol]
    elif cfg.val_evaluator.type == 'GaitRetrieval':
        types = ('01', '03')
        if protocol is None:
            cfg.val_evaluator.probe_set = ['0-01-000', '1-01-000']
    cfg.test_evaluator = cfg.val_evaluator
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg[key]
        pipeline = loader.dataset.pipeline
        loader.num_workers = 0
        loader.dataset = dict(type='NoiseWalks', types=types, pipeline=pipeline)
    cfg.train_dataloader.batch_sampler.update(
        num_identities=2, num_instances=2, num_batches=1
    )
    cfg.train_cfg = dict(by_epoch=False, max_iters=1, val_interval=1)
    return cfg


def shrink_stereo(cfg: Config) -> Config:
    """Two small made-up pairs for a small network."""
    cfg.model.update(STEREO[cfg.model.type])
    for phase in ('train', 'val'):
        loader = cfg[f'{phase}_dataloader']
        steps = [s for s in loader.dataset.pipeline if not s.type.startswith('Load')]
        for step in steps:
            if 'crop_size' in step:
                step.crop_size = (16, 32)
        loader.dataset = dict(
            type='StereoScenes',
            split='train',
            num_scenes=2,
            size=(32, 64),
            max_disp=16,
            pipeline=steps,
        )
        loader.batch_size, loader.num_workers = 2, 0
        loader.persistent_workers = False
    cfg.test_dataloader = cfg.val_dataloader
    cfg.train_cfg = dict(by_epoch=True, max_epochs=1, val_interval=1)
    return cfg


def shrink_contrastive(cfg: Config) -> Config:
    """One step on views of two small random images, and one of validation."""
    model = dict(CONTRASTIVE[cfg.model.type], type=cfg.model.type)
    if model['type'] == 'SwAV':  # as many views as the recipe makes
        num_crops = cfg.model.head.loss.num_crops
        loss = dict(model['head']['loss'], num_crops=num_crops)
        model['head'] = dict(model['head'], loss=loss)
    cfg.model = model
    for step in cfg.train_dataloader.dataset.pipeline:
        for view in step.get('transforms', []):
            shrink_steps(view, 32)
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if cfg.get(key) is not None:
            shrink_loader(cfg[key], 2, 32, length=4)
    if cfg.get('val_evaluator') is not None:
        cfg.val_evaluator = cfg.test_evaluator = dict(cfg.val_evaluator, k=1)
    return for_one_epoch(cfg)


def shrink_retriever(cfg: Config) -> Config:
    """One step on two small random images, which are the gallery and the queries."""
    backbone = cfg.model.image_encoder[0]
    backbone.pop('init_cfg', None)  # weights that would be downloaded
    tiny = arguments_of(backbone.type, BACKBONES, 'BACKBONES')
    backbone.update(
        {k: v for k, v in tiny.items() if k not in ('depth', 'out_indices')}
    )
    with torch.device('meta'):
        cfg.model.head.in_channels = MODELS.build(backbone).feature_specs[-1].channels
    loaders = [cfg[f'{phase}_dataloader'] for phase in ('train', 'val', 'test')]
    for loader in (*loaders, cfg.model.prototype):
        shrink_loader(loader, 2, image_shape(backbone.type)[1])
    return for_one_epoch(cfg)


def for_one_epoch(cfg: Config) -> Config:
    cfg.train_cfg = dict(by_epoch=True, max_epochs=1, val_interval=1)
    schedules = cfg.get('param_scheduler') or []
    cfg.param_scheduler = [s for s in schedules if not s.get('begin')]
    return cfg


def shrink_steps(pipeline: list[dict], side: int) -> None:
    for step in pipeline:
        for key in SIZES:
            if isinstance(step.get(key), int) and step[key] > side:
                step[key] = side


def shrink_shapes(cfg: Config) -> Config:
    """One step of training and of validation, on two drawn pictures."""
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[key].dataset.update(num_train=2, num_test=2)
        cfg[key].batch_size = 2
    cfg.train_cfg = dict(by_epoch=True, max_epochs=1, val_interval=1)
    cfg.param_scheduler = [s for s in cfg.param_scheduler if s.type != 'LinearLR']
    return cfg


def leave_weights(node: Any) -> None:
    """Let nothing begin with weights that would have to be downloaded."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict) and value.get('type') == 'Pretrained':
            node[key] = None
        elif isinstance(value, (dict, list)):
            leave_weights(value)


def class_count(cfg: Config) -> int:
    for part in (cfg.model.head, cfg.model.backbone, cfg.get('data_preprocessor', {})):
        if part.get('num_classes', 0) > 0:
            return part.num_classes
    raise AssertionError(f'{cfg.filename} does not say how many classes there are')


def shrink_model(model: dict) -> None:
    """Narrow the backbone, and the head with it."""
    tiny = arguments_of(model.backbone.type, BACKBONES, 'BACKBONES')
    # What the recipe is about.
    kept = ('depth', 'gap_before_final_norm', 'out_indices', 'out_type')
    if model.backbone.get('num_classes', -1) > 0:  # it classifies itself
        return
    model.backbone.update({k: v for k, v in tiny.items() if k not in kept})
    if 'vit_num' in tiny.get('arch', ()):
        model.backbone.arch.vit_num = 1  # it gives tokens then, as in all recipes
    if 'arch' in tiny and model.backbone.get('frozen_stages', -1) > 0:
        model.backbone.frozen_stages = 1
    if 'arch' in tiny and 'out_indices' in {**tiny, **model.backbone}:
        model.backbone.out_indices = -1  # there are fewer stages
    if isinstance(model.get('neck'), dict) and 'input_features' in model.neck:
        with torch.device('meta'):
            width = MODELS.build(model.backbone).feature_specs[-1].channels
        model.neck.input_features = width
    if 'in_channels' in model.get('head', {}):
        with torch.device('meta'):
            specs = MODELS.build(model.backbone).feature_specs
            for neck in model.neck if isinstance(model.get('neck'), list) else ():
                if 'in_channels' in neck:
                    neck.in_channels = tuple(spec.channels for spec in specs)
            if model.get('neck') is not None:
                necks = model.neck if isinstance(model.neck, list) else [model.neck]
                for neck in necks:
                    specs = MODELS.build(neck).output_specs(specs)
        last = specs[-1]
        if isinstance(model.head.in_channels, (list, tuple)):
            model.head.in_channels = [spec.channels for spec in last]
        else:
            model.head.in_channels = last.channels


def shrink_loader(loader: dict, num_classes: int, side: int, length: int = 2) -> None:
    """Two random images instead of the dataset, of 64 pixels where 224 were."""
    dataset = loader.dataset
    for step in dataset.pipeline:
        for key in SIZES:
            if isinstance(step.get(key), int) and step[key] > 64:
                step[key] = step[key] * max(side, 64) // 224
    loader.dataset = dict(
        type='NoiseImages',
        shape=IMAGES.get(dataset.type, PHOTOGRAPH),
        num_classes=num_classes,
        length=length,
        pipeline=dataset.pipeline,
    )
    if loader.get('batch_sampler') is None:
        loader.batch_size = length
    else:  # the labels of two noise images differ
        loader.batch_sampler.update(num_identities=2, num_instances=length // 2)
    loader.num_workers = 0
    loader.pop('persistent_workers', None)
