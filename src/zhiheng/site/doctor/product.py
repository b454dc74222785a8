"""Checks of the running product: database, roles, upgrades, jobs, packs. They need Django and the database."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from zhiheng.accounts.models import User
from zhiheng.audit.protection import weaknesses
from zhiheng.ingestion.actions import folder_problem
from zhiheng.ingestion.models import Interface
from zhiheng.jobs import queries as jobs
from zhiheng.packs.loading import default_root, pack_folders
from zhiheng.packversions.models import PackVersion
from zhiheng.site import granting, postgres, running
from zhiheng.site.doctor.outcomes import Said, failed, not_applicable, passed, passed_or_failed
from zhiheng.site.env import Environment
from zhiheng.vault.sealing import CannotOpen

MOST_SECONDS_APART = 5
LONGEST_WAIT = timedelta(minutes=30)


def database_version(environment: Environment) -> Said:
    version = connection.pg_version // 10_000
    remedy = f"升级数据库服务器到 PostgreSQL {granting.OLDEST} 或更新的版本。"
    return passed_or_failed(version >= granting.OLDEST, f"PostgreSQL {version}", remedy)


def roles(environment: Environment) -> Said:
    owned = _one("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND pg_has_role(tableowner, 'MEMBER')")
    remedy = (
        "应用账户拥有表，因而能改审计记录。建两个账户：拥有表的写进 ZHIHENG_OWNER_DATABASE_URL，"
        "应用的写进 DATABASE_URL，再运行 zhiheng init。"
    )
    return passed_or_failed(owned == 0, f"应用账户 {_one('SELECT current_user')}，拥有 {owned} 张表", remedy)


def audit_protected(environment: Environment) -> Said:
    connection.ensure_connection()
    weak = weaknesses(connection.connection)
    return passed_or_failed(not weak, "；".join(weak) or "应用账户只能追加", "运行 zhiheng init。")


def upgrades(environment: Environment) -> Said:
    pending = running.pending_migrations()
    return passed_or_failed(not pending, f"未做 {len(pending)} 步", "停止服务，运行 zhiheng init，再启动。")


def keys_open(environment: Environment) -> Said:
    """Open one sealed value: the keyring must be the one that this database was filled with."""
    sealed = User.objects.exclude(totp_secret=None)
    try:
        if sealed.first() is None:
            return not_applicable("还没有加密的值可试")
    except CannotOpen:
        return failed(f"{environment.key_file} 打不开库中的数据", "它不是这个库的密钥文件：恢复正确的那一份。")
    return passed("密钥文件与数据库相配")


def clock(environment: Environment) -> Said:
    apart = abs((_one("SELECT clock_timestamp()") - datetime.now(UTC)).total_seconds())
    return passed_or_failed(
        apart <= MOST_SECONDS_APART, f"与数据库相差 {apart:.1f} 秒", "校准两台机器的时钟（例如启用 NTP）。"
    )


def administrators(environment: Environment) -> Said:
    remedy = "启动服务，打开 /accounts/setup/，用 zhiheng init 给出的一次性令牌创建三位管理员。"
    count = User.objects.count()
    return passed_or_failed(count > 0, f"{count} 个账户", remedy)


def pack_versions(environment: Environment) -> Said:
    shipped = {folder.name.upper() for folder in pack_folders(default_root())}
    stored = {abbr.upper() for abbr in PackVersion.objects.values_list("abbr", flat=True)}
    missing = sorted(shipped - stored)
    found = f"{len(stored)} 个病种" + (f"，缺 {'、'.join(missing)}" if missing else "")
    return passed_or_failed(not missing, found, "运行 zhiheng init。")


def watched_folders(environment: Environment) -> Said:
    watching = Interface.objects.filter(is_enabled=True).exclude(folder="").order_by("name")
    if not watching:
        return not_applicable("没有监视文件夹的接口")
    wrong = [f"{each.name}：{problem}" for each in watching if (problem := folder_problem(each.folder))]
    remedy = "把交付文件放进收件文件夹，或由 ZHIHENG_INBOX 写明监视的文件夹在哪里之内，再重新启动。"
    return passed_or_failed(not wrong, "；".join(wrong) or f"{len(watching)} 个", remedy)


def workers(environment: Environment) -> Said:
    if environment.is_embedded and not _is_served(environment):
        return not_applicable("服务没有启动")
    alive = jobs.workers_alive()
    return passed_or_failed(alive > 0, f"{alive} 个在工作", "运行 zhiheng serve，或在另一台机器上 zhiheng worker。")


def waiting_jobs(environment: Environment) -> Said:
    oldest = jobs.oldest_waiting()
    if oldest is None:
        return passed("没有任务在等")
    if environment.is_embedded and not _is_served(environment):
        return not_applicable("服务没有启动")
    remedy = "任务积压：看后台任务页上是什么在运行，或把 ZHIHENG_JOB_WORKERS 加大。"
    minutes = int(oldest.total_seconds() // 60)
    return passed_or_failed(oldest < LONGEST_WAIT, f"最久的已等 {minutes} 分钟", remedy)


def stalled_jobs(environment: Environment) -> Said:
    count = jobs.stalled().count()
    return passed_or_failed(
        count == 0, f"{count} 个", "执行者已无音讯；工作进程每分钟会把它们重新排队，请确认有工作进程在运行。"
    )


def failed_jobs(environment: Environment) -> Said:
    count = ProcrastinateJob.objects.filter(status="failed").count()
    return passed_or_failed(count == 0, f"{count} 个", "在后台任务页看原因，改正之后重新运行。")


CHECKS = {
    "数据库版本": database_version,
    "数据库账户": roles,
    "升级": upgrades,
    "审计保护": audit_protected,
    "密钥与数据库": keys_open,
    "时钟": clock,
    "账户": administrators,
    "病种": pack_versions,
    "接口的文件夹": watched_folders,
    "工作进程": workers,
    "等待的任务": waiting_jobs,
    "停滞的任务": stalled_jobs,
    "失败的任务": failed_jobs,
}


def _one(query: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def _is_served(environment: Environment) -> bool:
    return "serve" in postgres.holder(environment.postgres) or "demo" in postgres.holder(environment.postgres)
