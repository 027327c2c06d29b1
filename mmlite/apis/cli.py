"""The command line: ``mmlite train | test | print-config | ...``.

The scripts under ``tools/`` call the same commands.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from ..config import OverrideAction, config_text, examine, load_config
from ..errors import ConfigError, UserError, did_you_mean
from ..version import __version__

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code.

    A mistake of the user ends in a few lines on stderr and exit code 1, Ctrl-C
    in 130; anything else is a defect and keeps its traceback.

    Args:
        argv: The command and its arguments; by default those of the process.
    """
    args, unknown = _parser().parse_known_args(argv)
    if unknown:
        _refuse(args.parser, unknown)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        return 130
    except UserError as error:
        if os.environ.get('MMLITE_TRACEBACK'):
            raise
        if _should_tell(error):
            kind = 'error: ' if error.exit_code == 1 else ''
            print(f'{kind}{error}', file=sys.stderr)
        return error.exit_code


def _refuse(parser: argparse.ArgumentParser, unknown: Sequence[str]) -> NoReturn:
    """End with the usage of the command, and the flags that were meant."""
    flags = [flag for action in parser._actions for flag in action.option_strings]
    words = [word.partition('=')[0] for word in unknown]
    hints = [did_you_mean(w, flags) if w.startswith('-') else '' for w in words]
    parts = [word + hint for word, hint in zip(unknown, hints, strict=True)]
    parser.error(f'unrecognized arguments: {", ".join(parts)}')


def _should_tell(error: UserError) -> bool:
    """Whether this process is the one that tells of a mistake that all have met."""
    from ..engine.ranks import should_tell

    return should_tell(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='mmlite', description=__doc__)
    parser.add_argument('--version', action='version', version=__version__)
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for name, summary, add_arguments, run in (
        ('train', 'train a model', _add_train, _train),
        ('test', 'test a checkpoint', _add_test, _test),
        ('print-config', 'print a config as it is used', _add_print, _print_config),
        ('check-config', 'find the mistakes in configs', _add_check, _check_config),
        ('predict', 'predict on pictures', _add_predict, _predict),
        ('export', 'export a model to ONNX or torch.export', _add_export, _export),
        ('reparameterize', 'fuse a network for deployment', _add_fuse, _fuse),
        ('pack-dataset', 'decode a dataset once, into one file', _add_pack, _pack),
        ('prepare-gait', 'cut and centre silhouettes of walks', _add_gait, _gait),
        ('convert-detection', 'boxes in another format', _add_convert, _convert),
    ):
        command = commands.add_parser(name, help=summary, description=summary)
        add_arguments(command)
        command.set_defaults(run=run, parser=command)
    return parser


def _add_overrides(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=OverrideAction,
        default=[],
        metavar='KEY=VALUE',
        help='change entries of the config, e.g. model.backbone.depth=34 '
        '"param_scheduler.milestones=[3,5]"; a new key needs a leading +',
    )


def _add_running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file')
    _add_overrides(parser)
    parser.add_argument('--work-dir', help='where logs and checkpoints go')
    parser.add_argument(
        '--launcher',
        choices=LAUNCHERS,
        help='what started the processes; torchrun is found out',
    )
    # Older launchers pass the rank as an argument instead of LOCAL_RANK.
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, help=argparse.SUPPRESS
    )


def _add_train(parser: argparse.ArgumentParser) -> None:
    _add_running(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='PATH',
        help='continue from a checkpoint; without PATH from the latest one',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument(
        '--no-validate', action='store_true', help='do not validate while training'
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the total batch size',
    )


def _add_test(parser: argparse.ArgumentParser) -> None:
    _add_running(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out', metavar='FILE', help='write predictions to a .json, .csv or .pkl file'
    )
    parser.add_argument(
        '--out-whole',
        action='store_true',
        help='write ground truth and maps to that file too',
    )
    parser.add_argument(
        '--tta', action='store_true', help='average over augmented views'
    )


def _add_print(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file')
    _add_overrides(parser)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('configs', nargs='+', help='config files')
    _add_overrides(parser)


def _add_fuse(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('out', help='file to write')
    _add_overrides(parser)


def _add_pack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('source', help='folder of images, or config file')
    parser.add_argument('out', help='folder to write')
    _add_overrides(parser)
    parser.add_argument(
        '--split',
        choices=('train', 'val', 'test'),
        help="which part of the folder, or which of a config's datasets",
    )
    parser.add_argument(
        '--short-edge',
        type=int,
        metavar='PIXELS',
        help='resize so that the shorter edge has this length',
    )
    parser.add_argument(
        '--center-crop',
        action='store_true',
        help='cut a square out of the centre, of the length of the shorter edge',
    )
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        metavar=('WIDTH', 'HEIGHT'),
        help='resize to this size, whatever the shape was',
    )
    parser.add_argument(
        '--interpolation',
        default='bilinear',
        help='how to resize: bilinear, bicubic, area, lanczos, nearest',
    )
    parser.add_argument(
        '--on-error',
        choices=('raise', 'skip'),
        help='what to do about an image that cannot be read',
    )
    parser.add_argument('--num-workers', type=int, help='processes that decode')


def _add_gait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('source', help='folder of the data set')
    parser.add_argument('out', help='folder to write')
    parser.add_argument(
        '--layout',
        default='casiab',
        help='casiab, oumvlp, gait3d, grew or sustech1k',
    )
    parser.add_argument('--size', type=int, default=64, help='pixels of a frame')


def _add_convert(parser: argparse.ArgumentParser) -> None:
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


def _add_predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'words',
        nargs='+',
        metavar='[CONFIG] CHECKPOINT INPUT...',
        help='a checkpoint, with its config if it does not hold it, and images, '
        'folders, patterns or addresses',
    )
    _add_overrides(parser)
    parser.add_argument(
        '--out', metavar='FILE', help='write predictions to a .json, .csv or .pkl file'
    )
    parser.add_argument(
        '--show-dir', metavar='DIR', help='write the pictures with their predictions'
    )
    parser.add_argument('--device', help='e.g. cpu or cuda:1')
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--num-workers', type=int, default=0)
    parser.add_argument(
        '--on-error',
        choices=('raise', 'skip'),
        default='raise',
        help='what to do about a picture that cannot be read',
    )


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file, or a checkpoint that holds it')
    parser.add_argument('checkpoint', nargs='?', help='checkpoint file')
    _add_overrides(parser)
    parser.add_argument('--out', metavar='FILE', help='file to write')
    parser.add_argument('--format', choices=('onnx', 'torch-export'), default='onnx')
    parser.add_argument(
        '--size', type=int, nargs='+', metavar='PIXELS', help='height and width'
    )
    parser.add_argument(
        '--dynamic', action='store_true', help='let batch and image sizes vary'
    )
    parser.add_argument(
        '--preprocessing',
        action='store_true',
        help='normalise within; the input is RGB from 0 to 255',
    )
    parser.add_argument('--image', help='a picture to compare the outputs on')


def _export_rank(args: argparse.Namespace) -> None:
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))


def _train(args: argparse.Namespace) -> int:
    from .training import train

    _export_rank(args)
    train(
        args.config,
        args.cfg_options,
        work_dir=args.work_dir,
        resume=args.resume or False,
        amp=args.amp,
        validate=not args.no_validate,
        auto_scale_lr=args.auto_scale_lr,
        launcher=args.launcher,
    )
    return 0


def _test(args: argparse.Namespace) -> int:
    from .testing import test

    _export_rank(args)
    test(
        args.config,
        args.checkpoint,
        args.cfg_options,
        work_dir=args.work_dir,
        out=args.out,
        out_whole=args.out_whole,
        tta=args.tta,
        launcher=args.launcher,
    )
    return 0


def _print_config(args: argparse.Namespace) -> int:
    print(config_text(load_config(args.config, args.cfg_options)), end='')
    return 0


def _check_config(args: argparse.Namespace) -> int:
    wrong = 0
    for path in args.configs:
        try:
            found = examine(load_config(path, args.cfg_options))
            problems = str(ConfigError(found.problems, path)) if found.problems else ''
            for advice in found.advice:
                print(f'{path}: warning: {advice}')
        except ConfigError as error:
            problems = str(error)
        wrong += bool(problems)
        print(problems or f'{path}: ok')
    return min(wrong, 1)


def _predict(args: argparse.Namespace) -> int:
    from .predicting import predict, split_words

    config, checkpoint, inputs = split_words(args.words)
    predict(
        config,
        checkpoint,
        inputs,
        args.cfg_options,
        out=args.out,
        show_dir=args.show_dir,
        device=args.device,
        batch_size=args.batch_size,
        num_workers=args.num_workers,
        on_error=args.on_error,
        report=lambda found: print(f'{found.name}: {found.text()}', flush=True),
    )
    return 0


def _export(args: argparse.Namespace) -> int:
    from .exporting import export

    path = export(
        args.config,
        args.checkpoint,
        args.out,
        args.format,
        args.cfg_options,
        size=args.size,
        dynamic=args.dynamic,
        preprocessing=args.preprocessing,
        image=args.image,
    )
    print(f'written {path}: the same as in PyTorch on random and on real input')
    return 0


def _fuse(args: argparse.Namespace) -> int:
    from .reparameterizing import reparameterize

    out = reparameterize(args.config, args.checkpoint, args.out, args.cfg_options)
    print(f'fused; build the model with model.backbone.deploy=True to load {out}')
    return 0


def _convert(args: argparse.Namespace) -> int:
    from .converting import convert_detection

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


def _pack(args: argparse.Namespace) -> int:
    from .packing import pack_dataset

    out = pack_dataset(
        args.source,
        args.out,
        args.cfg_options,
        split=args.split,
        short_edge=args.short_edge,
        center_crop=args.center_crop,
        size=args.size,
        interpolation=args.interpolation,
        on_error=args.on_error,
        num_workers=args.num_workers,
    )
    print(f"packed; read it with dict(type='PackedDataset', data_root={str(out)!r})")
    return 0


def _gait(args: argparse.Namespace) -> int:
    from .preparing_gait import prepare_gait

    found = prepare_gait(args.source, args.out, args.layout, args.size)
    print(f'written {found.walks} walks to {args.out}')
    for name, dropped in (
        ('frames that show nobody', found.dropped_frames),
        ('walks without a frame', found.dropped_walks),
        ('walks of fewer than 5 frames', found.short_walks),
    ):
        if dropped:
            print(f'{len(dropped)} {name}:', *dropped, sep='\n  ')
    return 0
