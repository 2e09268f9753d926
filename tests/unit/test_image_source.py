"""The tag of an image: `image_builder.image_source`."""

import io
import zipfile

import pytest

from image_builder.image_source import image_tag

FILES = {"Dockerfile": b"FROM base\n", "requirements.txt": b"apache-airflow==3.3.2\n", "farflow/__init__.py": b""}


def archive(files: dict[str, bytes], year: int = 2026) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as folder:
        for name, content in files.items():
            folder.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), content)
    return written.getvalue()


def tag(files: dict[str, bytes] = FILES, architecture: str = "ARM64", base: str = "") -> str:
    return image_tag(archive(files), architecture, base)


def test_tag_names_its_architecture() -> None:
    assert tag(architecture="X86_64").startswith("x86_64-")


def test_same_content_has_the_same_tag() -> None:
    """However it was zipped: order and times differ between two machines."""
    other = archive(dict(reversed(FILES.items())), year=1999)
    assert other != archive(FILES)
    assert image_tag(other, "ARM64", "") == tag()


@pytest.mark.parametrize(
    "name", ["farflow/__pycache__/healthcheck.cpython-313.pyc", "farflow/old.pyc", "__pycache__/x", "farflow/"]
)
def test_bytecode_and_folders_do_not_count(name: str) -> None:
    """Running the tests must not make the next deployment build an image."""
    assert tag({**FILES, name: b""}) == tag()


@pytest.mark.parametrize(
    "files",
    [
        {**FILES, "farflow/__init__.py": b"# changed\n"},
        {**FILES, ".dockerignore": b""},
        {name: content for name, content in FILES.items() if name != "Dockerfile"},
        {**FILES, "farflow/renamed.py": FILES["farflow/__init__.py"]},
        {"Dockerfile": b"FROM base\n", "requirements.txt": b"apache-airflow==3.3.2\n", "farflow/__init__.py.": b""},
    ],
    ids=["content", "new file", "file gone", "copy", "name"],
)
def test_other_content_has_another_tag(files: dict[str, bytes]) -> None:
    assert tag(files) != tag()


def test_content_that_moves_between_files_has_another_tag() -> None:
    assert tag({"a": b"bc", "d": b""}) != tag({"a": b"b", "d": b"c"})


def test_architecture_and_base_have_tags_of_their_own() -> None:
    assert len({tag(), tag(architecture="X86_64"), tag(base="mirror/airflow:1"), tag(base="mirror/airflow:2")}) == 4


def test_tag_is_one_that_ecr_takes() -> None:
    """Letters, digits and ._- only, 300 at most: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html"""
    assert tag().replace("-", "").replace("_", "").isalnum()
    assert len(tag()) < 300
