#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""embed.py INPUT OUTPUT SYMBOL: makes a C header of a text, so that the text itself is the source."""
import json
import sys
from pathlib import Path

source, target, symbol = sys.argv[1:]
lines = Path(source).read_text(encoding="utf-8").splitlines(keepends=True)
body = "\n".join("\t" + json.dumps(line, ensure_ascii=False) for line in lines)
Path(target).write_text(f"/* {Path(target).name} - made of {Path(source).name} by embed.py. */\n"
                        f"static const char {symbol}[] =\n{body};\n", encoding="utf-8")
