#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""graph_page.py SCRIPT OUTPUT: makes a C header of the script of a page: its text, and its hash for the page's
Content-Security-Policy, which allows that script and no other."""
import base64
import hashlib
import json
import sys
from pathlib import Path

source, target = map(Path, sys.argv[1:])
text = source.read_text(encoding="utf-8")
digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
body = "\n".join("\t" + json.dumps(line, ensure_ascii=False) for line in text.splitlines(keepends=True))
target.write_text(f"/* {target.name} - made of {source.name} by graph_page.py. */\n"
                  f'#define PAGE_JS_HASH "sha256-{digest}"\nstatic const char page_js[] =\n{body};\n', encoding="utf-8")
