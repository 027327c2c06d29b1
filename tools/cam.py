"""See where a network looks: python tools/cam.py [CONFIG] CHECKPOINT IMAGE...."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['cam', *sys.argv[1:]]))
