"""Honeykrisp's dumps: `AGX_MESA_DEBUG=shaderdb,shaders`, for Apple's M1. A shader is printed several times on its way;
what counts is the last one in registers, which has the instructions that wait for memory."""

import re

from .code import BARRIER, FREE, LOAD, LOCAL, MULTIPLY_ADD, SCALAR, SPILL, STORE, VECTOR, Block, Instruction

SINGLE_ISSUE = True
LINE = re.compile(
    r"CS shader: (\d+) instrs, .* (\d+) code size, (\d+) gprs, .* (\d+) scratch, (\d+) threads, .* (\d+):(\d+) spills:fills"
)


def keep():
    """The code in blocks, which begin at the left margin, and the statistics."""
    within = False

    def wanted(line):
        nonlocal within
        if re.match(r"block\d+ \{", line):
            within = True
        kept = within or line.startswith(("CS shader:", "shared_size:"))
        if line.startswith("}"):
            within = False
        return kept

    return wanted


def statistics(lines, _chip):
    found = [LINE.match(line) for line in lines if LINE.match(line)]
    if not found:
        return None
    instructions, size, registers, scratch, threads, spills, _ = map(int, found[-1].groups())
    shared = [int(line.split(":")[1]) for line in lines if line.startswith("shared_size:")]
    return {
        "registers": registers,
        "spills": spills,
        "scratch": scratch,
        "occupancy": threads,
        "workgroup_memory": max(shared, default=0),
        "instructions": instructions,
        "code": size,
        "wave": 32,
    }


def instruction(line):
    text = line.strip()
    if re.match(r"wait\b", text):
        slot = re.search(r"slot (\d+)", text)
        return Instruction(FREE, awaits=frozenset([int(slot.group(1)) if slot else 0]))
    result, equals, rest = text.partition(" = ")
    operation = (rest if equals else result).split()[0].rstrip(",") if text else ""
    if operation.startswith("ffma"):
        return Instruction(MULTIPLY_ADD, adds=1)
    if operation == "device_load":
        mask = re.search(r", ([xyzw]+),", text)
        slot = re.search(r"slot (\d+)", text)
        words = len(mask.group(1)) if mask else 1
        return Instruction(LOAD, width=4 * words, token=int(slot.group(1)) if slot else 0)
    if operation.startswith(("device_store", "uniform_store")):
        return Instruction(STORE)
    if operation.startswith("stack_"):
        return Instruction(SPILL)
    if operation.startswith("local_"):
        return Instruction(LOCAL)
    if operation.startswith("threadgroup_barrier"):
        return Instruction(BARRIER)
    if operation.startswith(("jmp_", "pop_exec", "else_", "if_", "while_", "push_exec", "break", "begin_cf", "stop")):
        return Instruction(SCALAR)
    if operation in ("phi", "logical_end", "export", "preload", "collect", "split"):
        return Instruction(FREE)
    return Instruction(VECTOR, addition=operation == "fadd")


def programs(lines):
    """Every form of the code that was printed, as blocks."""
    found, within = [], False
    for line in lines:
        head = re.match(r"block(\d+) \{", line)
        if head:
            if head.group(1) == "0" or not found:
                found.append([])
            found[-1].append(Block(int(head.group(1)), [], []))
            within = True
        elif line.startswith("}"):
            if found and within:
                after = line.partition("->")[2].partition("from")[0]
                found[-1][-1].successors = [int(name) for name in re.findall(r"block(\d+)", after)]
            within = False
        elif within and line.strip():
            found[-1][-1].instructions.append(instruction(line))
    return found


def blocks(lines):
    def awaits(program):
        return any(instruction.awaits for block in program for instruction in block.instructions)

    def adds(program):
        return sum(instruction.adds for block in program for instruction in block.instructions)

    # What runs ahead of all lanes is printed in the same way, and multiplies little.
    awaited = [program for program in programs(lines) if awaits(program)]
    return max(awaited, key=adds, default=[])
