"""Find the mistakes in configs: python tools/check_config.py CONFIG..."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['check-config', *sys.argv[1:]]))
