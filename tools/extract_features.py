"""Keep features: python tools/extract_features.py CONFIG OUT.npz [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['extract-features', *sys.argv[1:]]))
