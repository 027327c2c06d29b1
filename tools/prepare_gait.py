"""Cut and centre silhouettes: python tools/prepare_gait.py SOURCE OUT [--layout L]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['prepare-gait', *sys.argv[1:]]))
