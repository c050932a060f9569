"""`python -m tests.outcome`: see run.py."""

import sys

from tests.outcome.run import main

sys.exit(main())
