"""How cost grows with the work: CPU and memory of a first plan, an apply and a plan without changes, at several sizes.

    python3 tests/bench/scale.py [--sizes 200,2000] [--parallelism 16] [--runs 3] [--full]

Every run has a sandbox of its own, without latency, so that what is measured is the client's work and not its waiting. The
figures of a size are medians. What matters is the ratio: CPU for each migration at the largest size over that at the
smallest, for the client and for the sandbox, which must not hide behind it. `--full` gives each migration alarms, access
logs, data events and inventories of both sides.
"""

import argparse
import statistics
import sys

import common

PHASES = {
    "first plan": (("plan", "spec.yaml"), 0),
    "apply": (("apply", "spec.yaml", "--yes"), 0),
    "plan without changes": (("plan", "spec.yaml", "--detailed-exitcode"), 0),
}
GROWTH = 1.3  # times the CPU a migration at the smallest size
APPLY_CPU = 15  # milliseconds a migration
START_MEMORY = 30  # MB
MEMORY = {"apply": 120, "plan without changes": 60}  # KB a migration


def main():
    args = arguments()
    sizes = sorted(args.sizes)
    print(f"cost at {len(sizes)} sizes, medians of {args.runs} ({common.machine()})", flush=True)
    figures = {size: measure(size, args) for size in sizes}
    print(table(figures))
    print(f"CPU a migration, {sizes[-1]:,} over {sizes[0]:,}")
    for phase in PHASES:
        common.verdict(phase, growth(figures, sizes, phase, "cpu"), GROWTH, "x")
    for phase in PHASES:
        common.verdict(f"sandbox during {phase}", growth(figures, sizes, phase, "sandbox"), GROWTH, "x")
    print("targets")
    apply = figures[sizes[-1]]["apply"]["cpu"] / sizes[-1] * 1000
    common.verdict(f"apply of {sizes[-1]:,}, CPU a migration", apply, APPLY_CPU, " ms")
    for phase, kilobytes in MEMORY.items():
        for size in sizes:
            limit = START_MEMORY + kilobytes * size / 1000
            common.verdict(f"{phase} of {size:,}, peak memory", figures[size][phase]["memory"], limit, " MB")


def arguments():
    parser = argparse.ArgumentParser(description="Plans and applies at several sizes.")
    sizes = lambda text: [int(size) for size in text.split(",")]
    parser.add_argument("--sizes", type=sizes, default=[200, 2000], help="numbers of migrations, with commas")
    parser.add_argument("--parallelism", type=int, default=16)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="with alarms, logs, trails and inventories")
    return parser.parse_args()


def measure(size, args):
    """Returns, by phase, the median of each figure."""
    runs = [once(size, args) for _ in range(args.runs)]
    median = lambda phase, figure: statistics.median(run[phase][figure] for run in runs)
    return {phase: {figure: median(phase, figure) for figure in runs[0][phase]} for phase in PHASES}


def once(size, args):
    """Plans, applies and plans again in a fresh world; returns what each took."""
    buckets = common.buckets(size, args.full)
    figures = {}
    with common.workspace() as folder, common.Sandbox(folder, buckets) as sandbox:
        (folder / "spec.yaml").write_text(common.spec(size, common.migrations(args.full)))
        for phase, (words, code) in PHASES.items():
            command = [common.binary(), *words, "--parallelism", str(args.parallelism), "--no-progress"]
            sandbox.forget_calls()
            before = sandbox.cpu()
            run = common.expect(common.run(command, common.environment(sandbox.environment), folder), code)
            figures[phase] = {
                "cpu": run.cpu,
                "memory": run.memory,
                "wall": run.wall,
                "sandbox": sandbox.cpu() - before,
                "calls": len(sandbox.calls()),
            }
            print(f"  {size:,} {phase}: {words_of(figures[phase])}", flush=True)
    return figures


def words_of(one):
    return (
        f"CPU {one['cpu']:.2f} s, {one['memory']:.0f} MB, wall {one['wall']:.1f} s, {one['calls']:,} calls, "
        f"sandbox's CPU {one['sandbox']:.2f} s"
    )


def table(figures):
    def row(name, cells):
        return f"| {name} | {' | '.join(cells)} |"

    lines = [row("migrations", [f"{size:,}" for size in figures]), row("---", ["---"] * len(figures))]
    for phase in PHASES:
        of = [one[phase] for one in figures.values()]
        lines.append(row(f"{phase}: CPU s / peak MB", [f"{one['cpu']:.2f} / {one['memory']:.0f}" for one in of]))
        per = [f"{one[phase]['cpu'] / size * 1000:.2f} ms" for size, one in figures.items()]
        lines.append(row(f"{phase}: CPU a migration", per))
        sandbox = [f"{one[phase]['sandbox'] / size * 1000:.2f} ms" for size, one in figures.items()]
        lines.append(row(f"{phase}: the sandbox's CPU a migration", sandbox))
    return "\n".join(lines)


def growth(figures, sizes, phase, figure):
    each = lambda size: figures[size][phase][figure] / size
    return each(sizes[-1]) / each(sizes[0])


if __name__ == "__main__":
    sys.exit(main())
