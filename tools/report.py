"""Write the page of a run: python tools/report.py WORK_DIR... [options]."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['report', *sys.argv[1:]]))
