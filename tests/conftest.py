"""What every test relies on: no display, one thread, known seeds, and the reference numbers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SHARED_REFERENCE = ROOT.parent / "shared" / "reference"

# Both are inherited by the processes that tests start.
os.environ["MPLBACKEND"] = "Agg"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["TRUSTSEM_BOOTSTRAP"] = os.environ["TRUSTSEM_POWER"] = "20"
os.environ["TRUSTSEM_CUTOFFS"] = "20"
os.environ.pop("COLUMNS", None)  # parallel workers get it from their terminal

# The same examples every time: a failure is that of the change at hand.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Keep linear algebra on one thread: matrices are small, and machines are shared."""
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Fix the global seed that code of third parties draws from."""
    np.random.seed(20170329)  # noqa: NPY002 - for code that is not ours


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator with a fixed seed."""
    return np.random.default_rng(20170329)


@pytest.fixture(scope="session")
def project_root() -> Path:
    """Return the folder that holds ``pyproject.toml``."""
    return ROOT


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """Return the folder of reference numbers beside the project, or skip."""
    if not SHARED_REFERENCE.is_dir():
        pytest.skip("the reference numbers beside the project (../shared/reference) are absent")
    return SHARED_REFERENCE
