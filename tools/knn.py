"""Judge features by nearest neighbours: python tools/knn.py CONFIG [CHECKPOINT]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['knn', *sys.argv[1:]]))
