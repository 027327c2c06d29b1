"""See what a pipeline does: python tools/browse.py CONFIG [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['browse', *sys.argv[1:]]))
