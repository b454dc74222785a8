"""The thirty sums of a front page, in fen, so that they add up to the last one."""

from zhiheng.sources.demo.dice import Dice

# Shares of the main categories in percent, by kind of admission, in the order of MAIN.
_SHARES: dict[str, tuple[float, ...]] = {
    "medical": (8, 7, 4, 1, 0, 22, 15, 6, 4, 0, 1, 0, 22, 2, 0, 0, 0, 0, 0, 0, 2, 6, 0, 0),
    "surgical": (4, 5, 3, 1, 2, 9, 7, 3, 2, 18, 1, 0, 14, 1, 0, 0, 0, 0, 0, 0, 1, 7, 22, 0),
    "device": (2, 3, 1, 0, 0, 5, 4, 3, 1, 14, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 5, 52, 0),
    "psychiatric": (14, 10, 8, 2, 0, 14, 6, 10, 14, 0, 4, 0, 16, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0),
}
_MAIN = ("D11", "D12", "D13", "D14", "D15", "D16", "D17", "D18", "D19", "D20", "D21", "D22", "D23", "D24", "D25", "D26")
_REST = ("D27", "D28", "D29", "D30", "D31", "D32", "D33", "D34")
MAIN = _MAIN + _REST
FIELDS = (
    *("D01", "D09", "D11", "D12", "D13", "D14", "D15", "D16", "D17", "D18", "D19", "D19x01", "D20", "D20x01", "D20x02"),
    *("D21", "D22", "D23", "D23x01", *_MAIN[13:], *_REST),
)


def fees(dice: Dice, kind: str, total_yuan: float, antibacterials: bool, blood_units: float) -> dict[str, int]:
    """Return every sum in fen. The main categories add up to D01; the "其中" parts stay within theirs."""
    unit = dice.around(total_yuan, total_yuan * 0.3)
    sums = {
        name: int(unit * share * (0.8 + 0.4 * dice.random())) for name, share in zip(MAIN, _SHARES[kind], strict=True)
    }
    if blood_units:
        sums["D26"] = int(blood_units * 22000)
    sums["D19x01"] = sums["D19"] // 3
    sums["D20x01"] = sums["D20"] * 3 // 10
    sums["D20x02"] = sums["D20"] - sums["D20x01"]
    sums["D23x01"] = sums["D23"] // 4 if antibacterials else 0
    sums["D01"] = sum(sums[name] for name in MAIN)
    sums["D09"] = sums["D01"] * dice.whole(10, 45) // 100
    return sums


def yuan(fen: int) -> str:
    """Return a sum as the front page writes it: 28311.20."""
    return f"{fen // 100}.{fen % 100:02d}"
