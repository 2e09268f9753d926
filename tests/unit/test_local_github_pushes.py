"""Which ref updates webhooks are told of."""

from local.github.pushes import RefUpdate, announced, parse_updates

SHA = "a" * 40


def updates(kind: str, count: int) -> list[RefUpdate]:
    return [RefUpdate("0" * 40, SHA, f"refs/{kind}/{number}") for number in range(count)]


def test_5000_branches_at_once_are_told_and_5001_are_not() -> None:
    assert len(announced(updates("heads", 5000))) == 5000
    assert announced(updates("heads", 5001)) == []


def test_four_tags_are_not_told_but_the_branch_beside_them_is() -> None:
    assert [each.ref for each in announced([*updates("tags", 4), *updates("heads", 1)])] == ["refs/heads/0"]
    assert len(announced(updates("tags", 3))) == 3


def test_refs_that_are_neither_branches_nor_tags_are_not_told() -> None:
    assert announced(updates("notes", 1)) == []


def test_hook_s_lines_are_ref_updates() -> None:
    assert parse_updates(f"{SHA} {'b' * 40} refs/heads/a b\n") == [RefUpdate(SHA, "b" * 40, "refs/heads/a b")]
    assert parse_updates("") == []
