"""Keep features: python tools/extract_features.py CONFIG OUT.npz [options]."""

from __future__ import annotations

import argparse
import sys

from mmlite.apis.extracting import extract_features


def main() -> int:
    """Read the command line, and write the file."""
    parser = argparse.ArgumentParser(description='Keep the features of a dataset.')
    parser.add_argument('config', help='config file')
    parser.add_argument('out', help='.npz file to write')
    parser.add_argument('--checkpoint', help='without one the weights are random')
    parser.add_argument('--dataloader', default='val_dataloader')
    parser.add_argument('--cfg-options', nargs='+', default=[])
    args = parser.parse_args()
    found = extract_features(
        args.config,
        args.checkpoint,
        args.out,
        args.cfg_options,
        dataloader=args.dataloader,
    )
    for name, value in found.items():
        print(f'{name:<10}{" x ".join(map(str, value.shape))}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
