"""Begin a new pack: a folder that passes the check, with comments that say what to fill in."""

import datetime
import re
from pathlib import Path

from zhiheng.lib.yaml import write_scalar

ABBR = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
COMMON_ITEMS = ("caseId", "CM-0-2-1-1", "CM-0-2-1-2", "CM-0-2-4-1", "CM-0-2-4-2", "CM-4-3")

PACK = """\
# 病种包 {abbr}。改完运行 zhiheng pack check {abbr}。
pack: {abbr}
name: {name}
specialty: 待定  # 专业，如 心血管系统疾病/手术
version: "0.1"
status: draft  # national 国家病种；provisional 依据不全；draft 起草中
unit: encounter  # encounter 一次住院；outpatient_visit 一次门诊；patient_year 一名患者一年
valid_from: {valid_from}  # 从这一天起出院的病例用这个版本
sources:
- source: 待补  # 规则从哪里来：文件、公告、日期
  confidence: own knowledge
"""
FORM = """\
# 表单：分节列出条目。use 引用 packs/common/items.yaml 里的公共条目；本病种自己的条目写 item。
form: {abbr}
sections:
- section: 基本信息
  items:
{common}\
- section: 本病种
  items:
  - item: {abbr}-1-1
    label: 示例：是否完成首次评估
    type: choice
    required: true
    options: {{y: 是, n: 否}}
  - item: {abbr}-1-2
    label: 示例：首次评估日期时间
    type: datetime
    required: true
    show: {name}_1_1 = 'y'  # 只在上一项答“是”时适用
"""
FIND = """\
# 哪些就诊是本病种的病例。
unit: encounter
classes: [inpatient]  # inpatient 住院；day_surgery 日间手术；outpatient 门诊；emergency 急诊
status: provisional
source: {text: 待补, confidence: provisional}

criteria:
  # 把编码换成本病种的：列出的编码包括它的扩展码，不包括相邻的码。
  disease: {diagnosis: principal, codes: [Z99.9]}

include: disease

exclude:
- id: stay_over_90_days
  when: length_of_stay_days > 90
  reason: 本次住院天数>90天
"""


def scaffold(abbr: str, name: str, root: Path, *, today: datetime.date | None = None) -> Path:
    """Write a new pack below `root` and return its folder; it never touches one that exists."""
    if not ABBR.fullmatch(abbr):
        raise ValueError(f'"{abbr}" is no abbreviation. Use letters, digits and hyphens, beginning with a letter.')
    folder = root / abbr.lower()
    if folder.exists():
        raise FileExistsError(f"{folder} is already there. Choose another abbreviation, or change that pack.")
    today = today or datetime.datetime.now(tz=datetime.UTC).date()
    folder.mkdir(parents=True)
    known = _shared_codes(root / "common" / "items.yaml")
    common = "".join(f"  - use: {code}\n" for code in COMMON_ITEMS if code in known) or _OWN_ITEMS
    files = {
        "pack.yaml": PACK.format(abbr=abbr, name=write_scalar(name), valid_from=today.replace(month=1, day=1)),
        "form.yaml": FORM.format(abbr=abbr, common=common, name=re.sub(r"[^a-z0-9]", "_", abbr.lower())),
        "find.yaml": FIND,
    }
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")
    return folder


_OWN_ITEMS = """\
  - {item: caseId, label: 患者病案号, type: text, required: true}
"""


def _shared_codes(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    return set(re.findall(r"^- item: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE))
