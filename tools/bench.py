"""Where the time of a training goes: python tools/bench.py CONFIG [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['bench', *sys.argv[1:]]))
