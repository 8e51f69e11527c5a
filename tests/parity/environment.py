"""The Python packages that the suite needs, in an environment of its own below target/.

`enter` starts the program anew in that environment. Nothing else here is imported before it.
"""

import hashlib
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
PINS = HERE / "requirements.txt"


def interpreter():
    """An interpreter with exactly requirements.txt, made when it is not there."""
    version = ".".join(map(str, sys.version_info[:2]))
    digest = hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]
    venv = TARGET / "parity" / f"python{version}-{digest}"
    python = venv / "bin" / "python"
    ready = venv / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        install = ["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", PINS]
        subprocess.run([python, *install], check=True)
        subprocess.run([python, "-m", "pip", "check"], check=True, stdout=subprocess.DEVNULL)
        ready.touch()
    return python


def enter():
    """Goes on in the environment; returns when the program runs in it already."""
    python = interpreter()
    if pathlib.Path(sys.prefix) != python.parents[1]:
        os.execv(python, [str(python), *sys.argv])
