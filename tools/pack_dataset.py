"""Decode a dataset once: python tools/pack_dataset.py SOURCE OUT [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['pack-dataset', *sys.argv[1:]]))
