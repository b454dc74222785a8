"""Packs as ZIP archives, as people upload them."""

import zipfile
from io import BytesIO

from zhiheng.packs.loading import default_root


def stemi(*changes, version="2026.01"):
    """Return the files of the shipped pack, with (file, old, new) changed."""
    folder = default_root() / "stemi"
    files = {f"stemi/{path.relative_to(folder)}": path.read_text("utf-8") for path in folder.rglob("*.yaml")}
    for file, old, new in (("pack.yaml", 'version: "2022.09"', f'version: "{version}"'), *changes):
        assert old in files[f"stemi/{file}"]
        files[f"stemi/{file}"] = files[f"stemi/{file}"].replace(old, new, 1)
    return files


def archive(files):
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    stream.seek(0)
    return stream


def taken_in(files, *, by, approved_by):
    """Return the version that an upload has become, in force."""
    from zhiheng.packversions import actions

    upload = actions.check_upload(upload=actions.upload(name="stemi.zip", stream=archive(files), by=by))
    assert upload.problems == []
    return actions.approve(version=upload.version, by=approved_by)
