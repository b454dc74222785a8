"""The front page in its official layout, for the suite of all readers."""

from pathlib import Path

from zhiheng.sources.frontpage.layout import load

PROFILE = """
name: conformance
feeds:
- reader: frontpage
  source: frontpage
  layout: hqms
  files: "pages_*.csv"
"""
FILE = "pages_2025-03.csv"
TABLES = {"patient": 2, "encounter": 2, "diagnosis": 5, "procedure": 1, "staff": 12, "charge": 2, "observation": 2}
OTHER = None

FIELDS = tuple(load("hqms").fields)
# Every required field that a page may not leave blank; a dash says that there is nothing to say.
COMMON = {field.field: "-" for field in load("hqms").fields.values()} | {
    "A01": "12340000485001", "A02": "示范医院", "A49": "1", "A46C": "1", "A15C": "中国", "A21C": "2", "A38C": "31",
    "A19C": "01", "A20N": "1", "B38": "2", "B11C": "1", "B13C": "03.04", "B16C": "03.04", "B17": "一病区",
    "C01C": "I21.100", "C02N": "下壁心肌梗死", "C05C": "1", "C24C": "1",
    "B22C": "1", "B22": "甲一", "B23C": "2", "B23": "甲二",
    "B24C": "3", "B24": "甲三",
    "B25C": "4", "B25": "甲四", "B26C": "5", "B26": "甲五", "B29": "甲六",
    "B36C": "1", "B34C": "1", "D01": "28311.20",
}  # fmt: skip
FIRST = {
    "A48": "00012345", "A11": "张三", "A12C": "2", "A13": "1949-12-31", "A14": "75", "A20": "11010519491231002X",
    "B12": "2025-03-02 14:05:00", "B15": "2025-03-09 10:00:00", "B20": "7",
    "C03C": "I21.103", "C04N": "急性下壁心肌梗死",
    "C06x01C": "I10.x00x002", "C07x01N": "高血压", "C08x01C": "1",
    "C14x01C": "36.0601", "C15x01N": "冠状动脉药物涂层支架置入术",
    "C16x01": "2025-03-02 15:20:00", "A27": "13800000000",
}  # fmt: skip
SECOND = {
    "A48": "00023456", "A11": "李四", "A12C": "1", "A13": "1960-05-01", "A14": "64", "A20": "110101196005010019",
    "B12": "2025-03-03 08:00:30", "B15": "2025-03-12 10:00:00", "B20": "9",
    "C03C": "J44.100", "C04N": "慢性阻塞性肺病伴有急性加重",
}  # fmt: skip


def page(*stated: dict[str, str]) -> str:
    cells = dict(COMMON)
    for one in stated:
        cells |= one
    return ",".join(cells[field] for field in FIELDS)


def write(folder: Path, pages: list[str] | None = None) -> None:
    lines = [",".join(FIELDS), *(pages or [page(FIRST), page(SECOND)])]
    (folder / FILE).write_text("\n".join([*lines, ""]), encoding="utf-8")


def write_corrected(folder: Path) -> None:
    write(folder, [page(FIRST, {"A27": "13911111111"}), page(SECOND)])


def write_bad_rows(folder: Path) -> dict[str, str]:
    third = SECOND | {"A48": "00034567"}
    spoilt = {
        "impossible_date": {"B12": "2025-02-30 08:00:00"},
        "impossible_time": {"B15": "2025-03-12 25:00:00"},
        "discharge_before_admission": {"B12": "2025-03-13 08:00:00"},
        "missing_value": {"C03C": "-"},
        "bad_visit_number": {"A49": "０"},
    }
    kept = {
        "unknown_code": {"B34C": "7"},
        "identity_checksum": {"A20": "110101196005010011"},
        "fees_do_not_add_up": {"D11": "99999.00"},
    }
    bad = [page(third, one) for one in spoilt.values()]
    bad += [page(third, one, {"A48": f"0004567{place}"}) for place, one in enumerate(kept.values())]
    write(folder, [page(FIRST), page(SECOND), *bad])
    found = {kind: next(iter(one.values())) for kind, one in spoilt.items()} | {
        kind: next(iter(one.values())) for kind, one in kept.items()
    }
    return found | {"discharge_before_admission": "2025-03-13", "missing_value": "", "fees_do_not_add_up": "28311.20"}


def write_extra(folder: Path) -> None:
    lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    wider = [line + (",surprise" if place == 0 else ",x") for place, line in enumerate(lines)]
    (folder / FILE).write_text("\n".join([*wider, ""]), encoding="utf-8")
