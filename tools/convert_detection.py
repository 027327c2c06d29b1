"""Boxes in another format: python tools/convert_detection.py FROM TO ROOT OUT."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['convert-detection', *sys.argv[1:]]))
