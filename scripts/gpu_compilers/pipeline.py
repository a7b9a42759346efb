"""Makes a compute pipeline of SPIR-V on the first device that Vulkan has, and nothing more: run by
`scripts/gpu_compilers/ggml.py` inside the folder of drivers, where Python has no packages, by ctypes alone.

Usage: pipeline.py FILE BUFFERS BYTES [CONSTANT ...]    storage buffers, bytes of push constants, specialization constants
"""

import ctypes
import sys
from ctypes import POINTER, Structure, byref, c_char_p, c_float, c_size_t, c_uint32, c_uint64, c_void_p, cast, pointer

COMPUTE = 0x20
STORAGE_BUFFER = 7
# Values of VkStructureType.
INSTANCE, QUEUE, DEVICE, MODULE, STAGE, PIPELINE, LAYOUT, SET_LAYOUT, STORAGE_16 = 1, 2, 3, 16, 18, 29, 30, 32, 1000083000


def struct(name, *fields):
    return type(name, (Structure,), {"_fields_": list(fields)})


HEAD = (("type", c_uint32), ("next", c_void_p), ("flags", c_uint32))
Instance = struct("Instance", *HEAD, ("application", c_void_p), ("layers", c_uint32), ("layer_names", c_void_p),
                  ("extensions", c_uint32), ("extension_names", c_void_p))
Queue = struct("Queue", *HEAD, ("family", c_uint32), ("count", c_uint32), ("priorities", POINTER(c_float)))
Device = struct("Device", *HEAD, ("count", c_uint32), ("queues", POINTER(Queue)), ("layers", c_uint32),
                ("layer_names", c_void_p), ("extensions", c_uint32), ("extension_names", c_void_p), ("features", c_void_p))
Storage16 = struct("Storage16", ("type", c_uint32), ("next", c_void_p), ("buffers", c_uint32), ("uniform", c_uint32),
                   ("push", c_uint32), ("inputs", c_uint32))
Module = struct("Module", *HEAD, ("size", c_size_t), ("code", c_char_p))
Binding = struct("Binding", ("binding", c_uint32), ("kind", c_uint32), ("count", c_uint32), ("stages", c_uint32),
                 ("samplers", c_void_p))
SetLayout = struct("SetLayout", *HEAD, ("count", c_uint32), ("bindings", POINTER(Binding)))
Range = struct("Range", ("stages", c_uint32), ("offset", c_uint32), ("size", c_uint32))
Layout = struct("Layout", *HEAD, ("sets", c_uint32), ("set_layouts", POINTER(c_uint64)), ("ranges", c_uint32),
                ("push", POINTER(Range)))
Entry = struct("Entry", ("number", c_uint32), ("offset", c_uint32), ("size", c_size_t))
Constants = struct("Constants", ("count", c_uint32), ("entries", POINTER(Entry)), ("size", c_size_t), ("data", c_void_p))
Stage = struct("Stage", *HEAD, ("stage", c_uint32), ("module", c_uint64), ("name", c_char_p),
               ("constants", POINTER(Constants)))
Pipeline = struct("Pipeline", *HEAD, ("stage", Stage), ("layout", c_uint64), ("base", c_uint64), ("index", ctypes.c_int32))


def main(file, buffers, bytes_, *constants):
    vulkan = ctypes.CDLL("libvulkan.so.1")

    def make(function, *arguments, result=c_uint64):
        made = result()
        status = getattr(vulkan, function)(*arguments, byref(made))
        if status != 0:
            sys.exit(f"{function}: {status}")
        return made

    # Vulkan 1.2, for the newest SPIR-V that the shaders need.
    application = struct("Application", ("type", c_uint32), ("next", c_void_p), ("name", c_char_p), ("version", c_uint32),
                         ("engine", c_char_p), ("engine_version", c_uint32), ("api", c_uint32))(api=1 << 22 | 2 << 12)
    instance = make("vkCreateInstance", byref(Instance(INSTANCE, application=cast(pointer(application), c_void_p))), None,
                    result=c_void_p)
    count, adapter = c_uint32(1), c_void_p()
    vulkan.vkEnumeratePhysicalDevices(instance, byref(count), byref(adapter))
    queue = Queue(QUEUE, count=1, priorities=pointer(c_float(1.0)))
    storage = Storage16(STORAGE_16, buffers=1)
    wanted = Device(DEVICE, cast(pointer(storage), c_void_p), count=1, queues=pointer(queue))
    device = make("vkCreateDevice", adapter, byref(wanted), None, result=c_void_p)

    with open(file, "rb") as opened:
        code = opened.read()
    module = make("vkCreateShaderModule", device, byref(Module(MODULE, size=len(code), code=code)), None)
    bindings = (Binding * int(buffers))(*(Binding(at, STORAGE_BUFFER, 1, COMPUTE) for at in range(int(buffers))))
    of_set = make("vkCreateDescriptorSetLayout", device, byref(SetLayout(SET_LAYOUT, count=int(buffers), bindings=bindings)), None)
    push = Range(COMPUTE, 0, int(bytes_))
    shape = Layout(LAYOUT, sets=1, set_layouts=pointer(of_set), ranges=1, push=pointer(push))
    layout = make("vkCreatePipelineLayout", device, byref(shape), None)
    values = (c_uint32 * len(constants))(*map(int, constants))
    entries = (Entry * len(constants))(*(Entry(at, 4 * at, 4) for at in range(len(constants))))
    special = Constants(len(constants), entries, 4 * len(constants), cast(values, c_void_p))
    stage = Stage(STAGE, stage=COMPUTE, module=module.value, name=b"main", constants=pointer(special))
    wanted = Pipeline(PIPELINE, stage=stage, layout=layout.value, index=-1)
    make("vkCreateComputePipelines", device, c_uint64(0), c_uint32(1), byref(wanted), None)


if __name__ == "__main__":
    main(*sys.argv[1:])
