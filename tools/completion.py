"""Print what lets a shell complete commands: python tools/completion.py SHELL."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['completion', *sys.argv[1:]]))
