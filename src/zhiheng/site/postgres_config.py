"""How the embedded PostgreSQL is set up: who may connect, how much memory it takes, what it writes into its log."""

import os
import pwd
from pathlib import Path

MB = 1024 * 1024
SUPERUSER, OWNER, APP = "postgres", "zhiheng_owner", "zhiheng"
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # for tests alone


def write(folder: Path, sockets: Path, *, durable: bool) -> list[Path]:
    """Write the configuration again, as every start does, and return its files. A hospital adds to local.conf."""
    settings = {**_settings(sockets), **(DURABLE if durable else FORGETFUL)}
    lines = [f"{name} = '{value}'" for name, value in settings.items()]
    main = (folder / "postgresql.conf").read_text()
    include = "\ninclude = 'zhiheng.conf'\n"
    texts = {
        "zhiheng.conf": "\n".join([*lines, "include_if_exists = 'local.conf'", ""]),
        "pg_hba.conf": "local all all peer map=zhiheng\n",
        "pg_ident.conf": _identities(),
        "postgresql.conf": main if include in main else main + include,
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


def _settings(sockets: Path) -> dict[str, object]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MB
    shared = min(max(memory // 8, 64), 1024)
    return {
        "listen_addresses": "",  # a socket in our own folder, nothing on the network
        "unix_socket_directories": sockets,
        "unix_socket_permissions": "0700",
        "max_connections": 100,
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{max(memory // 2, shared)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{min(max(memory // 16, 64), 512)}MB",
        "random_page_cost": 1.1,
        "jit": "off",  # short queries: compiling takes longer than running
        "max_parallel_workers_per_gather": 2 if (os.cpu_count() or 1) > 2 else 0,
        "max_wal_size": "2GB",
        "wal_compression": "on",
        "timezone": "UTC",
        "logging_collector": "on",
        "log_directory": "logs",
        "log_filename": "postgres-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": 0,
        # A failing statement, its error and the detail of that carry values: none of them may stand in a log. The
        # product tells of the error itself, by its code. What the server has to say of itself has the level "log".
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_statement": "none",
        "log_parameter_max_length_on_error": 0,
    }


def _identities() -> str:
    """Let our own account of the operating system be either role; every other account is refused."""
    me = pwd.getpwuid(os.geteuid()).pw_name
    return "".join(f'zhiheng "{me}" {role}\n' for role in (SUPERUSER, OWNER, APP))
