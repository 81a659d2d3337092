"""What `s3ferry validate` of 1,000 migrations costs: processor time of the whole program, start to end.

    python3 tests/bench/validate.py [--migrations 1000] [--runs 20]

The library alone is measured by `cargo bench -p s3ferry-spec`.
"""

import argparse
import statistics
import sys

import common


def migration(number):
    """Two rules, a canary, a guard: what a team writes, more than the shortest that is valid."""
    return f"""  team-{number}:
    phase: replicate
    source: {{ account: prod, bucket: team-{number}-prod }}
    destination:
      account: archive
      bucket: team-{number}-archive
      create: true                   # versioned, encrypted, public access blocked
      encryption: sse-s3
    rules:
      - id: hot
        prefix: hot/
        delete_markers: mirror
        storage_class: STANDARD_IA
      - id: tagged
        tags: {{ class: cold, team: "{number}" }}
        delete_markers: keep
    owner: destination
    canary: {{ name: .s3ferry-canary }}
    guards: {{ max_deletes: 0 }}
"""


def main():
    parser = argparse.ArgumentParser(description="Validates many migrations.")
    parser.add_argument("--migrations", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=20)
    args = parser.parse_args()
    print(f"validate of {args.migrations} migrations ({common.machine()})")
    with common.workspace() as folder:
        (folder / "empty.yaml").write_text(common.spec(1, migration))
        (folder / "spec.yaml").write_text(common.spec(args.migrations, migration))
        start_up = measure(folder, "empty.yaml", args.runs)
        whole = measure(folder, "spec.yaml", args.runs)
    print(f"  one migration, which is the start-up: median {start_up:.1f} ms of CPU")
    common.verdict("all of them, median CPU", whole, 100, " ms")
    print(f"  ratio to the target: {whole / 100:.2f}")


def measure(folder, name, runs):
    environment = common.environment({})
    command = [common.binary(), "validate", name]
    return statistics.median(common.expect(common.run(command, environment, folder), 0).cpu * 1000 for _ in range(runs))


if __name__ == "__main__":
    sys.exit(main())
