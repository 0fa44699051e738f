"""Run the command line by ``python -m clast``."""

import sys

from clast.cli import main

if __name__ == "__main__":
    sys.exit(main())
