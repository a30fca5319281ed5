# SPDX-License-Identifier: MIT
"""Each file of tests/bad is refused with the messages next to it. UPDATE=1 rewrites them."""
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BAD = sorted((ROOT / "tests/bad").glob("*.json"))
NETNSCTL = (ROOT / os.environ.get("NETNSD_BUILD", "build")).resolve() / "netnsctl"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_words(path):
    result = subprocess.run([NETNSCTL, "validate", path.name], cwd=path.parent, capture_output=True, text=True, check=False,
                            timeout=20)
    expected = path.with_suffix(".txt")
    if os.environ.get("UPDATE"):
        expected.write_text(result.stderr)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == expected.read_text()


def test_there_are_some():
    assert len(BAD) > 40
