"""zhiheng init: make an installation ready, or bring an older one up to date."""

from zhiheng.commands import shared
from zhiheng.commands.product import product
from zhiheng.site import installing, running
from zhiheng.site.env import Environment


def init() -> None:
    """安装或升级：数据文件夹、密钥、数据库、病种；首次运行给出创建三位管理员的一次性令牌。可重复运行，数据保留。"""
    with product(is_quiet=True) as environment:
        shared.out.print(f"数据文件夹 {environment.data}", highlight=False, soft_wrap=True)
        installing.make_folder(environment)
        with running.database(environment) as urls:
            installing.make_keys(environment, is_used=running.holds_tables(urls.owner))
            running.set_up_django()
            installing.check_that_nobody_serves(environment)
            with shared.out.status("数据库"):
                _say(f"数据库：升级 {installing.prepare_database(urls)} 步")
            with shared.out.status("前端文件"):
                _say(f"前端文件：{installing.collect_static_files()} 个")
            with shared.out.status("病种"):
                _say(f"病种：{installing.import_packs()}")
            _administrators(environment, installing.setup_token())
    shared.out.print(
        f"密钥文件 [bold]{environment.key_file}[/] 请单独备份：丢失它，库中的患者数据无人能读。", soft_wrap=True
    )
    shared.out.print("接下来：[bold]zhiheng serve[/]；随时检查：[bold]zhiheng doctor[/]")


def _say(line: str) -> None:
    shared.out.print(line, highlight=False, soft_wrap=True)


def _administrators(environment: Environment, token: str | None) -> None:
    if token is None:
        _say("管理员账户：已有")
        return
    address = f"http://{environment.address}:{environment.port}/accounts/setup/"
    _say("还没有任何账户。服务启动后，用这个一次性令牌创建系统、安全、审计三位管理员（只显示这一次，24 小时内有效）：")
    shared.out.print(f"  网址 {address}   令牌 [bold]{token}[/]", highlight=False, soft_wrap=True)
