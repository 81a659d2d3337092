"""What the benchmarks share: processes and what they take, the sandbox, specs of many migrations. Standard library only."""

import contextlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SOURCE, DESTINATION = "111111111111", "222222222222"
REGION = {SOURCE: "eu-west-1", DESTINATION: "eu-central-1"}


def binary():
    """Returns the release build of s3ferry, or the program that S3FERRY names."""
    path = pathlib.Path(os.environ.get("S3FERRY", REPOSITORY / "target/release/s3ferry"))
    if not path.exists():
        raise SystemExit(f"{path} is missing: cargo build --release -p s3ferry-cli")
    return str(path)


@dataclass
class Run:
    """What one process took, its children included."""

    code: int
    out: str
    err: str
    wall: float  # seconds
    cpu: float  # seconds of user and system time
    memory: float  # peak, in MB


def run(command, environment, folder):
    """Runs a program to its end.

    Memory is the larger of what the kernel says of the process and the sum over it and its children, looked at a
    hundred times a second: Terraform's provider is a child.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        watch = Watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = watch.end()
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    return Run(process.returncode, *texts, wall, usage.ru_utime + usage.ru_stime, max(usage.ru_maxrss * 1024, peak) / 1e6)


class Watch:
    """Adds up the memory of a process and of its descendants until it is told to end."""

    def __init__(self, pid):
        self.pid, self.peak, self.over = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.over.wait(0.01):
            self.peak = max(self.peak, sum(resident(pid) for pid in descendants(self.pid)))

    def end(self):
        self.over.set()
        self.thread.join()
        return self.peak


def descendants(pid):
    yield pid
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            children = pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text()
            for child in children.split():
                yield from descendants(int(child))


def resident(pid):
    try:
        pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def expect(run, *codes):
    if run.code not in codes:
        raise SystemExit(f"exit {run.code}, expected {codes}:\n{run.err}\n{run.out[-2000:]}")
    return run


class Sandbox:
    """A running `s3ferry sandbox` with buckets of these names: by account, or source buckets; and with what a seed has besides."""

    def __init__(self, folder, buckets, more=None):
        buckets = buckets if isinstance(buckets, dict) else {SOURCE: buckets}
        bucket = lambda name, account: {"name": name, "account": account, "region": REGION[account]}
        seed = {"buckets": [bucket(name, account) for account, names in buckets.items() for name in names], **(more or {})}
        path = pathlib.Path(folder) / "seed.json"
        path.write_text(json.dumps(seed))
        command = [binary(), "sandbox", "--listen", "127.0.0.1:0", "--seed", str(path), "--replication-delay", "20"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.environment = {}
        while "S3FERRY_SANDBOX_TOKEN" not in self.environment:  # the last line
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("the sandbox does not start")
            name, _, value = line.removeprefix("export ").strip().partition("=")
            self.environment[name] = value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.environment['AWS_ENDPOINT_URL']}/_sandbox/{path}"
        headers = {"Authorization": f"Bearer {self.environment['S3FERRY_SANDBOX_TOKEN']}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(url, data=data, method=method, headers=headers)) as reply:
            return json.load(reply)

    def latency(self, milliseconds):
        self.control("PUT", "switches", {"latency_ms": milliseconds, "replication_delay_ms": 20})

    def forget_calls(self):
        self.control("DELETE", "calls")

    def calls(self):
        return self.control("GET", "calls")

    def cpu(self):
        """Returns the seconds of user and system time that the sandbox has taken so far."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rsplit(")", 1)[1].split()  # the name before may hold anything
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def environment(more):
    """Returns an environment without credentials and profiles of the user's."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    # Whether reads are waited for to agree is the benchmark's to say: it is the same few seconds whatever the work is.
    more = {"S3FERRY_AGREE_FOR": "0s"} | more
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    return kept | nothing | more


ACCOUNTS = f"""accounts:
  prod: {{ id: "{SOURCE}", region: {REGION[SOURCE]}, assume_role: {{ arn: "arn:aws:iam::{SOURCE}:role/sandbox" }} }}
  archive: {{ id: "{DESTINATION}", region: {REGION[DESTINATION]}, assume_role: {{ arn: "arn:aws:iam::{DESTINATION}:role/sandbox" }} }}
"""


def spec(count, migration):
    """Returns a spec of that many migrations, each written by `migration` from its number.

    Its name is the count, so that a spec of none does not take down what another one made.
    """
    migrations = [migration(number) for number in range(count)]
    return "".join([f"version: 1\nname: of-{count}\n", ACCOUNTS, "migrations:\n" if migrations else "", *migrations])


def one_rule(canary):
    """Returns what writes a migration of everything in a bucket to a bucket that s3ferry makes."""

    def migration(number):
        return f"""  team-{number:04}:
    phase: replicate
    source: {{ account: prod, bucket: {source_bucket(number)} }}
    destination: {{ account: archive, bucket: team-{number:04}-archive, create: true }}
    rules: [ {{ id: everything, prefix: "", delete_markers: keep }} ]
    canary: {canary}
"""

    return migration


def full(number):
    """Writes a migration with all that s3ferry configures: four alarms, access logs, data events and inventories of both sides."""
    one = one_rule("{ name: .s3ferry-canary }")(number)
    side = SHARE_OF.format(number // SHARED)
    return (
        one
        + f"""    monitoring: {{ failed_operations: {{ above: 0 }} }}
    logging:
      access:
        source:      {{ bucket: prod-logs-{side}, prefix: team-{number:04}/ }}
        destination: {{ bucket: archive-logs-{side}, prefix: team-{number:04}/ }}
      cloudtrail:
        source:      {{ trail: s3-data, bucket: prod-trail }}
        destination: {{ trail: s3-data, bucket: archive-trail }}
      inventory:
        source:      {{ bucket: prod-lists-{side}, prefix: team-{number:04} }}
        destination: {{ bucket: archive-lists-{side}, prefix: team-{number:04} }}
"""
    )


SHARED = 10  # migrations a bucket that logs or lists go to: its policy has a statement for each, and takes 20 KB
SHARE_OF = "{:03}"


def buckets(count, is_full):
    """Returns the buckets, by account, that a spec of so many migrations finds."""
    found = {SOURCE: [source_bucket(number) for number in range(count)], DESTINATION: []}
    if is_full:
        for account, side in ((SOURCE, "prod"), (DESTINATION, "archive")):
            shares = [SHARE_OF.format(share) for share in range(-(-count // SHARED))]
            found[account] += [f"{side}-{what}-{share}" for what in ("logs", "lists") for share in shares] + [f"{side}-trail"]
    return found


def migrations(is_full):
    """Returns what writes a migration: of everything in a bucket alone, or with all that s3ferry configures."""
    return full if is_full else one_rule("{ name: .s3ferry-canary }")


def source_bucket(number):
    return f"team-{number:04}-prod"


def machine():
    """Returns one line about where this ran: figures mean nothing without it."""
    model = next(
        (line.split(":", 1)[1].strip() for line in read("/proc/cpuinfo").splitlines() if line.startswith("model name")),
        platform.machine(),
    )
    load = os.getloadavg()[0]
    return f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} x {model}, load before {load:.1f}"


def read(path):
    with contextlib.suppress(OSError):
        return pathlib.Path(path).read_text()
    return ""


@contextlib.contextmanager
def workspace():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="s3ferry-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def verdict(name, value, target, unit="", digits=2, least=False):
    """Prints a figure against its target, which is the most or the least that it may be."""
    word = "met" if (value >= target if least else value <= target) else "MISSED"
    print(f"  {name}: {value:.{digits}f}{unit} (target {target:.4g}{unit}{' at least' if least else ''}): {word}")
