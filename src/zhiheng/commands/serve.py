"""zhiheng serve and zhiheng worker: run the product."""

import os
import socket
from collections.abc import Callable
from typing import Annotated

import typer

from zhiheng.commands import shared
from zhiheng.commands.product import product
from zhiheng.site import env, installing, running, serving

Port = Annotated[int | None, typer.Option(min=1, max=65535, help="端口（ZHIHENG_PORT）")]
Workers = Annotated[int | None, typer.Option(min=1, max=64, help="网页服务的进程数（ZHIHENG_WEB_WORKERS）")]
Address = Annotated[str | None, typer.Option(help="监听的地址（ZHIHENG_ADDRESS）")]


def serve(port: Port = None, workers: Workers = None, address: Address = None) -> None:
    """启动质衡：内嵌数据库（未设 DATABASE_URL 时）、网页服务与后台任务。Ctrl-C 或 SIGTERM 停止。"""
    serving.set_in_environment(ZHIHENG_PORT=port, ZHIHENG_WEB_WORKERS=workers, ZHIHENG_ADDRESS=address)
    with product() as environment:
        run(environment)


def run(environment: env.Environment) -> None:
    """Serve an installation until a signal says stop."""
    if not serving.is_free(environment.address, environment.port):
        raise serving.PortTaken(f"{environment.address}:{environment.port} 已被占用。用 --port 另选一个。")
    installing.check_files(environment)
    with running.database(environment, own=True):
        running.set_up_django()
        installing.check_database()
        keep_serving(environment)
    say_stopped()


def keep_serving(environment: env.Environment, watch: Callable[[], None] = lambda: None) -> None:
    """Serve with the database that runs, until a signal says stop."""
    _say(f"质衡在 http://{environment.address}:{environment.port} 服务；Ctrl-C 停止。")
    serving.serve(environment, _say, watch)


def say_stopped() -> None:
    _say("已停止。")


def worker(name: Annotated[str, typer.Option(help="名字，见于后台任务页")] = "") -> None:
    """只运行后台任务：供第二台机器分担（须设 DATABASE_URL，并使用同一密钥文件）。"""
    with product() as environment:
        installing.check_files(environment)
        running.set_up_django()
        installing.check_database()
        from zhiheng.jobs.working import work

        work(name=name or f"{socket.gethostname()}-{os.getpid()}")


def _say(line: str) -> None:
    shared.out.print(line, highlight=False, soft_wrap=True)
