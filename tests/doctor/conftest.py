"""A folder with a database in it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copyfile

import pytest

from labelwatch.store import Store, open_store


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    copyfile(sqlite_template, tmp_path / "labelwatch.db")
    (tmp_path / "labelwatch.db").chmod(0o600)
    return tmp_path


@pytest.fixture
def base(folder: Path) -> Iterator[Store]:
    """The store over the folder's database, in which the shop of the configuration is known."""
    with closing(open_store(f"sqlite:///{folder}/labelwatch.db")) as store:
        store.shops.sync([("star", "100001")])
        yield store
