"""Packs: loading one and all, compiled anew and from the cache, and what it costs to start."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Result, Scale, seconds
from zhiheng.packs.caching import Cache
from zhiheng.packs.loading import default_root, load_pack, load_packs

ONE = "stemi"


def run(scale: Scale) -> Iterator[Result]:
    only = [ONE, "thr"] if scale.quick else None
    one = default_root() / ONE
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder) / "all")
        number = len(load_packs(only=only, cache=Cache(Path(folder) / "counted")))
        yield Result(
            "packs", f"load {number} packs, cold", seconds(lambda: load_packs(only=only, cache=cache), 1), "s", 10
        )
        yield Result("packs", f"load {number} packs, warm", seconds(lambda: load_packs(only=only, cache=cache)), "s", 1)
        cold = seconds(lambda: load_pack(one, cache=Cache(Path(folder) / "one")), 1)
        yield Result("packs", f"load {ONE.upper()}, cold", cold * 1000, "ms")
        yield Result(
            "packs", f"load {ONE.upper()}, warm", seconds(lambda: load_pack(one, cache=cache)) * 1000, "ms", 20
        )
    bare = seconds(lambda: _python("pass"))
    loading = seconds(lambda: _python("import zhiheng.packs.loading")) - bare
    yield Result("packs", "import what loads packs", max(loading, 0) * 1000, "ms")
    yield Result("packs", "zhiheng --help, from nothing", seconds(lambda: _python(_HELP)), "s", 1)


_HELP = "import sys; sys.argv = ['zhiheng', '--help']; from zhiheng.__main__ import app; app()"


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
