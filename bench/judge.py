"""Figures against bars."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """One figure. `at_most` or `at_least` is its bar; without either it is only told."""

    name: str
    value: float
    at_most: float | None = None
    at_least: float | None = None
    unit: str = ""

    @property
    def missed(self) -> bool:
        above = self.at_most is not None and self.value > self.at_most
        below = self.at_least is not None and self.value < self.at_least
        return above or below

    @property
    def verdict(self) -> str:
        if self.at_most is None and self.at_least is None:
            return ""
        return "MISSED" if self.missed else "ok"

    @property
    def bar(self) -> str:
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return "" if self.at_least is None else f"at least {self.at_least:g}"


def ratio(ours: float, other: float) -> float:
    """How many times the other one; infinite when that is nothing."""
    return ours / other if other else float("inf")


def missed(rows: list[Row]) -> list[str]:
    return [row.name for row in rows if row.missed]


def as_json(about: dict[str, str], rows: list[Row]) -> str:
    return json.dumps({"about": about, "rows": [{**asdict(row), "missed": row.missed} for row in rows]}, indent=2)


def text(about: dict[str, str], rows: list[Row]) -> str:
    """What was measured on, then a line for each figure with its bar and verdict."""
    width = max(len(row.name) for row in rows) + 2
    lines = [f"{name:<13}{value}" for name, value in about.items()]
    lines += ["", *(f"{row.name:<{width}}{row.value:>8.3f} {row.unit:<3}{row.bar:<14}{row.verdict}" for row in rows)]
    lines += [f"Missed: {name}" for name in missed(rows)]
    return "\n".join(lines)
