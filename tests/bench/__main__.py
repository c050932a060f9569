"""`python -m tests.bench`: what it imports, no contestant's process imports."""

import sys

if __name__ == "__main__":
    from tests.bench.run import main

    sys.exit(main())
