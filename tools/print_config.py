"""Print a config as it is used: python tools/print_config.py CONFIG."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['print-config', *sys.argv[1:]]))
