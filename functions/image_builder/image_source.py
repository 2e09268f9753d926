"""Decides an image's tag from what goes into it, so that the same content is built once."""

from __future__ import annotations

import hashlib
import io
import zipfile

DIGEST_CHARACTERS = 24


def image_tag(archive: bytes, cpu_architecture: str, base_image: str) -> str:
    """The tag of the image that `archive`, the folder `airflow/` as a zip file, makes on that base.

    Names and contents count; times, modes, order and bytecode do not: those differ between two clones.
    """
    digest = hashlib.sha256()
    with zipfile.ZipFile(io.BytesIO(archive)) as folder:
        for name in sorted(filter(_counts, folder.namelist())):
            content = folder.read(name)
            digest.update(f"{len(name)}:{name}{len(content)}:".encode() + content)
    digest.update(f"{cpu_architecture}|{base_image}".encode())
    return f"{cpu_architecture.lower()}-{digest.hexdigest()[:DIGEST_CHARACTERS]}"


def _counts(name: str) -> bool:
    return not (name.endswith(("/", ".pyc")) or "__pycache__/" in name)
