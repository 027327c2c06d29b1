"""Write a recipe for a folder of data: python tools/new.py --data FOLDER."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['new', *sys.argv[1:]]))
