"""Runs the Python of docs/results.md as it stands there, in the folder of a run directory's parent: results.py DOCUMENT."""

import re
import sys
from pathlib import Path

text = Path(sys.argv[1]).read_text()
blocks = re.findall(r"```python\n(.*?)```", text, flags=re.S)
assert len(blocks) >= 3, len(blocks)
for block in blocks:
    print(f"--- {block}", flush=True)
    exec(compile(block, sys.argv[1], "exec"), {})
