"""Figures against bars."""

from dataclasses import dataclass


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
