"""The chips whose compilers are asked, and how a driver is made to believe that it has one."""

import dataclasses

from . import amd, apple, intel, nvidia

ICD = "/usr/share/vulkan/icd.d"
LIBRARIES = "/usr/lib/x86_64-linux-gnu"


@dataclasses.dataclass(frozen=True)
class Chip:
    name: str
    # What it is called in tables.
    title: str
    # The module that reads what its driver prints.
    reads: object
    driver: str
    shim: str
    environment: tuple
    # What occupancy counts.
    occupancy: str
    # Whether waves have 32 or 64 lanes.
    both_waves: bool = False

    @property
    def slowness(self):
        """A driver's place among those that take long: NVIDIA's prints the code after each of 18 passes."""
        return 1 if self.driver == "nouveau" else 0

    def variables(self):
        own = {
            "VK_DRIVER_FILES": f"{ICD}/{self.driver}_icd.json",
            "LD_PRELOAD": f"{LIBRARIES}/lib{self.shim}_noop_drm_shim.so",
            "MESA_SHADER_CACHE_DISABLE": "true",
        }
        return own | dict(self.environment)


def _amd(name, title, both_waves=True):
    environment = (("AMDGPU_GPU_ID", name), ("RADV_DEBUG", "nocache,shaderstats,asm"))
    return Chip(name, title, amd, "radeon", "amdgpu", environment, "waves per SIMD", both_waves)


def _nvidia(name, title, chipset):
    environment = (
        ("NOUVEAU_CHIPSET", chipset), ("NVK_I_WANT_A_BROKEN_VULKAN_DRIVER", "1"), ("NAK_DEBUG", "print"),
    )
    return Chip(name, title, nvidia, "nouveau", "nouveau", environment, "warps per multiprocessor")


def _intel(name, title):
    environment = (("INTEL_STUB_GPU_PLATFORM", name), ("INTEL_DEBUG", "cs"))
    return Chip(name, title, intel, "intel", "intel", environment, "lanes per thread")


CHIPS = [
    _amd("navi10", "RDNA1 (RX 5700 XT)"),
    _amd("navi21", "RDNA2 (RX 6800 XT)"),
    _amd("navi31", "RDNA3 (RX 7900 XTX)"),
    _amd("gfx1201", "RDNA4 (RX 9070 XT)"),
    _amd("vega10", "Vega (RX Vega 64)", both_waves=False),
    _nvidia("turing", "Turing (RTX 20)", "164"),
    _nvidia("ampere", "Ampere (RTX 30)", "172"),
    _nvidia("ada", "Ada (RTX 40)", "192"),
    _intel("dg2", "Xe-HPG (Arc A770)"),
    _intel("bmg", "Xe2 (Arc B580)"),
    Chip("m1", "Apple M1", apple, "asahi", "asahi", (("AGX_MESA_DEBUG", "shaderdb,shaders"),), "threads per core"),
]
BY_NAME = {chip.name: chip for chip in CHIPS}
