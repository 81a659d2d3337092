"""How long `s3ferry plan` takes for 300 migrations when every call takes 40 ms, against the bound of calls and limits.

    python3 tests/bench/plan.py [--migrations 300] [--latency 40] [--parallelism 16] [--runs 3]

The bound is what nobody can beat who makes these calls and keeps to the limit: the fullest account and service has
calls / limit round trips to make, after signing in, which takes one.
"""

import argparse
import collections
import math
import statistics
import sys

import common

SIGN_IN = 1  # AssumeRole, whose answer says whose role it is


def arguments():
    parser = argparse.ArgumentParser(description="Plans many migrations on the sandbox.")
    parser.add_argument("--migrations", type=int, default=300)
    parser.add_argument("--latency", type=int, default=40, help="milliseconds added to each call")
    parser.add_argument("--parallelism", type=int, default=16)
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


def main():
    args = arguments()
    print(f"plan of {args.migrations} migrations ({common.machine()})")
    buckets = [common.source_bucket(number) for number in range(args.migrations)]
    with common.workspace() as folder, common.Sandbox(folder, buckets) as sandbox:
        spec = folder / "spec.yaml"
        spec.write_text(common.spec(args.migrations, common.one_rule("{ name: .s3ferry-canary }")))
        ferry = Ferry(sandbox, folder, args.parallelism)
        first = common.expect(ferry.run("plan", "spec.yaml"), 0)
        show("first plan, no latency", first, sandbox)
        show("apply, no latency", common.expect(ferry.run("apply", "spec.yaml", "--yes"), 0), sandbox)
        sandbox.latency(args.latency)
        runs = [second_plan(ferry, sandbox, args) for _ in range(args.runs)]
    ratios = [run.wall / bound for run, bound in runs]
    print("targets")
    common.verdict("wall over bound, median", statistics.median(ratios), 1.5, "x")
    common.verdict("peak memory", max(run.memory for run, _ in runs), 100, " MB")


class Ferry:
    def __init__(self, sandbox, folder, parallelism):
        self.sandbox, self.folder, self.parallelism = sandbox, folder, parallelism

    def run(self, *words):
        command = [common.binary(), *words, "--parallelism", str(self.parallelism), "--no-progress"]
        self.sandbox.forget_calls()
        return common.run(command, common.environment(self.sandbox.environment), self.folder)


def show(name, run, sandbox):
    calls = len(sandbox.calls())
    print(f"{name}: {run.wall:.2f} s, CPU {run.cpu:.2f} s, {run.memory:.0f} MB, {calls} calls, {len(run.out) / 1e6:.1f} MB of text")


def second_plan(ferry, sandbox, args):
    """Plans again, which finds no changes; returns the run and its bound."""
    run = common.expect(ferry.run("plan", "spec.yaml", "--detailed-exitcode"), 0)
    show(f"plan without changes, {args.latency} ms a call", run, sandbox)
    lanes = collections.Counter((call["account"], call["service"]) for call in sandbox.calls())
    for (account, service), calls in sorted(lanes.items()):
        print(f"  {account} {service}: {calls} calls")
    print(f"  {lanes.total() / args.migrations:.2f} calls a migration")
    fullest = max(math.ceil(calls / args.parallelism) for calls in lanes.values())
    bound = (fullest + SIGN_IN) * args.latency / 1000
    print(f"  bound ({fullest} + {SIGN_IN}) x {args.latency} ms = {bound:.2f} s, ratio {run.wall / bound:.2f}")
    return run, bound


if __name__ == "__main__":
    sys.exit(main())
