"""Pipelines at sizes that the base files do not have."""

from __future__ import annotations

from typing import Any

from .writing import Code

__all__ = ['code', 'of_one', 'of_pairs', 'of_views', 'of_walks']

Pipelines = dict[str, list]

_LOAD, _PACK = dict(type='LoadImageFromFile'), dict(type='PackInputs')
_FLIP = dict(type='RandomFlip', prob=0.5, direction='horizontal')
#: Up to this size a random part of an image would show too little of it.
_SMALL = 64
_OF_BASES = 224


def code(pipelines: Pipelines, name: str) -> Code:
    """How a recipe calls a pipeline: its own, or that of the base file.

    Example:
        >>> code({}, 'test_pipeline'), code(of_one(64), 'test_pipeline')
        (_base_.test_pipeline, test_pipeline)
    """
    return Code(name if name in pipelines else f'_base_.{name}')


def _test(size: int) -> list[dict[str, Any]]:
    edge = size if size <= _SMALL else round(size * 256 / 224)
    return [
        _LOAD,
        dict(type='ResizeEdge', scale=edge, edge='short'),
        dict(type='CenterCrop', crop_size=size),
        _PACK,
    ]


def of_one(size: int) -> Pipelines:
    """Pipelines of a classifier; none at the size of the base files."""
    if size == _OF_BASES:
        return {}
    if size <= _SMALL:
        cut = [
            dict(type='ResizeEdge', scale=size, edge='short'),
            dict(type='RandomCrop', crop_size=size, padding=size // 8),
        ]
    else:
        cut = [dict(type='RandomResizedCrop', scale=size)]
    train = [_LOAD, *cut, _FLIP, _PACK]
    return dict(train_pipeline=train, test_pipeline=_test(size))


def of_views(size: int, views: int) -> Pipelines:
    """Pipelines of a pretraining with one view of an image, or several."""
    if views == 1:
        crop = dict(type='RandomResizedCrop', scale=size, crop_ratio_range=(0.2, 1.0))
        return dict(
            train_pipeline=[_LOAD, crop, _FLIP, _PACK], test_pipeline=_test(size)
        )
    if size == _OF_BASES and views == 2:
        return {}
    jitter = dict(
        type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1
    )
    view = [
        dict(
            type='RandomResizedCrop',
            scale=size,
            crop_ratio_range=(0.2 if size <= _SMALL else 0.08, 1.0),
        ),
        _FLIP,
        dict(type='RandomApply', transforms=[jitter], prob=0.8),
        dict(type='RandomGrayscale', prob=0.2, keep_channels=True),
    ]
    several = dict(type='MultiView', num_views=views, transforms=[view])
    return dict(train_pipeline=[_LOAD, several, _PACK], test_pipeline=_test(size))


def of_walks(frames: int) -> list[dict[str, Any]]:
    """The training pipeline of walks that have few frames."""
    return [
        dict(type='LoadSequence'),
        dict(type='SilhouetteCut'),
        dict(
            type='SampleFrames',
            sample_type='fixed_unordered',
            frames_num_fixed=frames,
        ),
        dict(type='RandomFlip', prob=0.2),
        dict(type='PackInputs', input_key='sils', meta_keys=Code('_base_.meta_keys')),
    ]


def of_pairs(crop: tuple[int, ...]) -> list[Any]:
    """The training pipeline of pairs, with crops of another height and width."""
    return [
        dict(type='LoadImageFromFile', keys=['ref_img', 'tgt_img']),
        dict(type='LoadDisparity'),
        dict(type='RandomCrop', crop_size=crop, pad_if_needed=True),
        Code('_base_.pack'),
    ]
