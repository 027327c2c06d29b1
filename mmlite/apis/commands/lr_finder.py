"""The command ``mmlite lr-finder``."""

from __future__ import annotations

import argparse

from .common import Command, add_overrides, checked_config

__all__ = ['COMMAND']


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file, checkpoint or work_dir')
    add_overrides(parser)
    parser.add_argument('--start-lr', type=float, default=1e-6, metavar='LR')
    parser.add_argument('--end-lr', type=float, default=1.0, metavar='LR')
    parser.add_argument(
        '--num-iters', type=int, default=100, metavar='N', help='iterations to train'
    )
    parser.add_argument(
        '--mode',
        choices=('exp', 'linear'),
        default='exp',
        help='whether the learning rate grows by a factor or by a number',
    )
    parser.add_argument('--out', metavar='FILE', help='the plot to write')


def _run(args: argparse.Namespace) -> int:
    config = checked_config(args.config)
    from ..lr_finder import find_lr

    found = find_lr(
        config,
        args.cfg_options,
        start_lr=args.start_lr,
        end_lr=args.end_lr,
        num_iters=args.num_iters,
        mode=args.mode,
        out=args.out,
    )
    if found.suggestion is None:
        print(
            'the loss does not fall by more than it varies, from '
            f'{found.lrs[0]:.2g} to {found.lrs[-1]:.2g}: no learning rate can be '
            f'suggested; plot: {found.picture}\n'
            f'try more iterations, --num-iters {4 * args.num_iters}, or other bounds, '
            '--start-lr and --end-lr'
        )
        return 0
    print(
        f'the loss falls fastest at a learning rate of {found.suggestion:.2g}, and is '
        f'least at {found.best:.2g}; plot: {found.picture}\n'
        f'train with --cfg-options optim_wrapper.optimizer.lr={found.suggestion:.2g}'
    )
    return 0


COMMAND = Command(
    'lr-finder', 'find a learning rate by a short sweep', _add_arguments, _run
)
