"""Count what a network costs: python tools/flops.py CONFIG|NAME [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['flops', *sys.argv[1:]]))
