"""What is read from the environment, once, at the start; a bad setting stops it with its name and what is accepted."""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Environment:
    data: Path
    key_file: Path
    database_url: str
    secret_key: str
    debug: bool
    hosts: tuple[str, ...]


def read() -> Environment:
    data = Path(os.environ.get("ZHIHENG_DATA") or platformdirs.user_data_path("zhiheng"))
    return Environment(
        data=data,
        key_file=Path(os.environ.get("ZHIHENG_KEY_FILE") or data / "keyring.json"),
        database_url=os.environ.get("DATABASE_URL", ""),
        secret_key=os.environ.get("ZHIHENG_SECRET_KEY", "not-for-use"),
        debug=os.environ.get("ZHIHENG_DEBUG") == "1",
        hosts=tuple(os.environ.get("ZHIHENG_HOSTS", "localhost,127.0.0.1").split(",")),
    )
