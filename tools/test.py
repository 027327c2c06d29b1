"""Test a checkpoint: python tools/test.py CONFIG CHECKPOINT [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['test', *sys.argv[1:]]))
