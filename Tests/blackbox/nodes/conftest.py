"""Two nodes where the other tests have one server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
for other in ("flows", "attacks", "management"):
    sys.path.append(str(Path(__file__).resolve().parents[1] / other))

from cluster import Cluster, running  # noqa: E402


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Two nodes behind nginx; no test of these ends one."""
    cluster = running()
    yield cluster
    cluster.dispose()


@pytest.fixture(scope="session")
def server(cluster: Cluster) -> Cluster:
    return cluster


@pytest.fixture(scope="session")
def strict() -> Iterator[Cluster]:
    """No grace window: one use of a refresh token wins, whichever nodes it is used at."""
    cluster = running("--refresh-grace", "0")
    yield cluster
    cluster.dispose()
