"""Train a model: python tools/train.py CONFIG [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['train', *sys.argv[1:]]))
