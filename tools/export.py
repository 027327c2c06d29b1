"""Export a model: python tools/export.py CONFIG CHECKPOINT [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['export', *sys.argv[1:]]))
