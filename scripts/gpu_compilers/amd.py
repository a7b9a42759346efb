"""RADV's dumps: `RADV_DEBUG=shaderstats,asm`, instructions of AMD's GPUs from Vega to RDNA4."""

import re

from .code import BARRIER, FREE, LOAD, LOCAL, MULTIPLY_ADD, SCALAR, SPILL, STORE, VECTOR, Block, Instruction

SINGLE_ISSUE = False
STATISTICS = {
    "registers": "VGPRs", "spilled vectors": "Spilled VGPRs", "spilled scalars": "Spilled SGPRs", "code": "Code size",
    "workgroup_memory": "LDS size", "scratch": "Scratch size", "subgroups": "Subgroups per SIMD",
    "instructions": "Instructions",
}
BYTES = {"dword": 4, "dwordx2": 8, "dwordx3": 12, "dwordx4": 16, "b32": 4, "b64": 8, "b96": 12, "b128": 16}
FREE_BEGINNINGS = ("s_delay", "s_nop", "s_clause", "s_sleep", "s_setprio", "s_inst_pref", "s_set_inst")
FUSED = re.compile(r"v_(dual_)?(fma|fmac|fmaak|fmamk|mac|mad)_?(f32|legacy_f32)")


def keep():
    return lambda _line: True


def statistics(lines, chip):
    found = {}
    for line in lines:
        match = re.match(r"\s*([A-Z][A-Za-z ]+): (\d+)", line)
        if match:
            found[match.group(1)] = int(match.group(2))
    if "VGPRs" not in found:
        return None
    values = {name: found.get(key, 0) for name, key in STATISTICS.items()}
    # RADV counts a wave of 64 as two on chips that also have waves of 32.
    half = any(re.search(r"\b(exec_lo|vcc_lo)\b", line) for line in lines)
    values["wave"] = 32 if half else 64
    values["occupancy"] = values.pop("subgroups") // (1 if half or not chip.both_waves else 2)
    values["spills"] = values.pop("spilled vectors") + values.pop("spilled scalars")
    return values


def multiply_adds(operation, operands):
    if operation.startswith("v_dual_"):
        parts = [operation, *re.findall(r"::\s*(v_dual_\S+)", operands)]
        return sum(bool(FUSED.match(part)) for part in parts)
    if operation.startswith("v_pk_fma_f32"):
        return 2
    return int(bool(FUSED.match(operation)))


def width(operation):
    return BYTES.get(operation.rsplit("_", 1)[-1], 4)


def instruction(operation, operands):
    adds = multiply_adds(operation, operands)
    if adds:
        return Instruction(MULTIPLY_ADD, adds=adds)
    if re.match(r"(buffer|global|flat)_load", operation):
        return Instruction(LOAD, width=width(operation))
    if re.match(r"(buffer|global|flat)_store", operation):
        return Instruction(STORE)
    if operation.startswith("scratch_"):
        return Instruction(SPILL)
    if operation.startswith("ds_"):
        return Instruction(LOCAL)
    if operation.startswith(("s_waitcnt", "s_wait_")):
        left = None
        counted = re.search(r"vmcnt\((\d+)\)", operands)
        if counted:
            left = int(counted.group(1))
        elif "loadcnt" in operation:
            # With another counter in the same instruction, its value stands in the higher byte.
            left = int(operands.split()[0], 0)
            left = left >> 8 if "dscnt" in operation else left
        return Instruction(FREE, left=left)
    if operation.startswith(FREE_BEGINNINGS):
        return Instruction(FREE)
    if operation.startswith("s_barrier"):
        return Instruction(BARRIER)
    if operation.startswith("v_"):
        return Instruction(VECTOR, addition=operation.startswith(("v_add_f32", "v_dual_add_f32", "v_pk_add_f32")))
    return Instruction(SCALAR)


def blocks(lines):
    found, endings = [], {}
    for line in lines:
        head = re.match(r"(BB\d+):", line)
        if head:
            found.append(Block(head.group(1), [], []))
            continue
        match = re.match(r"\t(\S+)(.*?)(;|$)", line)
        if not match or not found:
            continue
        operation, operands = match.group(1), match.group(2).strip()
        found[-1].instructions.append(instruction(operation, operands))
        if "branch" in operation:
            found[-1].successors.append(re.search(r"BB\d+", operands).group(0))
            ended = operation == "s_branch"
        else:
            ended = operation == "s_endpgm"
        endings[found[-1].name] = ended
    for block, after in zip(found, found[1:]):
        if not endings.get(block.name):
            block.successors.append(after.name)
    return found
