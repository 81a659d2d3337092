"""What is installed: how large the release binary is, what it says of itself, and whether a panic in it names functions.

    python3 tests/bench/installed.py

The panic is a real one, without a switch in the product: a process that may not have a thread cannot start tokio's workers.
Linux; root is no subject of that limit, so root becomes nobody for it.
"""

import os
import pathlib
import resource
import shutil
import subprocess
import sys

import common

SIZE = 32  # MB
NOBODY = 65534


def main():
    binary = pathlib.Path(common.binary())
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print(f"{version} ({common.machine()})")
    common.verdict("size", binary.stat().st_size / 1e6, SIZE, " MB")
    trace = backtrace(binary)
    named = [line.split(": ", 1)[1] for line in trace.splitlines() if line.lstrip()[:1].isdigit() and ": " in line]
    ours = [name for name in named if name.startswith("s3ferry") or name == "main"]  # with line tables, names come without their crate
    print(f"  a panic names {len(named)} functions, of ours: {', '.join(ours) or 'none'}: {'met' if ours else 'MISSED'}")
    if not ours:
        print(trace, file=sys.stderr)


def backtrace(binary):
    """Returns what the program says when it may not start a thread."""
    with common.workspace() as folder:
        folder.chmod(0o755)
        copy = pathlib.Path(shutil.copy(binary, folder))  # nobody may not be allowed to read the other one
        copy.chmod(0o755)
        environment = common.environment({"RUST_BACKTRACE": "1"})
        run = subprocess.run([copy, "schema"], env=environment, cwd="/", capture_output=True, text=True, preexec_fn=alone)
    if run.returncode != 101:
        raise SystemExit(f"exit {run.returncode} instead of a panic:\n{run.stderr}")
    return run.stderr


def alone():
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
    if os.getuid() == 0:
        os.setuid(NOBODY)


if __name__ == "__main__":
    main()
