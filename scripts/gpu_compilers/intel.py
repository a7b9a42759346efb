"""Anvil's dumps: `INTEL_DEBUG=cs`, the assembler of Intel's Xe GPUs. Where a shader is compiled for several widths, the
last one printed is the one taken."""

import re

from .code import BARRIER, FREE, LOAD, LOCAL, MULTIPLY_ADD, SCALAR, SPILL, STORE, VECTOR, Block, Instruction

SINGLE_ISSUE = True
HEAD = re.compile(
    r"SIMD(\d+) shader: (\d+) instructions\. (\d+) loops\. (\d+) cycles\. (\d+):(\d+) spills:fills, (\d+) sends"
    r".*GRF registers: (\d+)"
)


def keep():
    keeping = False

    def wanted(line):
        nonlocal keeping
        if line.startswith("Native code"):
            keeping = True
        elif line.startswith("NIR "):
            keeping = False
        return keeping or line.startswith("shared_size:")

    return wanted


def last(lines):
    """The lines of the last program that was made."""
    heads = [at for at, line in enumerate(lines) if HEAD.match(line)]
    return lines[heads[-1]:] if heads else []


def statistics(lines, _chip):
    own = last(lines)
    if not own:
        return None
    lanes, instructions, _, _, spills, _, _, registers = map(int, HEAD.match(own[0]).groups())
    size = re.search(r"Compacted \d+ to (\d+) bytes", own[0])
    shared = [int(line.split(":")[1]) for line in lines if line.startswith("shared_size:")]
    return {
        "registers": registers,
        "spills": spills,
        # What is spilled goes to scratch memory, a register of 32 or 64 bytes each; Anvil prints no size of it.
        "scratch": sum("ss[" in line and "send" in line for line in own),
        "occupancy": lanes,
        "workgroup_memory": max(shared, default=0),
        "instructions": instructions,
        "code": int(size.group(1)) if size else 0,
        "wave": lanes,
    }


def width(message):
    form = re.search(r"load\.\w+\.d(\d+)(?:x(\d+))?", message)
    return int(form.group(1)) // 8 * int(form.group(2) or 1) if form else 4


def instruction(line):
    match = re.match(r"(?:\([^)]*\)\s+)?([a-z0-9_.]+) \((\d+)\)", line.strip())
    if not match:
        return None
    operation = match.group(1)
    # `$3.dst` awaits what message 3 loads; `$3` alone names the message's own counter, or awaits it.
    awaits = frozenset(int(token) for token in re.findall(r"\$(\d+)\.dst", line))
    if operation.startswith("mad") and re.search(r":d\b|:w\b|:u[bwdq]\b", line) is None:
        return Instruction(MULTIPLY_ADD, adds=1, awaits=awaits)
    if operation.startswith("send"):
        token = re.search(r"\$(\d+)\}|\$(\d+)[,}]", line)
        token = int(token.group(1) or token.group(2)) if token else None
        if "ss[" in line:
            return Instruction(SPILL, token=token, awaits=awaits)
        if "slm" in operation or ".slm" in line:
            return Instruction(LOCAL, token=token, awaits=awaits)
        if "load." in line:
            return Instruction(LOAD, width=width(line), token=token, awaits=awaits)
        if "gateway" in line or "barrier" in line:
            return Instruction(BARRIER, awaits=awaits)
        return Instruction(STORE, awaits=awaits)
    if operation.startswith("sync"):
        return Instruction(FREE, awaits=awaits)
    if operation in ("if", "else", "endif", "while", "break", "cont", "halt", "jmpi", "goto", "join"):
        return Instruction(SCALAR, awaits=awaits)
    return Instruction(VECTOR, addition=operation == "add" and ":d" not in line and ":u" not in line, awaits=awaits)


def blocks(lines):
    """Blocks end at labels and behind `while`, which goes back to its label; what `if` leaves out is counted with the
    rest."""
    found = [Block("start", [], [])]
    for line in last(lines)[1:]:
        label = re.match(r"(L\d+):", line)
        if label:
            found.append(Block(label.group(1), [], []))
            continue
        made = instruction(line)
        if made is None:
            continue
        found[-1].instructions.append(made)
        if re.search(r"\bwhile \(", line):
            target = re.search(r"L\d+", line)
            found[-1].successors = [target.group(0)] if target else []
            found.append(Block(f"after {len(found)}", [], []))
    for block, after in zip(found, found[1:]):
        block.successors.append(after.name)
    return found
