"""A plain helper: no need to say anything of what uses it."""


def total(rows: list[int]) -> int:
    return sum(rows)
