# SPDX-License-Identifier: MIT
"""The fixture `ctl`: netnsctl in an empty folder."""
import pytest
from ctl import NETNSCTL, Ctl


def pytest_configure():
    if not NETNSCTL.exists():
        pytest.exit(f"{NETNSCTL} is not there; build first", 2)


@pytest.fixture
def ctl(tmp_path):
    c = Ctl(tmp_path)
    yield c
    c.close()
