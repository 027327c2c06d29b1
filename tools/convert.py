"""Convert a checkpoint: python tools/convert.py CHECKPOINT OUT --from PROJECT."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['convert', *sys.argv[1:]]))
