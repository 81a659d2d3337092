"""What `s3ferry verify` costs from listings, at two sizes.

    python3 tests/bench/verify.py [--keys 250000,1000000] [--runs 3] [--latency 0] [--kept]

Each run has a sandbox with a replicated pair: every fourth key has two versions, and differences of six kinds are planted, which the comparison
must name and nothing else. The pair is computed unless `--kept` fills the sandbox with it. What matters is the ratio: CPU for each
version at the larger size over that at the smaller, and memory, which must not grow. With `--latency` the bound is what nobody can beat who
makes these calls: the pages of both sides over the connections, one call after another. With `--rclone` the same pair is compared by
`rclone check` in the same run; its credentials come by the AWS CLI. It compares current objects alone.
"""

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys

import common

HANDS = 16  # stretches at once, each with a call under way at either side
# What the sandbox plants, by the word that it is found by. An extra version there is a replica whose source is gone, which is no difference.
PLANTED = {
    "missing": "missing", "size": "size", "etag": "content", "extra": "deleted-at-source", "old-version-missing": "missing", "current-swapped": "current",
}  # fmt: skip


def arguments():
    parser = argparse.ArgumentParser(description="Compares both sides of a pair.")
    parser.add_argument("--keys", type=lambda text: [int(size) for size in text.split(",")], default=[250_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--latency", type=int, default=0, help="milliseconds added to each call")
    parser.add_argument("--kept", action="store_true", help="fill the sandbox instead of computing the pair")
    parser.add_argument("--rclone", action="store_true", help="compare with rclone check, too")
    args = parser.parse_args()
    if args.rclone and not all(map(shutil.which, ("rclone", "aws"))):
        raise SystemExit("rclone and aws must be on the PATH")
    return args


def main():
    args = arguments()
    print(f"verify from listings ({common.machine()})", flush=True)
    figures = {keys: measure(keys, args) for keys in args.keys}
    small, large = min(figures), max(figures)
    print("targets")
    ratio = (figures[large].cpu / figures[large].versions) / (figures[small].cpu / figures[small].versions)
    common.verdict(f"CPU a version, {large:,} keys over {small:,}", ratio, 1.1, "x")
    common.verdict("peak memory", max(of.memory for of in figures.values()), 64, " MB")
    if large >= 1_000_000 and not args.latency:
        common.verdict(f"CPU of {large:,} keys a side", figures[large].cpu, 5, " s")
    if args.rclone:
        of = figures[large]
        common.verdict("CPU of rclone over ours", of.rclone.cpu / of.cpu, 10, "x", least=True)
        common.verdict("wall of rclone over ours", of.rclone.wall / of.wall, 4, "x", least=True)
    if args.latency:
        common.verdict("wall over bound", figures[large].wall / figures[large].bound, 1.5, "x")


class Figures:
    def __init__(self, runs, versions, bound):
        of = lambda name: statistics.median(getattr(run, name) for run in runs)  # noqa: E731
        self.wall, self.cpu, self.memory = of("wall"), of("cpu"), of("memory")
        self.versions, self.bound = versions, bound


def measure(keys, args):
    pair = {
        "source": place(common.SOURCE, "team-0000-prod"), "destination": place(common.DESTINATION, "team-0000-archive"),
        "keys": keys, "key": "data/{}.bin", "folders": [2], "size": [200, 900], "versions": 2, "versions_every": 4,
        "differences": [{"kind": kind, "count": 7, "seed": seed} for seed, kind in enumerate(PLANTED)],
    }  # fmt: skip
    with common.workspace() as folder, common.Sandbox(folder, {}, {"pairs" if args.kept else "synthetic": [pair]}) as sandbox:
        (folder / "spec.yaml").write_text(common.spec(1, common.one_rule('{ skip: "a benchmark" }')).replace("create: true", "create: false"))
        sandbox.latency(args.latency)
        environment = common.environment(sandbox.environment)
        command = [common.binary(), "verify", "spec.yaml", "--settle", "0s", "--format", "json", "--no-progress", "--fresh"]
        runs, before = [], sandbox.cpu()
        for _ in range(args.runs):
            sandbox.forget_calls()
            runs.append(common.expect(common.run(command, environment, folder), 6))
        served = (sandbox.cpu() - before) / args.runs
        [one] = json.loads(runs[-1].out)
        found = one["found"]
        check(one)
        versions = sum(found[side]["objects"] + found[side]["markers"] for side in ("source", "destination"))
        calls = sandbox.calls()
        pages = sum(call["operation"] == "ListObjectVersions" for call in calls)
        figures = Figures(runs, versions, math.ceil(pages / (2 * HANDS)) * args.latency / 1000)
        figures.rclone = rclone(sandbox, folder) if args.rclone else None
        print(
            f"  {keys:,} keys, {versions:,} versions of both sides: {figures.wall:.2f} s, CPU {figures.cpu:.2f} s "
            f"({figures.cpu / versions * 1e6:.2f} us a version), {figures.memory:.0f} MB, {len(calls):,} calls, sandbox's CPU {served:.2f} s",
            flush=True,
        )
        if figures.rclone:
            of = figures.rclone
            print(f"  rclone check of the same: {of.wall:.2f} s, CPU {of.cpu:.2f} s, {of.memory:.0f} MB", flush=True)
    return figures


def rclone(sandbox, folder):
    """`rclone check` of both sides, once. It ends with 1 where something differs."""
    environment = common.environment(sandbox.environment)
    for name, account in (("SOURCE", common.SOURCE), ("DESTINATION", common.DESTINATION)):
        role = ["aws", "sts", "assume-role", "--role-arn", f"arn:aws:iam::{account}:role/sandbox", "--role-session-name", "bench"]
        keys = json.loads(subprocess.run(role, env=environment, check=True, capture_output=True, text=True).stdout)["Credentials"]
        of = {
            "TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": sandbox.environment["AWS_ENDPOINT_URL"], "REGION": common.REGION[account],
            "ACCESS_KEY_ID": keys["AccessKeyId"], "SECRET_ACCESS_KEY": keys["SecretAccessKey"], "SESSION_TOKEN": keys["SessionToken"],
            "FORCE_PATH_STYLE": "true",
        }  # fmt: skip
        environment |= {f"RCLONE_CONFIG_{name}_{field}": value for field, value in of.items()}
    command = ["rclone", "check", "source:team-0000-prod", "destination:team-0000-archive", "--config", "", "--log-level", "NOTICE"]
    ran = common.expect(common.run(command, environment, folder), 1)
    if "differences found" not in ran.err:
        raise SystemExit(f"rclone compared nothing:\n{ran.err[-1000:]}")
    return ran


def place(account, name):
    return {"name": name, "account": account, "region": common.REGION[account]}


def check(one):
    """Every kind was planted at seven keys; where all versions of a key are missing, each of them is."""
    found = {(version["found"], version["key"]) for version in one["versions"]}
    counts = {count["found"]: count["versions"] for count in one["found"]["counts"]}
    for word in set(PLANTED.values()):
        keys = sum(of == word for of, _ in found) or counts.get(word, 0)
        wanted = 7 * sum(of == word for of in PLANTED.values())
        if keys != wanted:
            raise SystemExit(f"{word}: found at {keys} keys, planted at {wanted}")
    others = {of for of, _ in found} - set(PLANTED.values())
    if others:
        raise SystemExit(f"found what was not planted: {others}")


if __name__ == "__main__":
    sys.exit(main())
