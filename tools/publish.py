"""Publish weights: python tools/publish.py CHECKPOINT [OUT]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['publish', *sys.argv[1:]]))
