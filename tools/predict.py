"""Predict: python tools/predict.py [CONFIG] CHECKPOINT INPUT... [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['predict', *sys.argv[1:]]))
