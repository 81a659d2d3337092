"""A plan without changes by Terraform and by s3ferry: the same ten bucket pairs, without alarms, on the same local server.

    python3 tests/bench/terraform.py [--pairs 10] [--runs 3] [--server sandbox|moto]

Terraform 1.11 must be on the path and hashicorp/aws 5.100.0 in a folder of plugins, laid out as `terraform providers
mirror` does, which S3FERRY_TF_MIRROR names or which is searched for. Nothing is downloaded for them; without them this
says "skipped". moto, with the answers put right that tests/clients/moto_world.py tells of, comes from PyPI into a
virtual environment under target/.

Start-up is the same command with no pairs: Terraform starts its provider once for each account and signs in; s3ferry
signs in.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

import common

MOTO = "moto[server]==5.2.5"
PROVIDER = "registry.terraform.io/hashicorp/aws/5.100.0"


class Skipped(Exception):
    pass


def main():
    parser = argparse.ArgumentParser(description="Compares plans without changes.")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--server", choices=SERVERS, action="append")
    args = parser.parse_args()
    try:
        mirror = find_mirror()
        for name in args.server or SERVERS:
            compare(name, mirror, args)
    except Skipped as why:
        print(f"skipped: {why}")


def compare(name, mirror, args):
    print(f"{args.pairs} pairs on {name} ({common.machine()})")
    names = [common.source_bucket(number) for number in range(args.pairs)]
    with common.workspace() as folder, SERVERS[name](folder, names) as server:
        terraform = Terraform(folder, server, mirror)
        ferry = Ferry(folder, server)
        sides = {"terraform": terraform, "s3ferry": ferry}
        for side in sides.values():
            side.prepare(args.pairs)
        samples = {side: [] for side in sides}
        for _ in range(args.runs):  # in turns, so that other work on the machine hits both
            for side, tool in sides.items():
                samples[side].append((measured(tool, server, 0), measured(tool, server, args.pairs)))
    report(samples)


def measured(tool, server, pairs):
    server.forget_calls()
    run = common.expect(tool.plan(pairs), 0)
    return run, len(server.calls())


def report(samples):
    figures = {}
    for side, runs in samples.items():
        median = lambda of: statistics.median(of(start, whole) for start, whole in runs)
        figures[side] = {
            "wall": median(lambda _, whole: whole[0].wall),
            "start-up": median(lambda start, _: start[0].wall),
            "calls": median(lambda _, whole: whole[1]),
            "start-up calls": median(lambda start, _: start[1]),
            "cpu": median(lambda _, whole: whole[0].cpu),
            "memory": max(whole[0].memory for _, whole in runs),
        }
        one = figures[side]
        print(
            f"  {side}: {one['wall']:.2f} s, of which start-up {one['start-up']:.2f} s; {one['calls']:.0f} calls, of which "
            f"start-up {one['start-up calls']:.0f}; CPU {one['cpu']:.2f} s; {one['memory']:.0f} MB"
        )
    theirs, ours = figures["terraform"], figures["s3ferry"]
    print(f"  without start-up, terraform over s3ferry: {after_start(theirs) / after_start(ours):.1f}x")
    print(f"  wall, terraform over s3ferry: {theirs['wall'] / ours['wall']:.1f}x")
    common.verdict("wall, s3ferry over terraform", ours["wall"] / theirs["wall"], 1 / 20)
    common.verdict("calls, s3ferry over terraform", ours["calls"] / theirs["calls"], 1 / 2)
    common.verdict("memory, s3ferry over terraform", ours["memory"] / theirs["memory"], 1 / 10)


def after_start(figures):
    return max(figures["wall"] - figures["start-up"], 0.001)


class Terraform:
    """Terraform in a folder of its own for each number of pairs, because the state is there."""

    def __init__(self, folder, server, mirror):
        self.folder, self.environment = folder, server.environment
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
        common.expect(self.run(pairs, "apply", "-auto-approve", f"-var=pairs={pairs}"), 0)

    def plan(self, pairs):
        return self.run(pairs, "plan", "-detailed-exitcode", f"-var=pairs={pairs}")

    def run(self, pairs, *words):
        return common.run(["terraform", *words, "-no-color"], self.environment, self.folder / f"terraform-{pairs}")


class Ferry:
    def __init__(self, folder, server):
        self.folder, self.environment = folder, common.environment(server.environment)

    def prepare(self, pairs):
        # Terraform proves nothing by objects either.
        migration = common.one_rule('{ skip: "a benchmark" }')
        for number in (0, pairs):
            (self.folder / f"{number}.yaml").write_text(common.spec(number, migration))
        common.expect(self.run("apply", f"{pairs}.yaml", "--yes"), 0)

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
