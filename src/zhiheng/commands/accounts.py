"""zhiheng accounts: help somebody in whom no administrator can help."""

from typing import Annotated

import typer

from zhiheng.commands import shared
from zhiheng.commands.product import product
from zhiheng.commands.shared import Exit
from zhiheng.site import installing, running

app = typer.Typer(help="账号：管理员都登录不了时，在服务器上重置。", no_args_is_help=True)


@app.callback()
def accounts() -> None:
    """账号：管理员都登录不了时，在服务器上重置。"""


@app.command()
def reset(username: Annotated[str, typer.Argument(help="用户名")]) -> None:
    """重置一个账号：给出新的初始密码，验证器须重新绑定；解锁并启用。留下审计记录。"""
    with product() as environment:
        installing.check_files(environment)
        with running.database(environment):
            running.set_up_django()
            installing.check_database()
            password = _rescue(username)
        shared.out.print(f"初始密码（只显示这一次，首次登录须修改）：{password}", highlight=False, soft_wrap=True)


def _rescue(username: str) -> str:
    from zhiheng.accounts import actions
    from zhiheng.accounts.models import User

    try:
        return actions.rescue(user=User.objects.get_by_natural_key(username))
    except User.DoesNotExist:
        shared.stop(f"没有用户名为 {username} 的账号。", Exit.USAGE)
