"""Terraform and s3ferry making the same things on the same local server: an apply from nothing, and a plan without changes.

    python3 tests/bench/terraform.py [--pairs 10,30] [--runs 3] [--server sandbox|moto] [--sources given|made] [--calls] [--agree-for 5s]

Each run is a new server, where first the one and then the other applies, and then both plan. Things are the same field by
field, which is looked up on the sandbox: see pairs.tf. Sources are there before for both, or Terraform makes them, too,
which s3ferry never does: most of whose buckets are in Terraform have it so, and it is one thing more a pair.

Terraform 1.11 must be on the path and hashicorp/aws 5.100.0 in a folder of plugins, laid out as `terraform providers
mirror` does, which S3FERRY_TF_MIRROR names or which is searched for. Nothing is downloaded for them; without them this
says "skipped". moto, with the answers put right that tests/clients/moto_world.py tells of, comes from PyPI into a
virtual environment under target/.

Start-up is the same command with no pairs: Terraform starts its provider once for each account and signs in; s3ferry
signs in.
"""

import argparse
import collections
import contextlib
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass

import common

MOTO = "moto[server]==5.2.5"
PROVIDER = "registry.terraform.io/hashicorp/aws/5.100.0"


# By server: how many times less wall time s3ferry shall take.
TARGETS = {"sandbox": {"apply": 15, "plan": 100}, "moto": {"apply": 8, "plan": 20}}
CALLS = {"apply": 0.45, "plan": 0.5}
MEMORY = 0.1

# Operations that change nothing begin so; signing in counts as neither.
READS = ("Get", "Head", "List", "Assume")


class Skipped(Exception):
    pass


def main():
    parser = argparse.ArgumentParser(description="Compares applies from nothing and plans without changes.")
    parser.add_argument("--pairs", type=numbers, default=[10, 30])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--server", choices=SERVERS, action="append")
    parser.add_argument("--sources", choices=SOURCES, action="append")
    parser.add_argument("--calls", action="store_true", help="print the calls of an apply by operation")
    parser.add_argument("--agree-for", default="0s", help="how long s3ferry waits for reads to agree before it writes what others write, too; a run's is 5s")
    args = parser.parse_args()
    try:
        mirror = find_mirror()
        for server in args.server or SERVERS:
            for sources in args.sources or SOURCES:
                for pairs in args.pairs:
                    compare(server, sources, pairs, mirror, args)
    except Skipped as why:
        print(f"SKIPPED: {why}")


def numbers(text):
    return [int(number) for number in text.split(",")]


def compare(name, sources, pairs, mirror, args):
    print(f"{pairs} pairs on {name}, sources {sources} ({common.machine()}); s3ferry waits {args.agree_for} for reads to agree")
    samples = {(work, side): [] for work in CALLS for side in ("terraform", "s3ferry")}
    for number in range(args.runs):
        with common.workspace() as folder, SERVERS[name](folder, SOURCES[sources](pairs)) as server:
            sides = {"terraform": Terraform(folder, server, mirror, sources), "s3ferry": Ferry(folder, server, args.agree_for)}
            for tool in sides.values():
                tool.prepare(pairs)
            turns = list(sides.items())
            for side, tool in turns if number % 2 else reversed(turns):
                samples["apply", side].append((measured(tool.apply, server, 0), measured(tool.apply, server, pairs)))
                if args.calls and number == 0:
                    by_operation(side, samples["apply", side][0][1].calls)
            same_things(server)
            for side, tool in turns:  # in turns, so that other work on the machine hits both
                samples["plan", side].append((measured(tool.plan, server, 0), measured(tool.plan, server, pairs)))
    for work in CALLS:
        report(name, work, {side: samples[work, side] for side in sides})


@dataclass
class Sample:
    """What one command took, and the calls that it made."""

    run: common.Run
    calls: list

    def writes(self):
        """Returns how many calls changed something; none where the server does not tell operations."""
        if not all(isinstance(call, dict) for call in self.calls):
            return None
        return sum(not call["operation"].startswith(READS) for call in self.calls)


def measured(command, server, pairs):
    server.forget_calls()
    run = common.expect(command(pairs), 0)
    return Sample(run, server.calls())


def by_operation(side, calls):
    counts = collections.Counter((call["account"], call["service"], call["operation"]) for call in calls)
    for (account, service, operation), count in sorted(counts.items()):
        print(f"    {side}: {account} {service}:{operation} {count}")


def same_things(server):
    """Ends the benchmark where the first pairs of both sides are not the same but for their names."""
    if not isinstance(server, common.Sandbox):
        return
    world = server.control("GET", "snapshot")
    roles = world["iam"][common.SOURCE]["roles"]
    theirs = shape(world, "terraform-0-prod", "terraform-0-archive", roles["terraform-0"])
    role = next(role for name, role in roles.items() if name.startswith("s3ferry-team-0000"))
    ours = shape(world, common.source_bucket(0), "team-0000-archive", role)
    if theirs != ours:
        raise SystemExit(f"not the same things:\nterraform: {theirs}\ns3ferry:   {ours}")


def shape(world, source, destination, role):
    """Returns what was made without names: they differ in length and nothing else."""
    buckets = {"source": world["s3"]["buckets"][source], "destination": world["s3"]["buckets"][destination]}
    named = ("policy", "replication", "tagging")
    shape = {}
    for which, bucket in buckets.items():
        for part, text in bucket["configuration"].items():
            shape[f"{which} {part}"] = elements(text) if part in named else leaves(text)
    shape["role"] = [bool(role["description"]), len(role["tags"]), role["trust"]]
    statements = [statement for policy in role["inline"].values() for statement in policy["Statement"]]
    shape["role policy"] = [(statement["Effect"], statement["Action"]) for statement in statements]
    return shape


def elements(text):
    """Returns the names of a document's elements, sorted: what they hold has names in it.

    A filter by no prefix and an empty one are the same to S3.
    """
    names = re.findall(r"<(\w+)", text.replace("<Prefix></Prefix>", "")) or re.findall(r'"(\w+)":', text)
    return sorted(names)


def leaves(text):
    """Returns the elements that hold text, whatever their order."""
    return sorted(re.findall(r"<(\w+)>([^<]+)</", text))


def report(server, work, samples):
    figures = {}
    for side, runs in samples.items():
        median = lambda of: statistics.median(of(start, whole) for start, whole in runs)
        figures[side] = {
            "wall": median(lambda _, whole: whole.run.wall),
            "start-up": median(lambda start, _: start.run.wall),
            "calls": median(lambda _, whole: len(whole.calls)),
            "start-up calls": median(lambda start, _: len(start.calls)),
            "cpu": median(lambda _, whole: whole.run.cpu),
            "memory": max(whole.run.memory for _, whole in runs),
        }
        one, writes = figures[side], runs[0][1].writes()
        of_those = f"start-up {one['start-up calls']:.0f}" + ("" if writes is None else f", writes {writes}")
        print(
            f"  {work}, {side}: {one['wall']:.2f} s, of which start-up {one['start-up']:.2f} s; {one['calls']:.0f} calls, of "
            f"which {of_those}; CPU {one['cpu']:.2f} s; {one['memory']:.0f} MB"
        )
    theirs, ours = figures["terraform"], figures["s3ferry"]
    print(f"  {work}: wall {theirs['wall'] / ours['wall']:.1f}x less, without start-up {after_start(theirs) / after_start(ours):.1f}x less")
    times = TARGETS[server][work]
    common.verdict(f"{work}: wall, s3ferry over terraform (1/{times})", ours["wall"] / theirs["wall"], 1 / times, digits=4)
    common.verdict(f"{work}: calls, s3ferry over terraform", ours["calls"] / theirs["calls"], CALLS[work], digits=3)
    common.verdict(f"{work}: memory, s3ferry over terraform", ours["memory"] / theirs["memory"], MEMORY, digits=3)


def after_start(figures):
    return max(figures["wall"] - figures["start-up"], 0.001)


class Terraform:
    """Terraform in a folder of its own for each number of pairs, because the state is there."""

    def __init__(self, folder, server, mirror, sources):
        self.folder, self.sources = folder, sources
        settings = folder / "terraform.rc"
        settings.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
        own = {"TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        self.environment = common.environment(server.environment | own)

    def prepare(self, pairs):
        for number in (0, pairs):
            place = self.folder / f"terraform-{number}"
            place.mkdir()
            shutil.copy(pathlib.Path(__file__).with_name("pairs.tf"), place)
            common.expect(self.run(number, "init", "-input=false"), 0)

    def apply(self, pairs):
        return self.run(pairs, "apply", "-auto-approve", *self.variables(pairs))

    def plan(self, pairs):
        return self.run(pairs, "plan", "-detailed-exitcode", *self.variables(pairs))

    def variables(self, pairs):
        return f"-var=pairs={pairs}", f"-var=sources={self.sources}"

    def run(self, pairs, *words):
        return common.run(["terraform", *words, "-no-color"], self.environment, self.folder / f"terraform-{pairs}")


class Ferry:
    def __init__(self, folder, server, agree_for):
        self.folder, self.environment = folder, common.environment(server.environment | {"S3FERRY_AGREE_FOR": agree_for})

    def prepare(self, pairs):
        # Terraform proves nothing by objects either.
        migration = common.one_rule('{ skip: "a benchmark" }')
        for number in (0, pairs):
            (self.folder / f"{number}.yaml").write_text(common.spec(number, migration))

    def apply(self, pairs):
        return self.run("apply", f"{pairs}.yaml", "--yes")

    def plan(self, pairs):
        return self.run("plan", f"{pairs}.yaml", "--detailed-exitcode")

    def run(self, *words):
        return common.run([common.binary(), *words, "--no-progress"], self.environment, self.folder)


class Moto:
    """A moto server with source buckets of these names; its access log is the call log."""

    def __init__(self, folder, buckets):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url, self.log, self.seen = f"http://127.0.0.1:{port}", folder / "moto.log", 0
        key = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": common.REGION[common.SOURCE]}
        self.environment = key | {"AWS_ENDPOINT_URL": self.url}
        server = common.REPOSITORY / "tests/clients/moto_world.py"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([python_with_moto(), "-u", server, str(port)], stdout=log, stderr=log)
        try:
            self.wait()
            for bucket in buckets:
                self.create(bucket)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def wait(self):
        for _ in range(300):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/moto-api/"):
                return
            time.sleep(0.1)
        raise SystemExit(f"moto does not start:\n{self.log.read_text()}")

    def create(self, bucket):
        region = common.REGION[common.SOURCE]
        body = f"<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        headers = {
            "x-moto-account-id": common.SOURCE,
            "Content-Type": "application/xml",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=bench/20260101/{region}/s3/aws4_request, SignedHeaders=host, Signature=0",
        }
        url = f"{self.url}/{bucket}"
        urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers, method="PUT")).close()

    def logged(self):
        return [line for line in self.log.read_text(errors="replace").splitlines() if " HTTP/1.1" in line]

    def forget_calls(self):
        self.seen = len(self.logged())

    def calls(self):
        return self.logged()[self.seen :]


SERVERS = {"sandbox": common.Sandbox, "moto": Moto}


def ours(pairs):
    return [common.source_bucket(number) for number in range(pairs)]


def ours_and_theirs(pairs):
    return ours(pairs) + [f"terraform-{number}-prod" for number in range(pairs)]


# Which source buckets a server has before.
SOURCES = {"given": ours_and_theirs, "made": ours}


def python_with_moto():
    """Returns the Python of a virtual environment with moto, made at the first use."""
    folder = common.REPOSITORY / "target/bench-python"
    python = folder / "bin/python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", MOTO]
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
        subprocess.run(pip, check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        raise Skipped(f"moto cannot be installed: {error.stderr.decode(errors='replace').strip()}") from None
    return python


def find_mirror():
    """Returns the folder of plugins that has the provider."""
    if not shutil.which("terraform"):
        raise Skipped("terraform is not on the path")
    named = os.environ.get("S3FERRY_TF_MIRROR")
    roots = [pathlib.Path(named)] if named else likely_roots()
    for root in roots:
        for place in [root, *directories(root)]:
            if list(place.glob(f"{PROVIDER}/*/terraform-provider-aws*")):
                return place
    raise Skipped(f"no folder of plugins with {PROVIDER}; S3FERRY_TF_MIRROR may name one")


def likely_roots():
    """Where Terraform itself looks for plugins, and where machines keep what is no package."""
    home = pathlib.Path.home()
    system = [pathlib.Path("/") / name for name in ("opt", "usr/share", "usr/local/share", "var/lib")]
    return [home / ".terraform.d", home / ".local/share/terraform", *system]


def directories(root):
    with contextlib.suppress(OSError):
        yield from (place for place in root.iterdir() if place.is_dir())


if __name__ == "__main__":
    sys.exit(main())
