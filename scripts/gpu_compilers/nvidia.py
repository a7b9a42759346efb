"""NAK's dumps: `NAK_DEBUG=print`, instructions of NVIDIA's GPUs by Mesa's compiler. It prints the code after every pass;
what counts is the last one, which knows the scoreboards that each instruction sets and awaits."""

import re

from .code import BARRIER, FREE, LOAD, LOCAL, MULTIPLY_ADD, SCALAR, SPILL, STORE, VECTOR, Block, Instruction

SINGLE_ISSUE = True
LAST_PASS = "NAK IR after calc_instr_deps:"
BYTES_OF_AN_INSTRUCTION = 16
# Counters of loads, of which an instruction may await any.
SCOREBOARDS = 6


def keep():
    """Which lines of a dump are kept: a function to be called with each in turn."""
    keeping = False

    def wanted(line):
        nonlocal keeping
        if line.startswith((LAST_PASS, "Stage:")):
            keeping = True
        elif line.startswith(("NAK IR", "Encoded shader", "Structured NIR", "NIR")):
            keeping = False
        return keeping or line.startswith("shared_size:")

    return wanted


def statistics(lines, _chip):
    found = {}
    for line in lines:
        match = re.match(r"([A-Za-z][A-Za-z /_]*): (\d+)", line)
        if match:
            found[match.group(1)] = int(match.group(2))
    if "Num GPRs" not in found:
        return None
    return {
        "registers": found["Num GPRs"],
        # What is spilled to other registers costs an instruction, and no memory.
        "spills": found["Spills to mem"],
        "scratch": found["SLM size"],
        "occupancy": found["Max warps/SM"],
        "workgroup_memory": found.get("shared_size", 0),
        "instructions": found["Instruction count"],
        "code": BYTES_OF_AN_INSTRUCTION * found["Instruction count"],
        "wave": 32,
    }


def width(operation):
    bits = re.search(r"\.[bu](\d+)", operation)
    return int(bits.group(1)) // 8 if bits else 4


def instruction(line):
    text, _, notes = line.partition("//")
    awaits = frozenset()
    mask = re.search(r"wt=([01]+)", notes)
    if mask:
        awaits = frozenset(at for at, bit in enumerate(reversed(mask.group(1))) if bit == "1")
    text = re.sub(r"^@!?u?p\d+\s+", "", text.strip()).split(" = ")[-1].strip()
    operation = re.match(r"[a-z][a-z0-9_.]*", text)
    if not operation:
        return None
    operation = operation.group(0)
    if operation.startswith("ffma"):
        return Instruction(MULTIPLY_ADD, adds=1, awaits=awaits)
    if operation.startswith(("ld.global", "ldg")):
        token = re.search(r"wr:(\d)", notes)
        return Instruction(LOAD, width=width(operation), token=int(token.group(1)) if token else None, awaits=awaits)
    if operation.startswith(("st.global", "stg")):
        return Instruction(STORE, awaits=awaits)
    if operation.startswith(("ld.local", "st.local", "ldl", "stl")):
        return Instruction(SPILL, awaits=awaits)
    if operation.startswith(("ld.shared", "st.shared", "lds", "sts")):
        return Instruction(LOCAL, awaits=awaits)
    if operation.startswith("bar"):
        return Instruction(BARRIER, awaits=awaits)
    if operation.startswith(("bra", "ldc", "membar", "bsync", "bssy", "r2ur", "nop")):
        return Instruction(FREE if operation.startswith("nop") else SCALAR, awaits=awaits)
    return Instruction(VECTOR, addition=operation.startswith("fadd"), awaits=awaits)


def blocks(lines):
    found, within = [], False
    for line in lines:
        head = re.match(r"block(?:\.u)? (\d+) .*-> \{", line)
        if head:
            found.append(Block(int(head.group(1)), [], []))
            within = True
            continue
        end = re.match(r"\} -> \[(.*)\]", line)
        if end:
            found[-1].successors = [int(name) for name in end.group(1).split(",") if name.strip()]
            within = False
        elif within and line.strip():
            made = instruction(line)
            if made:
                found[-1].instructions.append(made)
    return found
