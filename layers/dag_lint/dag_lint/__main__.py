"""`python -m dag_lint` is `farflow-lint`."""

import sys

from .command import main

sys.exit(main())
