"""`python -m foreword`, the same as the `foreword` command."""

import sys

from foreword.cli import main

sys.exit(main())
