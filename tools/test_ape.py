"""Compile with Ape and run its scripts one after another on one fresh Anvil, as an Ape user does.

The chain outlives each script (Ape would start and stop one per script) and has a port of its own: a
node that already listens on 8545 is left alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sda.chain.node import Anvil

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ("deploy", "stake", "run_round")
"""In the order in which they build on each other."""


def main() -> int:
    """Run all; the first failure ends it."""
    found = {path.stem for path in (ROOT / "scripts").glob("[!_]*.py")}
    if found != set(SCRIPTS):
        print(f"scripts/ holds {sorted(found)}, tools/test_ape.py runs {sorted(SCRIPTS)}", file=sys.stderr)
        return 1
    with Anvil() as node:
        environment = {**os.environ, "APE_FOUNDRY_HOST": node.url}
        for arguments in (["compile"], *(["run", script] for script in SCRIPTS)):
            command = [str(Path(sys.executable).with_name("ape")), *arguments]
            print("+ ape", *arguments, flush=True)
            code = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL).returncode
            if code:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
