"""`python -m cueseg`: the backend from the command line."""

import sys

from cueseg.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
