"""The command line as a module: ``python -m mmlite``."""

import sys

from .apis.cli import main

if __name__ == '__main__':
    sys.exit(main())
