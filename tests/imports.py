#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""No test imports from another one: what several need is in lib/ or, if there is none, in a file beside them that is no
test, and fixtures are in conftest.py."""
import re

from source import report

IMPORT = re.compile(r"^[ \t]*(?:from|import) (test_\w+)", re.M)


def check(root):
    return [f"{path.relative_to(root)}: imports from {name}; what several tests need is for a file that is no test"
            for path in sorted((root / "tests").rglob("*.py")) for name in IMPORT.findall(path.read_text())]


if __name__ == "__main__":
    report(check)
