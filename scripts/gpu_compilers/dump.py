"""What a driver prints while `strata compile` has it compile, divided by pipelines."""

import json
import os
import subprocess
import tempfile

from . import drivers

# Bytes that a compiler may take.
MEMORY = 8 << 30


def read(stream, keep):
    """The lines of each pipeline, and what stands behind the last: the program's own JSON."""
    found, current, rest = {}, None, []
    wanted = keep()
    for line in stream:
        line = line.rstrip("\n")
        if line.startswith("@@@ "):
            current, rest, wanted = line[4:], [], keep()
            found[current] = []
        elif line.startswith("@@@end "):
            current, rest = None, []
        elif current is None:
            rest.append(line)
        elif wanted(line):
            found[current].append(line)
    return found, rest


def report(rest):
    """The JSON behind a dump: the last object that begins at the left margin."""
    starts = [at for at, line in enumerate(rest) if line == "{"]
    if not starts:
        return None
    text = "\n".join(rest[starts[-1]:])
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except json.JSONDecodeError:
        return None


def compile_for(chip, folder, strata, arguments):
    """Has the driver of a chip compile: the dump by pipelines, and the program's report."""
    variables = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": "/tmp", "NODEVICE_SELECT": "1", "STRATA_CACHE": "/nonexistent"} | chip.variables()
    set_them = [f"{name}={value}" for name, value in variables.items()]
    # Line by line, because what is printed to stdout and to stderr must keep its order.
    command = [
        *drivers.enter(folder), "/usr/bin/env", "-i", *set_them, "/usr/bin/stdbuf", "-oL", strata, "compile",
        "--device", "gpu", *arguments,
    ]
    # Drivers write word by word: into a file that costs half as much as into a pipe. NVIDIA's has some hundred megabytes.
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        status = subprocess.run(
            command, stdout=said, stderr=subprocess.STDOUT, preexec_fn=drivers.limited(MEMORY)
        ).returncode
        said.seek(0)
        found, rest = read(said, chip.reads.keep)
    return found, report(rest), status, rest
