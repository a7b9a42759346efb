"""The folder with the drivers of chips that are not here: Debian unstable's Mesa, and a shim for Intel's.

It is made once and kept: in the folder that STRATA_GPU_DRIVERS names, else in the user's cache. Programs run in it by
chroot, so that the system's own drivers stay as they are.
"""

import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys

PACKAGES = (
    "mesa-vulkan-drivers", "mesa-drm-shim", "libvulkan1", "vulkan-tools", "spirv-tools", "glslang-tools",
    "ca-certificates",
)
SUITE = "sid"
# Debian builds no shim for Intel's driver. That of an older Mesa serves newer drivers, and needs fewer tools.
SHIM_SUITE = "trixie"
TOOLS = (
    "meson", "ninja-build", "gcc", "g++", "pkgconf", "python3-mako", "python3-yaml", "python3-packaging", "bison",
    "flex", "libdrm-dev", "zlib1g-dev", "libexpat1-dev", "libzstd-dev", "libelf-dev", "dpkg-dev", "xz-utils",
)
SHIM = "usr/lib/x86_64-linux-gnu/libintel_noop_drm_shim.so"
# Newer C libraries have a `once_flag`, too, so that of Mesa gets another name.
BUILD_SHIM = r"""
set -e
mkdir -p /var/tmp/mesa && cd /var/tmp/mesa
apt-get -qq -o Acquire::Check-Valid-Until=false update
apt-get -qq install -y --no-install-recommends {tools} >/dev/null
apt-get -qq source --download-only mesa/{suite}
dpkg-source --no-check -x mesa_*.dsc source >/dev/null
cd source
sed -i '0,/typedef void (\*tss_dtor_t)/s//#include <stdlib.h>\n#undef ONCE_FLAG_INIT\n#define once_flag mesa_once_flag\n#define call_once mesa_call_once\ntypedef void (*tss_dtor_t)/' src/c11/threads.h
meson setup build -Dtools=drm-shim,intel -Dvulkan-drivers= -Dgallium-drivers= -Dplatforms= -Dglx=disabled \
    -Degl=disabled -Dgles1=disabled -Dgles2=disabled -Dopengl=false -Dgbm=disabled -Dllvm=disabled \
    -Dbuildtype=release -Dvalgrind=disabled -Dlibunwind=disabled >/dev/null
ninja --quiet -C build src/intel/tools/libintel_noop_drm_shim.so
cp build/src/intel/tools/libintel_noop_drm_shim.so /{shim}
rm -rf /var/tmp/mesa
apt-get clean
"""


def root():
    named = os.environ.get("STRATA_GPU_DRIVERS")
    if named:
        return pathlib.Path(named)
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return cache / "strata/gpu-drivers"


def ready(folder):
    return (folder / "usr/share/vulkan/icd.d/radeon_icd.json").exists() and (folder / SHIM).exists()


def as_root():
    return [] if os.geteuid() == 0 else ["sudo"]


def enter(folder):
    """What stands before a command that runs in the folder. Without root's rights a user namespace serves."""
    return ["chroot", str(folder)] if os.geteuid() == 0 else ["unshare", "--map-root-user", "chroot", str(folder)]


def mirror():
    """The mirror of Debian that this machine's apt uses, if it is Debian's; else debootstrap knows one."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian", "Created-By: Packages"]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        found = []
    return os.environ.get("STRATA_DEBIAN_MIRROR") or next((uri for uri in found if "security" not in uri), None)


def install(folder):
    """Makes the folder, about 1.5 GB; takes some five minutes, most of them for the shim."""
    if not shutil.which("debootstrap"):
        subprocess.run([*as_root(), "apt-get", "install", "-y", "-qq", "debootstrap"], check=True, stdout=sys.stderr)
    if not (folder / "usr/share/vulkan/icd.d/radeon_icd.json").exists():
        print(f"installing the drivers of Debian {SUITE} in {folder}", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        bootstrap = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(folder)]
        subprocess.run([*as_root(), *bootstrap, *filter(None, [mirror()])], check=True, stdout=subprocess.DEVNULL)
    if not (folder / SHIM).exists():
        print("building the shim of Intel's driver, about three minutes", file=sys.stderr)
        uri = re.match(r"deb (\S+)", (folder / "etc/apt/sources.list").read_text()).group(1)
        sources = folder / "etc/apt/sources.list.d/mesa-source.list"
        subprocess.run(
            [*as_root(), "tee", str(sources)], input=f"deb-src {uri} {SHIM_SUITE} main\n", text=True, check=True,
            stdout=subprocess.DEVNULL,
        )
        script = BUILD_SHIM.format(tools=" ".join(TOOLS), suite=SHIM_SUITE, shim=SHIM)
        environment = [*as_root(), "env", "DEBIAN_FRONTEND=noninteractive", "chroot", str(folder)]
        subprocess.run([*environment, "sh", "-c", script], check=True, stdout=sys.stderr)


def mesa(folder):
    """The version of Mesa's drivers in the folder."""
    status = (folder / "var/lib/dpkg/status").read_text()
    return re.search(r"Package: mesa-vulkan-drivers\n(?:\S.*\n| .*\n)*?Version: (\S+)", status).group(1)


def place(folder, strata):
    """Copies a program to where it is seen from within, and gives its path there."""
    target = folder / "var/tmp/strata"
    new = target.with_name(f"strata-{os.getpid()}")
    shutil.copy2(strata, new)
    new.replace(target)
    return "/var/tmp/strata"


def limited(bytes_):
    """Limits the memory of a command, so that a compiler that takes too much fails alone."""
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (bytes_, bytes_))
