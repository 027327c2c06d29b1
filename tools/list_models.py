"""List models: python tools/list_models.py [PATTERN]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['list-models', *sys.argv[1:]]))
