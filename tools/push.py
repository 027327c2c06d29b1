"""Push a model to the Hugging Face Hub: python tools/push.py CHECKPOINT REPO."""

import sys

from mmlite.apis.cli import main

if __name__ == '__main__':
    sys.exit(main(['push', *sys.argv[1:]]))
