"""Starting and stopping the two programs, and the ports they listen on.

A program is ready when its health page answers 200, and done when it has ended after SIGTERM: by
then its queues are empty, so nobody waits for a delivery. Everything is bounded by SECONDS_MAX and
stopped by the pid it was started with.
"""

import contextlib
import http.client
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

from environment import HERE, ROOT, TARGET

SECONDS_MAX = 30
# For an opinion about a file: the Collector does not end on one that includes itself.
JUDGE_SECONDS_MAX = 10
BOUND = ("sh", "-c", 'ulimit -v 8000000; exec "$@"', "sh")


class Refused(Exception):
    """The program does not take the configuration. The text is what it said."""


class Program:
    """One of the two: how it is called."""

    def __init__(self, name, binary, check):
        self.name = name
        self.binary = str(pathlib.Path(binary).resolve())
        self.check = check

    def command(self, config):
        return [self.binary, "--config", str(config)]

    def judge(self, *configs, environment=None):
        """Whether the configuration is taken, and what is said about it. Several files are laid over
        one another."""
        files = [word for config in configs for word in ("--config", str(config))]
        try:
            found = subprocess.run(
                [*BOUND, self.binary, self.check, *files],
                cwd=ROOT,
                env=clean_environment(environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=JUDGE_SECONDS_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False, f"no answer after {JUDGE_SECONDS_MAX} s"
        return found.returncode == 0, found.stdout + found.stderr


def collector(binary):
    return Program("collector", binary, "validate")


def spanyard(binary):
    return Program("spanyard", binary, "check")


def clean_environment(more=None):
    """The environment of the caller without what either program would read from it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OTEL_") and not name.lower().endswith("_proxy")
    }
    return {**kept, **(more or {})}


def free_ports(count):
    """Ports that are free and differ from each other, below those that clients get from the
    system, so that nobody's connection takes one before the program does."""
    with contextlib.ExitStack() as stack:
        found = []
        for port in random.sample(range(10_000, 30_000), 4 * count + 100):
            probe = stack.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise SystemExit(f"fewer than {count} ports are free")


def healthy(port, path="/healthz"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def running(program, config, live, log, environment=None):
    """Runs a program until the block ends. `live` is the port and a path of its health page. Raises
    Refused when it ends before it is ready."""
    with pathlib.Path(log).open("wb") as out:
        child = subprocess.Popen(
            program.command(config),
            env=clean_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        deadline = time.monotonic() + SECONDS_MAX
        while not healthy(*live):
            if child.poll() is not None:
                raise Refused(pathlib.Path(log).read_text(errors="replace"))
            if time.monotonic() > deadline:
                raise SystemExit(f"{program.name} is not ready after {SECONDS_MAX} s: see {log}")
            time.sleep(0.02)
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(SECONDS_MAX)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def built_collector():
    """The Collector of collector.yaml, built when it is not there."""
    command = [HERE / "build-collector", TARGET / "parity"]
    made = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return pathlib.Path(made.stdout.strip())


def add_arguments(parser):
    """The options that say which binaries are compared."""
    gateway = TARGET / "debug" / "spanyard"
    parser.add_argument("--spanyard", type=pathlib.Path, default=gateway, metavar="BIN")
    text = "default: built by build-collector, kept below target/parity"
    parser.add_argument("--collector", type=pathlib.Path, metavar="BIN", help=text)


def chosen(options, names):
    """The programs of these names, the Collector first."""
    made = []
    if "collector" in names:
        made.append(collector(options.collector or built_collector()))
    if "spanyard" in names:
        if not options.spanyard.exists():
            raise SystemExit(f"no {options.spanyard}: cargo build --locked --bins")
        made.append(spanyard(options.spanyard))
    return made
