# SPDX-License-Identifier: MIT
"""The fixture `ctl`: netnsctl in an empty folder."""
import signal

import pytest
from ctl import NETNSCTL, Ctl


def pytest_configure():
    # A shell's job in the background ignores these, and all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    if not NETNSCTL.exists():
        pytest.exit(f"{NETNSCTL} is not there; build first", 2)


@pytest.fixture
def ctl(tmp_path):
    c = Ctl(tmp_path)
    yield c
    c.close()
