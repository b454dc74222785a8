"""What is read from the environment, once, at the start; a bad setting stops it with its name and what is accepted."""

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from zhiheng.lib.suggest import nearest

PREFIX = "ZHIHENG_"
OF_THE_TESTS = {"ZHIHENG_SHARED", "ZHIHENG_TESTS", "ZHIHENG_SCREENSHOTS"}


class BadSettings(ImproperlyConfigured):
    """Settings that cannot be used: one line for each, with its name, what was found and what is accepted."""


def setting(name: str, meaning: str, *, accepts: str, unset: str = "", secret: bool = False, **field: Any) -> Any:
    """Declare a setting. `unset` says in words what holds without it, where the default itself would not say so."""
    return Field(
        alias=name,
        description=meaning,
        repr=not secret,
        json_schema_extra={"accepts": accepts, "unset": unset, "secret": secret},
        **field,
    )


def default_data() -> Path:
    """Return where data stand unless a setting says: an ordinary account's own folder, or the system's for root."""
    return Path("/var/lib/zhiheng") if os.geteuid() == 0 else platformdirs.user_data_path("zhiheng")


def _postgres_address(url: str) -> str:
    if url:
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError
        try:
            conninfo_to_dict(url)
        except ProgrammingError as problem:
            raise ValueError from problem
    return url


def _names(text: object) -> object:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if isinstance(text, str) else text


Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
Folders = Annotated[tuple[Folder, ...], BeforeValidator(_names)]
Address = Annotated[str, AfterValidator(_postgres_address)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names), Field(min_length=1)]
Switch = Annotated[bool, BeforeValidator({"1": True, "0": False}.get)]
Count = Annotated[int, Field(ge=1, le=64)]
DATABASE = "postgresql://用户:密码@主机:端口/库名"


class Environment(BaseModel):
    """Every setting that there is."""

    model_config = ConfigDict(frozen=True, validate_default=False)

    data: Folder = setting(
        "ZHIHENG_DATA",
        "数据文件夹：内嵌数据库、密钥、静态文件、编译缓存与收到的文件都在这里。只有运行质衡的账户可读。",
        accepts="文件夹的路径",
        unset="普通账户为其用户数据目录（Linux 上是 `~/.local/share/zhiheng`）；root 为 `/var/lib/zhiheng`",
        default_factory=default_data,
    )
    key_file_set: Folder | None = setting(
        "ZHIHENG_KEY_FILE",
        "加密患者数据的密钥文件。丢失它，库中的患者数据无人能读：单独备份，不与数据库放在一起。",
        accepts="文件的路径，不得位于数据库的文件夹之内",
        unset="数据文件夹中的 `keyring.json`",
        default=None,
    )
    inboxes_set: Folders = setting(
        "ZHIHENG_INBOX",
        "医院放交付文件的地方：接口只能监视它们或其中的文件夹，别处一律拒绝，符号链接按其所指判断。",
        accepts="文件夹的路径，逗号分隔；不得是质衡自己的数据文件夹或含有它",
        unset="数据文件夹中的 `inbox`",
        default=(),
    )
    database_url: Address = setting(
        "DATABASE_URL",
        "医院自己的 PostgreSQL（16 或更新），以应用账户连接：该账户不拥有表，因而改不了审计记录。",
        accepts=DATABASE,
        unset="使用内嵌的 PostgreSQL，由 `zhiheng serve` 启动和停止",
        secret=True,
        default="",
    )
    owner_database_url: Address = setting(
        "ZHIHENG_OWNER_DATABASE_URL",
        "同一个库，以拥有表的账户连接；只有 `zhiheng init` 与升级用它。",
        accepts=DATABASE,
        unset="与 DATABASE_URL 相同；内嵌数据库自有两个账户",
        secret=True,
        default="",
    )
    postgres_programs: str = setting(
        "ZHIHENG_POSTGRES",
        "内嵌数据库使用哪里的 PostgreSQL 程序。安装包不带 PostgreSQL 的平台上才需要。",
        accepts="含有 `postgres`、`initdb`、`pg_ctl` 的文件夹",
        unset="安装包自带的；没有则在本机的常见位置寻找",
        default="",
    )
    secret_key_set: str | None = setting(
        "ZHIHENG_SECRET_KEY",
        "签名会话与链接的密钥。多台机器同时服务时各台须相同。",
        accepts="至少 50 个字符",
        unset="`zhiheng init` 生成，放在数据文件夹的 `secret` 中",
        secret=True,
        min_length=50,
        default=None,
    )
    hosts: Names = setting(
        "ZHIHENG_HOSTS",
        "人们在浏览器里用来打开质衡的主机名或地址；其他的一律拒绝。",
        accepts="主机名或地址，逗号分隔",
        default=("localhost", "127.0.0.1"),
    )
    address: str = setting(
        "ZHIHENG_ADDRESS",
        "网页服务监听的地址。",
        accepts="本机的一个地址；`0.0.0.0` 为全部",
        default="127.0.0.1",
        min_length=1,
    )
    port: int = setting("ZHIHENG_PORT", "网页服务监听的端口。", accepts="1–65535 的整数", default=8000, ge=1, le=65535)
    web_workers: Count | None = setting(
        "ZHIHENG_WEB_WORKERS",
        "网页服务的进程数。",
        accepts="1–64 的整数",
        unset="处理器核数，至少 2，至多 8",
        default=None,
    )
    threads: Count = setting("ZHIHENG_WEB_THREADS", "每个网页进程的线程数。", accepts="1–64 的整数", default=4)
    job_workers: Count = setting("ZHIHENG_JOB_WORKERS", "后台任务的进程数。", accepts="1–64 的整数", default=1)
    https: Switch = setting(
        "ZHIHENG_HTTPS",
        "人们是否通过 https 打开质衡（由前置的反向代理提供）。是则会话只走 https，并要求浏览器此后也如此。",
        accepts="`1` 或 `0`",
        default=False,
    )
    proxies: Annotated[tuple[str, ...], BeforeValidator(_names)] = setting(
        "ZHIHENG_PROXIES",
        "反向代理的地址：只有来自它们的请求，其 `X-Forwarded-For` 与 `X-Forwarded-Proto` 才可信。",
        accepts="地址，逗号分隔",
        unset="没有反向代理",
        default=(),
    )
    report_from: date | None = setting(
        "ZHIHENG_REPORT_FROM",
        "启用日期：此日之前出院的病例已由原途径上报，找到后记为无需填报（可逐例恢复），仍参与判断再入院等既往情况。"
        "改动后运行 zhiheng screen，重新筛查已有的患者。",
        accepts="日期，如 2026-10-01",
        unset="所有出院病例都需填报",
        default=None,
    )
    keep_jobs_days: int = setting(
        "ZHIHENG_KEEP_JOBS_DAYS", "完成的后台任务保留多少天。", accepts="1–3650 的整数", default=30, ge=1, le=3650
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = setting(
        "ZHIHENG_LOG_LEVEL", "日志写到多细。", accepts="`DEBUG`、`INFO`、`WARNING` 或 `ERROR`", default="INFO"
    )
    debug: Switch = setting(
        "ZHIHENG_DEBUG", "开发用：出错时显示细节。真实数据上不得打开。", accepts="`1` 或 `0`", default=False
    )

    @property
    def is_embedded(self) -> bool:
        return not self.database_url

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"

    @property
    def key_file(self) -> Path:
        return self.key_file_set or self.data / "keyring.json"

    @property
    def inboxes(self) -> tuple[Path, ...]:
        """The folders below which interfaces may watch."""
        return self.inboxes_set or (self.data / "inbox",)

    @property
    def secret_file(self) -> Path:
        return self.data / "secret"

    @cached_property
    def secret_key(self) -> str:
        """The key for signatures; before `zhiheng init` has made one, a key that lives as long as this process."""
        if self.secret_key_set:
            return self.secret_key_set
        return self.secret_file.read_text().strip() if self.secret_file.exists() else secrets.token_urlsafe(48)


def read(environ: Mapping[str, str] = os.environ) -> Environment:
    """Return the settings. BadSettings where one is unknown, malformed or contradicts another."""
    problems = list(_unknown(environ))
    try:
        environment = Environment.model_validate({name: environ[name] for name in names() if environ.get(name, "")})
    except ValidationError as failed:
        bad = dict.fromkeys(str(error["loc"][0]) for error in failed.errors())
        raise BadSettings("\n".join([*problems, *(_malformed(name, environ[name]) for name in bad)])) from None
    if environment.key_file.is_relative_to(environment.postgres):
        problems.append(_malformed("ZHIHENG_KEY_FILE", str(environment.key_file)))
    ours = [inbox for inbox in environment.inboxes if _is_ours(environment, inbox)]
    problems += [_malformed("ZHIHENG_INBOX", str(inbox)) for inbox in ours]
    if problems:
        raise BadSettings("\n".join(problems))
    return environment


def declared() -> dict[str, FieldInfo]:
    """Return every setting's declaration by its name in the environment."""
    return {str(field.alias): field for field in Environment.model_fields.values()}


def names() -> Iterable[str]:
    return declared().keys()


def shown(environment: Environment) -> Iterator[tuple[str, str, str]]:
    """Yield each setting's name, its value as it may be shown, and what it accepts."""
    for field_name, field in Environment.model_fields.items():
        told: Any = field.json_schema_extra
        value = getattr(environment, field_name)
        unset = f"（未设：{told['unset']}）" if told["unset"] else "（未设）"
        yield str(field.alias), "******" if told["secret"] and value else in_words(value) or unset, told["accepts"]


def in_words(value: object) -> str:
    """Return a value as it is written in the environment."""
    if isinstance(value, bool):
        return str(int(value))
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value or "")


def _is_ours(environment: Environment, inbox: Path) -> bool:
    """Would a watched folder there hold what is ours? A folder called inbox in the data folder is the hospital's."""
    real, data = inbox.resolve(), environment.data.resolve()
    within = real.is_relative_to(data) and not real.is_relative_to(data / "inbox")
    return within or any(each.resolve().is_relative_to(real) for each in (data, environment.key_file))


def _unknown(environ: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in OF_THE_TESTS and name not in names():
            meant = nearest(name, names())
            yield f"{name}：没有这个设置。{f'是否想写 {meant}？' if meant else ''}全部设置：zhiheng doctor --settings"


def _malformed(name: str, found: str) -> str:
    told: Any = declared()[name].json_schema_extra
    shown = "所给的值" if told["secret"] else f"“{found}”"
    return f"{name}：{shown}不能用。应为：{told['accepts']}。"
