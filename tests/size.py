#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Files stay short, functions shorter; each file begins with its licence and its purpose, and names no page that the
project does not have."""
import re

from source import c_files, report

FILE_MAX = 450
FUNCTION_MAX = 60
FOLDERS = "include", "daemon", "client", "docs", "tests"
PAGE = re.compile(r"\b[\w-]+\.md\b")
SPDX = "/* SPDX-License-Identifier: MIT */"


def functions(lines):
    """(name, length) of each function, from its first line to its closing brace."""
    start = None
    for i, line in enumerate(lines):
        if re.match(r"[A-Za-z_].*[^;]$", line) and not line.endswith(":"):
            first = i
        if line == "{":
            start = first
        elif line == "}" and start is not None:
            name = re.search(r"(\w+)\(", " ".join(lines[start:i])) or re.match(r"(\w+)", lines[start])
            yield name[1], i - start + 1
            start = None


def file_problems(path, pages):
    lines = path.read_text().splitlines()
    if len(lines) > FILE_MAX:
        yield f"{len(lines)} lines, {FILE_MAX} are allowed"
    if not lines or lines[0] != SPDX:
        yield f"the first line is not {SPDX}"
    if len(lines) < 2 or not lines[1].startswith(f"/* {path.name} - "):
        yield f'the second line does not say what it is for: "/* {path.name} - …"'
    for page in sorted(set(PAGE.findall("\n".join(lines))) - pages):
        yield f"{page} is not in the project"
    for name, length in functions(lines):
        if length > FUNCTION_MAX:
            yield f"{name} has {length} lines, {FUNCTION_MAX} are allowed"


def check(root):
    pages = {p.name for p in [*root.glob("*.md"), *root.glob("docs/*.md")]}
    return [f"{path.relative_to(root)}: {problem}" for path in c_files(root, FOLDERS) for problem in file_problems(path, pages)]


if __name__ == "__main__":
    report(check)
