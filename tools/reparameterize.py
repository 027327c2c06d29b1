"""Fuse a network for deployment: python tools/reparameterize.py CONFIG CHECKPOINT OUT.

Networks with branches that can be one (RepVGG, MobileOne, ...) give the same
outputs afterwards, and are faster.
"""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['reparameterize', *sys.argv[1:]]))
