"""Checks of the machine: folders, keys, room, programs. They need no database."""

import os
import stat
from pathlib import Path

import psutil

from zhiheng.site import postgres_programs
from zhiheng.site.doctor.outcomes import Said, could_not_run, failed, not_applicable, passed, passed_or_failed
from zhiheng.site.env import Environment
from zhiheng.vault import keys

GB = 1024**3
LEAST_ROOM_GB = 5
LEAST_MEMORY_GB = 3
STATIC = Path(__file__).parents[2] / "web" / "static" / "vendor"


def data_folder(environment: Environment) -> Said:
    folder = environment.data
    if not folder.is_dir():
        return failed(f"没有 {folder}", "运行 zhiheng init，或用 ZHIHENG_DATA 指明数据文件夹。")
    open_to = stat.S_IMODE(folder.stat().st_mode) & 0o066
    return passed_or_failed(not open_to, str(folder), f"别的账户能读写它：chmod go-rw {folder}")


def inboxes(environment: Environment) -> Said:
    closed = [str(inbox) for inbox in environment.inboxes if not os.access(inbox, os.R_OK | os.X_OK)]
    remedy = "建立文件夹并让运行质衡的账户可读；换地方用 ZHIHENG_INBOX。只用上传的医院可不理会其中无人使用的。"
    return passed_or_failed(
        not closed, "、".join(map(str, closed or environment.inboxes)) + ("：没有或打不开" if closed else ""), remedy
    )


def key_file(environment: Environment) -> Said:
    path = environment.key_file
    if not path.exists():
        return failed(f"没有 {path}", "首次安装运行 zhiheng init；否则从备份恢复，或用 ZHIHENG_KEY_FILE 指明位置。")
    try:
        ring = keys.read(path)
    except (ValueError, KeyError):
        return failed(f"{path} 读不懂", "它不是完整的密钥文件：从备份恢复。")
    except PermissionError:
        return could_not_run(f"读不了 {path}", "用运行质衡的账户执行 zhiheng doctor。")
    return _is_private(path, f"{path}，第 {ring.newest} 把密钥在用")


def secret_file(environment: Environment) -> Said:
    if environment.secret_key_set:
        return not_applicable("由 ZHIHENG_SECRET_KEY 给出")
    if not environment.secret_file.exists():
        return failed(f"没有 {environment.secret_file}", "运行 zhiheng init。")
    return _is_private(environment.secret_file, str(environment.secret_file))


def room(environment: Environment) -> Said:
    if not environment.data.is_dir():
        return could_not_run("没有数据文件夹")
    free = psutil.disk_usage(str(environment.data)).free / GB
    remedy = f"数据文件夹所在的磁盘至少应有 {LEAST_ROOM_GB} GB 空闲：清理磁盘或搬走别的文件。"
    return passed_or_failed(free >= LEAST_ROOM_GB, f"空闲 {free:.1f} GB", remedy)


def memory(environment: Environment) -> Said:
    total = psutil.virtual_memory().total / GB
    remedy = f"建议至少 {LEAST_MEMORY_GB} GB 内存；内存小的机器把 ZHIHENG_WEB_WORKERS 设为 1。"
    return passed_or_failed(total >= LEAST_MEMORY_GB, f"{total:.1f} GB", remedy)


def postgres_found(environment: Environment) -> Said:
    if not environment.is_embedded:
        return not_applicable("使用 DATABASE_URL 的服务器")
    try:
        programs = postgres_programs.find(chosen=environment.postgres_programs)
    except postgres_programs.NoPostgres as problem:
        return failed("没有找到", str(problem))
    return passed(f"PostgreSQL {programs.version}：{programs.folder}")


def front_end_files(environment: Environment) -> Said:
    if not STATIC.is_dir() or not any(STATIC.iterdir()):
        return failed("安装包里没有前端文件", "重新安装质衡；在源码中是 make devenv。")
    manifest = environment.data / "static" / "staticfiles.json"
    return passed_or_failed(manifest.exists(), str(manifest.parent), "运行 zhiheng init 把前端文件放到位。")


CHECKS = {
    "数据文件夹": data_folder,
    "收件文件夹": inboxes,
    "密钥文件": key_file,
    "签名密钥": secret_file,
    "磁盘": room,
    "内存": memory,
    "PostgreSQL 程序": postgres_found,
    "前端文件": front_end_files,
}


def _is_private(path: Path, found: str) -> Said:
    mode = stat.S_IMODE(path.stat().st_mode)
    return passed_or_failed(mode & 0o077 == 0, found, f"别的账户能读它（权限 {mode:o}）：chmod 600 {path}")
