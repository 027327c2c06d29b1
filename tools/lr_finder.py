"""Find a learning rate: python tools/lr_finder.py CONFIG [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['lr-finder', *sys.argv[1:]]))
