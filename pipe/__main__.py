"""`python -m pipe`."""

import sys

from pipe.cli import main

if __name__ == "__main__":
    sys.exit(main())
