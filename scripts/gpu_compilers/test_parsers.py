"""The readers of drivers' dumps, on an excerpt of each: kernels with one loop, whose straight parts are cut out."""

import pathlib
import unittest

from . import chips, code, dump, record

EXCERPTS = pathlib.Path(__file__).parent / "excerpts"


def excerpt(chip):
    reads = chips.BY_NAME[chip].reads
    wanted = reads.keep()
    name = reads.__name__.rsplit(".", 1)[-1]
    return [line for line in (EXCERPTS / f"{name}.txt").read_text().splitlines() if wanted(line)]


def counted(body):
    """How many instructions of each kind a loop has, and the widths of its loads."""
    flat = [instruction for block in body for instruction in block.instructions]
    kinds = {kind: sum(instruction.kind == kind for instruction in flat) for kind in (code.MULTIPLY_ADD, code.VECTOR, code.LOAD)}
    return kinds, {instruction.width for instruction in flat if instruction.kind == code.LOAD}, code.waits(flat)


class Excerpts(unittest.TestCase):
    def statistics(self, chip, expected):
        found = chips.BY_NAME[chip].reads.statistics(excerpt(chip), chips.BY_NAME[chip])
        self.assertEqual({key: found[key] for key in expected}, expected)

    def loop(self, chip, kinds, widths, waits):
        body = code.inner(code.loops(chips.BY_NAME[chip].reads.blocks(excerpt(chip))), 2)
        self.assertEqual(counted(body), (dict(zip((code.MULTIPLY_ADD, code.VECTOR, code.LOAD), kinds)), widths, waits))

    def test_amd(self):
        self.statistics("navi31", {"registers": 36, "spills": 0, "scratch": 0, "occupancy": 16, "code": 1544, "wave": 64})
        # Three loads of four bytes in all branches, of which two come together and are awaited once.
        self.loop("navi31", (22, 80, 3), {4}, 2)

    def test_a_wave_of_64_counts_once_on_vega(self):
        lines = ["VGPRs: 84", "Subgroups per SIMD: 3"]
        self.assertEqual(chips.BY_NAME["vega10"].reads.statistics(lines, chips.BY_NAME["vega10"])["occupancy"], 3)

    def test_nvidia(self):
        self.statistics("ampere", {"registers": 40, "spills": 0, "occupancy": 48, "instructions": 292, "code": 4672})
        # The first five loads go out together, the others one by one.
        self.loop("ampere", (4, 65, 8), {4}, 4)

    def test_intel(self):
        self.statistics("dg2", {"registers": 128, "spills": 0, "occupancy": 16, "instructions": 135, "code": 2176})
        self.loop("dg2", (4, 11, 2), {16}, 1)

    def test_apple(self):
        self.statistics("m1", {"registers": 27, "spills": 0, "scratch": 0, "occupancy": 1024, "code": 1266})
        self.loop("m1", (4, 51, 8), {4}, 8)

    def test_spills_are_read(self):
        line = "SIMD8 shader: 5906 instructions. 2 loops. 399386 cycles. 453:401 spills:fills, 54 sends, scheduled with " \
               "mode none. Promoted 0 constants. GRF registers: 128. Compacted 119344 to 115232 bytes (3%)"
        self.assertEqual(chips.BY_NAME["dg2"].reads.statistics([line], None)["spills"], 453)
        line = "CS shader: 3810 instrs, 2985 alu, 2985 fscib, 498 ic, 26704 code size, 255 gprs, 284 uniforms, 380 " \
               "scratch, 384 threads, 2 loops, 215:177 spills:fills, 230 preamble inst"
        found = chips.BY_NAME["m1"].reads.statistics([line], None)
        self.assertEqual((found["spills"], found["scratch"], found["occupancy"]), (215, 380, 384))

    def test_amd_instructions(self):
        amd = chips.BY_NAME["navi31"].reads
        self.assertEqual(amd.multiply_adds("v_dual_fmac_f32", "v1, v2, v3 :: v_dual_fmac_f32 v4, v5, v6"), 2)
        self.assertEqual(amd.multiply_adds("v_dual_fmac_f32", "v1, v2, v3 :: v_dual_mov_b32 v4, 0"), 1)
        self.assertEqual(amd.multiply_adds("v_mul_f32_e32", "v1, v2, v3"), 0)
        self.assertEqual(amd.instruction("buffer_load_dwordx4", "").width, 16)
        self.assertEqual(amd.instruction("s_waitcnt", "vmcnt(3) lgkmcnt(0)").left, 3)
        self.assertIsNone(amd.instruction("s_waitcnt", "lgkmcnt(0)").left)
        self.assertEqual(amd.instruction("s_wait_loadcnt", "0x2").left, 2)
        self.assertEqual(amd.instruction("s_wait_loadcnt_dscnt", "0x100").left, 1)


def load():
    return code.Instruction(code.LOAD, token=0, width=16)


def wait(left=0):
    return code.Instruction(code.FREE, left=left)


def fused():
    return code.Instruction(code.MULTIPLY_ADD, adds=1)


class Waits(unittest.TestCase):
    def test_a_load_that_is_awaited_at_once_counts_and_one_behind_work_does_not(self):
        self.assertEqual(code.waits([load(), wait(), fused()]), 1)
        self.assertEqual(code.waits([load(), fused(), wait()]), 0)

    def test_a_burst_counts_once_and_what_comes_after_it_again(self):
        self.assertEqual(code.waits([load(), load(), wait(1), wait(0), fused()]), 1)
        self.assertEqual(code.waits([load(), wait(), load(), wait(), fused()]), 2)

    def test_a_load_of_the_turn_before_is_found(self):
        self.assertEqual(code.waits([wait(), fused(), load()]), 1)
        self.assertEqual(code.waits([fused(), wait(), fused(), load()]), 0)

    def test_only_the_awaited_loads_end(self):
        instructions = [load(), fused(), load(), wait(1), fused(), wait(0)]
        self.assertEqual(code.waits(instructions), 0)


class Loops(unittest.TestCase):
    def blocks(self, *edges):
        return [code.Block(name, [fused()] * adds, after) for name, adds, after in edges]

    def test_of_innermost_loops_the_one_with_the_most_multiply_adds_is_found(self):
        blocks = self.blocks(("a", 9, ["b"]), ("b", 1, ["b", "c"]), ("c", 0, ["d"]), ("d", 4, ["c", "e"]), ("e", 9, []))
        self.assertEqual([block.name for block in code.inner(code.loops(blocks))], ["c", "d"])

    def test_of_two_loops_in_one_another_the_inner_one_is_found(self):
        blocks = self.blocks(("a", 0, ["b"]), ("b", 0, ["c"]), ("c", 5, ["c", "d"]), ("d", 0, ["b", "e"]), ("e", 0, []))
        self.assertEqual([block.name for block in code.inner(code.loops(blocks))], ["c"])

    def test_without_a_loop_there_is_none(self):
        self.assertIsNone(code.inner(code.loops(self.blocks(("a", 3, ["b"]), ("b", 3, [])))))

    def test_a_loop_that_stores_and_one_without_a_multiply_add_for_each_sum_are_passed_over(self):
        storing = code.Block("a", [fused()] * 9 + [code.Instruction(code.STORE)], ["a", "b"])
        blocks = [storing, code.Block("b", [fused()] * 4, ["b", "c"]), code.Block("c", [fused()] * 3, ["c"])]
        self.assertEqual([block.name for block in code.inner(code.loops(blocks), 4)], ["b"])
        self.assertIsNone(code.inner(code.loops(blocks), 5))

    def test_a_loop_over_the_depths_of_a_slab_counts_as_often_as_it_turns(self):
        blocks = [code.Block("a", [load(), fused()], ["b"]), code.Block("b", [fused()] * 4, ["b", "c"])]
        blocks += [code.Block("c", [code.Instruction(code.VECTOR)] * 3, ["a"])]
        found = code.measure(blocks, {"sums": 4, "depth": 8, "run": 256})
        self.assertEqual((found.multiply_adds, found.vector, found.loads), (33, 3, {16: 1}))

    def test_the_sums_of_a_run_are_added_once_a_run(self):
        adding = [code.Instruction(code.VECTOR, addition=True)] * 64
        blocks = [code.Block("a", [fused()] * 1024, ["b", "c"]), code.Block("b", adding, ["c"]), code.Block("c", [], ["a"])]
        found = code.measure(blocks, {"sums": 64, "depth": 16, "run": 256})
        self.assertEqual((found.multiply_adds, found.vector), (1024, 4))
        self.assertAlmostEqual(found.share(False), 1024 / 1028)

    def test_an_unrolled_loop_counts_by_the_slab(self):
        blocks = [code.Block("a", [fused(), load(), fused(), load()], ["a"])]
        found = code.measure(blocks, {"sums": 1, "depth": 1, "run": 256})
        self.assertEqual((found.multiply_adds, found.loads), (1, {16: 1}))


class Dumps(unittest.TestCase):
    def test_a_dump_is_divided_at_the_marks_and_ends_with_a_report(self):
        lines = ["noise", "@@@ one", "VGPRs: 3", "@@@end one", "@@@ two,ALIGNED=0", "VGPRs: 4", "@@@end two,ALIGNED=0",
                 "driver: bye", "{", '  "pipelines": [1]', "}"]
        found, rest = dump.read(iter(f"{line}\n" for line in lines), chips.BY_NAME["navi31"].reads.keep)
        self.assertEqual(found, {"one": ["VGPRs: 3"], "two,ALIGNED=0": ["VGPRs: 4"]})
        self.assertEqual(dump.report(rest), {"pipelines": [1]})
        self.assertIsNone(dump.report(["Killed"]))


class Comparison(unittest.TestCase):
    good = {"spills": 0, "scratch": 0, "share": 0.8, "occupancy": 4, "waits": 0}

    def test_spills_count_only_where_a_chip_is_given_the_pipeline(self):
        spilled = self.good | {"spills": 3}
        self.assertEqual(len(list(record.faults("x", {"a": self.good, "b": spilled}))), 1)
        self.assertEqual(list(record.faults("x", {"b": spilled | {"given": False}})), [])
        self.assertEqual(len(list(record.faults("x", {"a": {"error": "no"}}))), 1)

    def test_spills_that_are_recorded_may_not_grow(self):
        spilled = self.good | {"spills": 3, "scratch": 16}
        self.assertEqual(list(record.faults("x", {"b": spilled}, {"b": spilled})), [])
        self.assertEqual(len(list(record.faults("x", {"b": spilled | {"spills": 4}}, {"b": spilled}))), 1)

    def test_what_was_better_is_named(self):
        now = self.good | {"share": 0.79, "waits": 1}
        self.assertEqual(
            list(record.losses("x", {"a": now}, {"a": self.good})),
            ["x: a: share 0.79 instead of 0.8", "x: a: waits 1 instead of 0"],
        )
        self.assertEqual(list(record.losses("x", {"a": self.good}, {"a": now})), [])


    def test_only_rows_of_unchanged_shaders_and_the_same_compiler_are_kept(self):
        rows = {"a,ALIGNED=0": self.good, "a/main": {"error": "no"}, "b": self.good}
        last = {"mesa": "1", "shaders": {"a": "x", "b": "y"}, "chips": {"c": {"pipelines": rows}}}
        made = {"mesa": "1", "shaders": {"a": "x", "b": "z"}}
        self.assertEqual(list(record.known(last, made, "c")), ["a,ALIGNED=0"])
        self.assertEqual(record.known(last, made | {"mesa": "2"}, "c"), {})
        self.assertEqual(record.known(last, made, "d"), {})


if __name__ == "__main__":
    unittest.main()
