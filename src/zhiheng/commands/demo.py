"""zhiheng demo and zhiheng demo-data: a hospital that does not exist, and the main job on it."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from zhiheng.commands import shared
from zhiheng.commands.run import run
from zhiheng.sources.demo import generate

PROFILE = "demo-hospital"
Encounters = Annotated[int, typer.Option(min=1, help="就诊次数")]
Seed = Annotated[int, typer.Option(help="随机种子：同一种子得到逐字节相同的文件")]
OUT = Path("demo-out")


def demo(
    encounters: Encounters = 600, seed: Seed = 1, out: Annotated[Path, typer.Option(help="放在哪里")] = OUT
) -> None:
    """生成一所合成的小医院（含各种脏数据），跑完整条流程并显示结果。"""
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
