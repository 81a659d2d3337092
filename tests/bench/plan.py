"""How long `s3ferry plan` takes for 300 migrations when every call takes 40 ms, and what it does when AWS throttles.

    python3 tests/bench/plan.py [--migrations 300] [--latency 40] [--parallelism 56] [--runs 3]
                                [--throttle 50] [--throttle 5] [--before BUILD] [--full]

The bound is what nobody can beat who makes these calls and keeps to the ceiling: the fullest account and service has
calls / ceiling round trips to make, after signing in, which takes one. `--throttle N` lets the sandbox refuse every Nth
of the calls that a plan makes, counted over all accounts and services. `--before` names a build to compare with.
`--full` gives each migration alarms, access logs, data events and inventories of both sides.
"""

import argparse
import collections
import math
import os
import statistics
import sys

import common

SIGN_IN = 1  # AssumeRole, whose answer says whose role it is


def arguments():
    parser = argparse.ArgumentParser(description="Plans many migrations on the sandbox.")
    parser.add_argument("--migrations", type=int, default=300)
    parser.add_argument("--latency", type=int, default=40, help="milliseconds added to each call")
    parser.add_argument("--parallelism", type=int, default=56, help="the ceiling of calls at once")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--throttle", type=int, action="append", default=[], help="refuse every Nth call")
    parser.add_argument("--before", help="a build of s3ferry to compare throttled plans with")
    parser.add_argument("--full", action="store_true", help="with alarms, logs, trails and inventories")
    return parser.parse_args()


def main():
    args = arguments()
    print(f"plan of {args.migrations} {'full ' if args.full else ''}migrations ({common.machine()})")
    buckets = common.buckets(args.migrations, args.full)
    with common.workspace() as folder, common.Sandbox(folder, buckets) as sandbox:
        spec = folder / "spec.yaml"
        spec.write_text(common.spec(args.migrations, common.migrations(args.full)))
        ferry = Ferry(sandbox, folder, common.binary(), args.parallelism)
        first = common.expect(ferry.run("plan", "spec.yaml"), 0)
        show("first plan, no latency", first, sandbox)
        show("apply, no latency", common.expect(ferry.run("apply", "spec.yaml", "--yes"), 0), sandbox)
        sandbox.latency(args.latency)
        runs = [second_plan(ferry, sandbox, args) for _ in range(args.runs)]
        throttled = {every: throttled_plans(every, ferry, sandbox, args) for every in args.throttle}
    walls = [run.wall for run, _ in runs]
    print("targets")
    if not args.full:
        common.verdict("wall, median", statistics.median(walls), 2.5, " s")
    common.verdict("wall over bound, median", statistics.median(run.wall / bound for run, bound in runs), 1.5, "x")
    common.verdict("peak memory", max(run.memory for run, _ in runs), 100, " MB")
    for every, (wall, more, before) in throttled.items():
        common.verdict(f"calls more, one in {every} throttled", more, 100 / every, " %")
        if before is not None:
            common.verdict(f"wall over that of the build before, one in {every} throttled", wall / before, 1, "x")


class Ferry:
    def __init__(self, sandbox, folder, binary, parallelism):
        self.sandbox, self.folder, self.binary, self.parallelism = sandbox, folder, binary, parallelism

    def run(self, *words):
        command = [self.binary, *words, "--parallelism", str(self.parallelism), "--no-progress"]
        self.sandbox.forget_calls()
        return common.run(command, common.environment(self.sandbox.environment), self.folder)

    def second_plan(self):
        return common.expect(self.run("plan", "spec.yaml", "--detailed-exitcode"), 0)


def show(name, run, sandbox):
    calls = len(sandbox.calls())
    print(f"{name}: {run.wall:.2f} s, CPU {run.cpu:.2f} s, {run.memory:.0f} MB, {calls} calls, {len(run.out) / 1e6:.1f} MB of text")


def second_plan(ferry, sandbox, args):
    """Plans again, which finds no changes; returns the run and its bound."""
    run = ferry.second_plan()
    show(f"plan without changes, {args.latency} ms a call", run, sandbox)
    lanes = collections.Counter((call["account"], call["service"]) for call in sandbox.calls())
    for (account, service), calls in sorted(lanes.items()):
        print(f"  {account} {service}: {calls} calls")
    print(f"  {lanes.total() / args.migrations:.2f} calls a migration")
    fullest = max(math.ceil(calls / args.parallelism) for calls in lanes.values())
    bound = (fullest + SIGN_IN) * args.latency / 1000
    print(f"  bound ({fullest} + {SIGN_IN}) x {args.latency} ms = {bound:.2f} s, ratio {run.wall / bound:.2f}")
    return run, bound


def throttled_plans(every, ferry, sandbox, args):
    """Plans while every so many calls are refused.

    Returns the median wall, how many percent more calls were made than without refusals (the most), and the median wall of
    the build before, which keeps to 16 calls at once; none where that build does not come to an end.
    """
    plans = [throttled_plan(every, ferry, sandbox) for _ in range(args.runs)]
    for run, _ in plans:
        common.expect(run, 0)
    wall, more = statistics.median(run.wall for run, _ in plans), max(more for _, more in plans)
    before = None
    if args.before:
        old = Ferry(sandbox, ferry.folder, os.path.abspath(args.before), 16)
        runs = [throttled_plan(every, old, sandbox)[0] for _ in range(args.runs)]
        if all(run.code == 0 for run in runs):
            before = statistics.median(run.wall for run in runs)
    return wall, more, before


def throttled_plan(every, ferry, sandbox):
    ferry.second_plan()
    calm = len(sandbox.calls())
    for number in range(every, calm + 1, every):
        sandbox.control("POST", "fail-call", {"k": number, "kind": {"type": "throttle"}})
    run = ferry.run("plan", "spec.yaml", "--detailed-exitcode")
    calls = sandbox.calls()
    sandbox.control("DELETE", "faults")
    refused = sum(call["error_code"] in ("SlowDown", "Throttling") for call in calls)
    more = (len(calls) / calm - 1) * 100
    print(f"one call in {every} throttled, {ferry.binary}: exit {run.code}, {run.wall:.2f} s, CPU {run.cpu:.2f} s, {len(calls)} calls, {more:.2f} % more, {refused} refused")
    return run, more


if __name__ == "__main__":
    sys.exit(main())
