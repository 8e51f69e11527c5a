"""An environment with aioquic below target/, made once for each list of versions."""

import hashlib
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def python(target):
    """The interpreter of an environment with exactly requirements.txt in it."""
    pins = (HERE / "requirements.txt").read_bytes()
    version = ".".join(map(str, sys.version_info[:2]))
    venv = target / "clients" / f"h3-python{version}-{hashlib.sha256(pins).hexdigest()[:12]}"
    interpreter = venv / "bin" / "python"
    ready = venv / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        install = ["-m", "pip", "install", "--quiet", "--no-deps", "-r", HERE / "requirements.txt"]
        subprocess.run([interpreter, *install], check=True)
        ready.touch()
    return interpreter
