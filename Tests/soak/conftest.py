"""Tests that take minutes: `make soak` and `make upgrade-test` run them, CI does not."""

import sys
from pathlib import Path

for folder in ("blackbox", "blackbox/faults"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))
