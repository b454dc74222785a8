"""zhiheng demo and zhiheng demo-data: a hospital that does not exist, in the browser, in the terminal, or as files."""

import math
import os
import shutil
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status
from rich.table import Table

from zhiheng.commands import shared
from zhiheng.commands.product import product
from zhiheng.commands.run import run
from zhiheng.commands.serve import keep_serving, say_stopped
from zhiheng.site import env, installing, postgres, postgres_programs, running, serving
from zhiheng.site.env import Environment
from zhiheng.sources.demo import generate

PROFILE = "demo-hospital"
OUT = Path("demo-out")
ELSEWHERE = Path("/var/lib/zhiheng-demo")
ADDRESS = "127.0.0.1"
REPORTING_DAYS = 40
SECONDS_BETWEEN = 1  # two looks at how far the records have come
Encounters = Annotated[int, typer.Option(min=1, help="就诊次数")]
Seed = Annotated[int, typer.Option(help="随机种子：同一种子得到逐字节相同的文件")]


def demo(
    encounters: Encounters = 600,
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="放在哪里")] = OUT,
    port: Annotated[int, typer.Option(min=1, max=65535, help="端口；被占用时用下一个空闲的")] = 8000,
    fresh: Annotated[bool, typer.Option("--fresh", help="从头再来：删除上次的演示")] = False,
    terminal: Annotated[bool, typer.Option("--terminal", help="不开网页：对文件夹跑完流程，在终端显示结果")] = False,
) -> None:
    """打开一所合成的医院：记录、病例、表单、每种角色一个账户，在浏览器里使用。Ctrl-C 停止，数据保留。"""
    if terminal:
        in_terminal(encounters=encounters, seed=seed, out=out)
        return
    with product():
        folder = _folder(out.absolute())
        _set(
            ZHIHENG_DATA=folder / "site",
            ZHIHENG_INBOX=folder / "hospital",
            ZHIHENG_PORT=serving.next_free_port(ADDRESS, port),
            ZHIHENG_JOB_WORKERS=min(os.cpu_count() or 1, 4),
            ZHIHENG_WEB_WORKERS=2,
            ZHIHENG_LOG_LEVEL="WARNING",
            ZHIHENG_REPORT_FROM=_report_from(folder / "hospital"),
        )
        environment = env.read()
        if fresh:
            _start_over(environment, folder)
        _open(environment, folder / "hospital", encounters=encounters, seed=seed)
        say_stopped()


def _open(environment: Environment, export: Path, *, encounters: int, seed: int) -> None:
    """Make the hospital where it is not there yet, and serve it."""
    installing.make_folder(environment)
    with running.database(environment, own=True) as urls:
        installing.make_keys(environment, is_used=running.holds_tables(urls.owner))
        running.set_up_django()
        from zhiheng.site.demo import people, records

        passwords = environment.data / "accounts.json"
        with shared.out.status("") as status:
            for step, do in (
                ("数据库", lambda: installing.prepare_database(urls)),
                ("前端文件", installing.collect_static_files),
                ("病种", installing.import_packs),
                ("科室、人员与账户", lambda: people.is_settled() or people.settle(passwords)),
                ("合成医院的导出文件", lambda: records.export(export, encounters=encounters, seed=seed)),
                ("交付", lambda: records.deliver(export)),
            ):
                status.update(f"{step}…")
                do()
            status.update("启动…")
            keep_serving(environment, _Welcome(environment, passwords, status))


class _Welcome:
    """Says how far the records have come, and how to enter as soon as they are all there."""

    def __init__(self, environment: Environment, passwords: Path, status: Status) -> None:
        self.environment, self.passwords, self.status = environment, passwords, status
        self.due = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self.due:
            return
        from zhiheng.site.demo import people, records

        self.due = time.monotonic() + SECONDS_BETWEEN
        progress = records.progress()
        if progress.is_done and not serving.is_free(ADDRESS, self.environment.port):
            self.due = math.inf
            self.status.stop()
            _say_welcome(self.environment, people.accounts(self.passwords), progress.cases)
        else:
            self.status.update(
                f"读入记录、找病例、填表：{progress.cases} 个病例，{progress.filled} 个已填（首次约一分钟）"
            )


def _say_welcome(environment: Environment, accounts: list, cases: int) -> None:
    table = Table("用户名", "密码", "角色", "姓名", "科室", box=None, pad_edge=False)
    for each in accounts:
        table.add_row(each.username, f"[bold]{each.password}[/]", each.role, each.name, each.department)
    shared.out.print(f"\n质衡示范医院：{cases} 个病例，全部虚构。这些账户只在此处有效：\n", highlight=False)
    shared.out.print(table)
    shared.out.print(f"\n打开 [bold]http://{ADDRESS}:{environment.port}[/]；Ctrl-C 停止，数据保留。", highlight=False)


def _folder(out: Path) -> Path:
    """Return a folder that the database can use: folders of root are closed to the account it runs as."""
    folder = out if postgres_programs.is_open_to_server(out) else ELSEWHERE
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        folder.chmod(0o711)
    if folder != out:
        shared.out.print(f"数据库进不了 {out}，演示放在 {folder}。", highlight=False, soft_wrap=True)
    return folder


def _report_from(export: Path) -> date:
    """Return the day from which the demo hospital reports by Zhiheng: some weeks before its records were exported."""
    exported = datetime.fromtimestamp(export.stat().st_mtime, UTC) if export.exists() else datetime.now(UTC)
    return exported.date() - timedelta(REPORTING_DAYS)


def _set(**settings: object) -> None:
    """Let the demo stand alone: no setting of a real installation reaches it."""
    for name in env.names():
        os.environ.pop(name, None)
    serving.set_in_environment(**settings)


def _start_over(environment: Environment, folder: Path) -> None:
    with postgres.locked(environment.postgres):
        running.server(environment).stop()
        shutil.rmtree(environment.data, ignore_errors=True)
        shutil.rmtree(folder / "hospital", ignore_errors=True)


def in_terminal(*, encounters: int = 600, seed: int = 1, out: Path = OUT) -> None:
    """Run the main job on the export of the hospital that does not exist, and show what came out."""
    data = out / "hospital"
    shared.out.print(f"合成医院：{encounters} 次就诊，两年，两个院区，故意掺入脏数据 → {data}", highlight=False)
    generate(data, encounters=encounters, seed=seed)
    run(profile=PROFILE, folder=data, out=out / "results")
    shared.out.print(
        f"\n接下来：打开 [bold]{out}/results/单病种质量监测.xlsx[/]；"
        f"问一次就诊的来龙去脉：[bold]{_command()} why STEMI 就诊号 -p {PROFILE} -i {data}[/]",
        soft_wrap=True,
    )


def _command() -> str:
    """Return how this command is called from here: it need not be on the search path."""
    return "zhiheng" if shutil.which("zhiheng") else os.path.relpath(Path(sys.executable).parent / "zhiheng")


def demo_data(
    out: Annotated[Path, typer.Option("--out", "-o", help="写到哪个文件夹")],
    encounters: Encounters = 600,
    seed: Seed = 1,
    clean: Annotated[bool, typer.Option("--clean", help="不掺脏数据")] = False,
) -> None:
    """生成合成医院的数据：病案首页与明细 CSV，55 个病种都有，附 truth.csv 说明每次就诊是按什么情节造的。"""
    with shared.progress() as bars:
        made = generate(out, encounters=encounters, seed=seed, dirt=not clean, progress=bars)
    shared.out.print(made, highlight=False)
