"""Make an installation ready, or an older one current: folder, keys, database, packs. Done twice, it has one effect."""

import os
import secrets
from pathlib import Path

from zhiheng.site import granting, postgres, running
from zhiheng.site.env import Environment
from zhiheng.vault import keys


class NotInstalled(Exception):
    """Something is missing that `zhiheng init` makes; the message says what."""


class KeysLost(Exception):
    """The database holds sealed values, and the keyring that opens them is not where the settings say."""


def make_folder(environment: Environment) -> None:
    """Make the data folder. Others may pass through it (the account that runs PostgreSQL for root), never list it."""
    environment.data.mkdir(parents=True, exist_ok=True)
    environment.data.chmod(0o711 if os.geteuid() == 0 else 0o700)
    if not environment.inboxes_set:
        environment.inboxes[0].mkdir(mode=0o700, exist_ok=True)


def make_keys(environment: Environment, *, is_used: bool) -> None:
    """Make what is missing of keyring and secret. A used database without its keyring is never given a new one."""
    if not environment.key_file.exists():
        if is_used:
            raise KeysLost(
                f"数据库中已有加密的数据，但密钥文件 {environment.key_file} 不存在。"
                "请从备份恢复它，或用 ZHIHENG_KEY_FILE 指明它在哪里。新密钥打不开旧数据，所以没有新建。"
            )
        keys.make(environment.key_file)
    if not environment.secret_key_set and not environment.secret_file.exists():
        _write_private(environment.secret_file, secrets.token_urlsafe(64))


def prepare_database(urls: running.Urls) -> int:
    """Bring the tables up to date as their owner, let the application use them, and return how many steps it took."""
    from django.core.management import call_command

    with running.connected_as(urls.owner):
        steps = len(running.pending_migrations())
        if steps:
            call_command("migrate", interactive=False, verbosity=0)
    granting.grant(urls.owner, urls.app)
    return steps


def check_that_nobody_serves(environment: Environment) -> None:
    """Held where another process serves with tables that are about to be changed."""
    is_served = environment.is_embedded and not postgres.is_ours(environment.postgres)
    if is_served and running.pending_migrations():
        raise postgres.Held(f"{postgres.holder(environment.postgres)}正在服务。先停止它，再运行 zhiheng init 升级。")


def collect_static_files() -> int:
    """Copy the front-end files to where they are served from, under names that say their content; return how many."""
    from django.contrib.staticfiles.management.commands.collectstatic import Command

    command = Command()
    command.set_options(
        interactive=False, verbosity=0, link=False, clear=False, dry_run=False,
        ignore_patterns=[], use_default_ignore_patterns=True, post_process=True,
    )  # fmt: skip
    done = command.collect()
    return len(done["modified"]) + len(done["unmodified"])


def import_packs() -> str:
    """Take in the packs of this version; return in words what is new."""
    from zhiheng.packversions import actions
    from zhiheng.packversions.models import PackVersion

    fresh = actions.import_packs()
    return f"{PackVersion.objects.count()} 个版本，新增 {len(fresh)} 个"


def setup_token() -> str | None:
    """Return a one-time token for the first administrators; None where there are accounts already."""
    from zhiheng.accounts import actions
    from zhiheng.accounts.models import User

    return None if User.objects.exists() else actions.make_setup_token()


def check_files(environment: Environment) -> None:
    """NotInstalled where the keys are missing that `zhiheng init` makes."""
    if missing := [str(path) for path in (environment.key_file, _secret(environment)) if not path.exists()]:
        raise NotInstalled(f"缺少 {'、'.join(missing)}。先运行 zhiheng init。")


def check_database() -> None:
    """NotInstalled where the tables are not those of this version. Needs Django and the running database."""
    if names := running.pending_migrations():
        raise NotInstalled(f"数据库还不是这个版本的：有 {len(names)} 步升级未做。先运行 zhiheng init（会保留数据）。")


def _secret(environment: Environment) -> Path:
    return environment.key_file if environment.secret_key_set else environment.secret_file


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
