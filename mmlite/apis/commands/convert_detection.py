"""The command ``mmlite convert-detection``."""

from __future__ import annotations

import argparse

from .common import Command

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    formats = ('coco', 'voc', 'yolo')
    parser.add_argument('source', choices=formats, help='format that is read')
    parser.add_argument('target', choices=formats, help='format that is written')
    parser.add_argument('root', help='folder of the dataset')
    parser.add_argument('out', help='folder to write to')
    parser.add_argument('--split', default='train', help='which part, e.g. val')
    parser.add_argument(
        '--ann-file',
        help="COCO's JSON, YOLO's data.yaml or VOC's list of images, below the folder",
    )
    parser.add_argument('--images', help="COCO's folder of images, below the folder")
    parser.add_argument('--classes', help='file of the classes, one a line')


def _run(args: argparse.Namespace) -> int:
    from ..converting import convert_detection

    written = convert_detection(
        args.source,
        args.target,
        args.root,
        args.out,
        split=args.split,
        ann_file=args.ann_file,
        images=args.images,
        classes=args.classes,
    )
    print(written)
    return 0


COMMAND = Command('convert-detection', 'boxes in another format', _add_arguments, _run)
