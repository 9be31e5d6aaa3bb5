"""`python -m aecore`: see :mod:`aecore.cli`."""

import sys

from aecore.cli import main

if __name__ == "__main__":
    sys.exit(main())
