"""Say that this folder is a checkout, where Python takes it for the package.

``python -m mmlite`` beside a checkout that is not installed finds this file.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == '__main__':
    sys.exit(
        f'error: {HERE} is a checkout of mmlite, and not the package, which lies in '
        f'it; install it: pip install -e {HERE}'
    )
