"""What logs say: python tools/analyze.py LOG... [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['analyze', *sys.argv[1:]]))
