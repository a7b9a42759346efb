"""Compiles the matrix product and the convolution of ggml's Vulkan backend as those of strata are, to compare them.

Usage: python3 -m gpu_compilers.ggml DIR    in `scripts`; DIR is `ggml/src/ggml-vulkan/vulkan-shaders` of a llama.cpp

The package `llama-cpp-sys-2` of crates.io has these files. Needs glslc (Debian: glslc), and the drivers of
`scripts/compile-gpus --setup`. The constants are those of `ggml_vk_load_shaders` for the chip's vendor, and access to
buffers isn't robust, as there. Prints a table.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from . import chips, code, drivers

FLOATS = {"FLOAT_TYPE": "float", "FLOAT_TYPE_VEC2": "vec2", "FLOAT_TYPE_VEC4": "vec4", "FLOAT_TYPE_VEC8": "mat2x4",
          "ACC_TYPE": "float", "ACC_TYPE_VEC2": "vec2", "D_TYPE": "float"}
ALIGNED = FLOATS | {"DATA_A_F32": 1, "ALIGNED": 1, "LOAD_VEC_A": 4, "LOAD_VEC_B": 4, "B_TYPE": "vec4"}
ASKED = ("navi31", "ampere", "dg2")
# More than a product is deep: nothing is added to totals.
ENDLESS = 1 << 30


def products(chip):
    """Of each product its source, definitions, buffers, bytes of push constants, constants, and what is measured."""
    lanes = 64 if chip.driver == "radeon" else 32
    for name, constants in (
        ("matrix product 128x128", (128, 128, 128, 16, 2 * lanes, 64, 2, 4, 4, 1, lanes)),
        ("matrix product 64x64", (128, 64, 64, 16, lanes, 32, 2, 4, 2, 1, lanes)),
    ):
        sums = constants[1] * constants[2] / constants[0]
        yield name, "mul_mm.comp", ALIGNED, 3, 64, constants, {"sums": sums, "depth": constants[3], "run": ENDLESS}
    amd, intel = chip.driver == "radeon", chip.driver == "intel"
    definitions = {"A_TYPE": "float", "B_TYPE": "float", "D_TYPE": "float", "USE_COLLECTIVES": 1,
                   "UNROLL": "" if amd or intel else "[[unroll]]"}
    # A convolution of 3x3 with a padding of 1: stride, padding, dilation, kernel.
    constants = (256, 128, 16, 128, 8, 0, 0 if intel else 4, 1, 1, 1, 1, 1, 1, 3, 3)
    yield "convolution 128x128", "conv2d_mm.comp", definitions, 3, 128, constants, {"sums": 64, "depth": 16, "run": ENDLESS}


def compiled(chip, folder, sources, product):
    """The statistics of a product, and its loop over slabs."""
    _, source, definitions, buffers, bytes_, constants, measures = product
    inside = folder / "var/tmp/ggml.spv"
    defines = [f"-D{name}={value}" for name, value in definitions.items()]
    subprocess.run(["glslc", "-O", "-fshader-stage=compute", "--target-env=vulkan1.2", *defines, str(sources / source),
                    "-o", str(inside)], check=True)
    script = folder / "var/tmp/pipeline.py"
    script.write_bytes((pathlib.Path(__file__).parent / "pipeline.py").read_bytes())
    variables = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": "/tmp", "NODEVICE_SELECT": "1"} | chip.variables()
    command = [*drivers.enter(folder), "/usr/bin/env", "-i", *(f"{name}={value}" for name, value in variables.items()),
               "/usr/bin/stdbuf", "-oL", "/usr/bin/python3", "/var/tmp/pipeline.py", "/var/tmp/ggml.spv"]
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        status = subprocess.run([*command, str(buffers), str(bytes_), *map(str, constants)], stdout=said,
                                stderr=subprocess.STDOUT).returncode
        said.seek(0)
        keep = chip.reads.keep()
        lines = [line for line in map(lambda line: line.rstrip("\n"), said) if keep(line)]
    if status != 0:
        sys.exit(f"{chip.name}: {product[0]}: the pipeline was not made: {lines[-1:]}")
    return chip.reads.statistics(lines, chip), code.measure(chip.reads.blocks(lines), measures)


def main(sources):
    folder = drivers.root()
    print("| product of ggml | chip | share | registers | occupancy | waits per slab | spills |\n|---|---|---|---|---|---|---|")
    for chip in map(chips.BY_NAME.get, ASKED):
        for product in products(chip):
            found, loop = compiled(chip, folder, pathlib.Path(sources), product)
            share = f"{100 * loop.share(chip.reads.SINGLE_ISSUE):.0f} %" if loop else "-"
            waits = f"{loop.waits:g}" if loop else "-"
            print(f"| {product[0]} | {chip.title} | {share} | {found['registers']} | {found['occupancy']} | {waits} "
                  f"| {found['spills']} |")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
