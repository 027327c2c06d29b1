"""The command ``mmlite extract-features``."""

from __future__ import annotations

import argparse

from .common import Command, add_overrides, checked_pair, suggest

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file, or a work_dir or checkpoint alone')
    parser.add_argument('out', metavar='OUT.npz', help='file to write')
    parser.add_argument(
        '--checkpoint',
        help='checkpoint file or work_dir; without any the weights are random',
    )
    add_overrides(parser)
    loader = parser.add_argument(
        '--dataloader',
        default='val_dataloader',
        help='whose images: train_dataloader, val_dataloader or test_dataloader',
    )
    suggest(loader, lambda: [f'{p}_dataloader' for p in ('train', 'val', 'test')])
    parser.add_argument(
        '--whole-maps',
        action='store_true',
        help='keep maps and tokens as they are, not their mean',
    )


def _run(args: argparse.Namespace) -> int:
    config, checkpoint = checked_pair(args.config, args.checkpoint)
    from ..extracting import extract_features

    found = extract_features(
        config,
        checkpoint,
        args.out,
        args.cfg_options,
        dataloader=args.dataloader,
        pooled=not args.whole_maps,
    )
    for name, value in found.items():
        print(f'{name:<10}{" x ".join(map(str, value.shape))}')
    return 0


COMMAND = Command(
    'extract-features', 'write the features of a dataset', _add_arguments, _run
)
