"""Makes wheels again of what is installed here, so that an installation needs no network.

They hold their bytecode, too: compiling is most of the work of an installation (pip with NO_COMPILE leaves it out).
"""

import hashlib
import marshal
import re
import subprocess
import sys
import zipfile
from collections.abc import Container, Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOT_TRIED = {"psycopg", "psycopg-binary", "pypdfium2", "zxing-cpp", "hatchling", "pip"}
"""Big, and not needed to watch a sandbox."""
NO_COMPILE = {"PIP_NO_COMPILE": "no"}
"""Pip reads it so: do not compile."""
_BALLAST = re.compile(r"babel/locale-data/(?!root|en|ru|zh)")
"""A thousand files of languages that we do not speak."""
_PINNED = re.compile(r"^([a-z0-9-]+)==\S+", re.MULTILINE)


def wheelhouse(folder: Path, *, whole: Container[str] | None = None) -> Path:
    """Fill a folder with a wheel of every library that a server gets; the file that names them with their hashes.

    Only what is `whole` holds more than its metadata; without it, all do.
    """
    lock = (ROOT / "deploy" / "requirements.txt").read_text(encoding="utf-8")
    lines = []
    for found in _installed(_PINNED.findall(lock)):
        wheel = _packed(found, folder, is_whole=whole is None or found.name in whole)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{found.name}=={found.version} --hash=sha256:{digest}\n")
    requirements = folder / "requirements.txt"
    requirements.write_text("".join(lines), encoding="utf-8")
    return requirements


def own_wheel(folder: Path) -> Path:
    """The wheel of this checkout."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    order = [*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(order, check=True, capture_output=True)
    (wheel,) = folder.glob("labelwatch-*.whl")
    with zipfile.ZipFile(wheel, "a") as packed:
        for name in packed.namelist():
            source = ROOT / name.removeprefix("labelwatch/" if name.startswith("labelwatch/migrations/") else "")
            if name.endswith(".py"):
                packed.writestr(cache_from_source(name), _bytecode(source))
    return wheel


def altered(wheel: Path, folder: Path, *, more: Mapping[str, str]) -> Path:
    """The same wheel in another folder, with some text at the end of some of its files."""
    folder.mkdir()
    new = folder / wheel.name
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(new, "w") as changed:
        stale = {cache_from_source(name) for name in more if name.endswith(".py")}
        for name in set(old.namelist()) - stale:
            changed.writestr(name, old.read(name) + more.get(name, "").encode())
    return new


def _installed(names: list[str]) -> Iterator[Distribution]:
    for name in set(names) - _NOT_TRIED:
        try:
            yield distribution(name)
        except PackageNotFoundError:
            continue  # of another system


def _packed(found: Distribution, folder: Path, *, is_whole: bool) -> Path:
    name = re.sub(r"[-_.]+", "_", found.name).lower()
    tags = re.findall(r"^Tag: (\S+)-(\S+)-(\S+)$", found.read_text("WHEEL") or "", re.MULTILINE)
    tag = "-".join(".".join(sorted(set(part))) for part in zip(*tags, strict=True))
    wheel = folder / f"{name}-{found.version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for file in found.files or ():
            if not is_whole and not file.parts[0].endswith(".dist-info"):
                continue
            if ".." not in file.parts and file.suffix != ".pyc" and not _BALLAST.match(str(file)):
                place = Path(str(found.locate_file(file)))
                packed.write(place, str(file))
                if file.suffix == ".py" and (cached := Path(cache_from_source(str(place)))).exists():
                    packed.writestr(cache_from_source(str(file)), _unchecked(cached.read_bytes()))
    return wheel


def _bytecode(source: Path) -> bytes:
    code = compile(source.read_bytes(), str(source), "exec", dont_inherit=True)
    return _unchecked(MAGIC_NUMBER + bytes(12) + marshal.dumps(code))


def _unchecked(cached: bytes) -> bytes:
    """The same bytecode, for a source of any time and content (PEP 552)."""
    return cached[:4] + (1).to_bytes(4, "little") + bytes(8) + cached[16:]
