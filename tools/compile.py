"""Compile the contracts with py-solc-x and keep ABI and bytecode as package data.

    python tools/compile.py           write sda/chain/artifacts/*.json
    python tools/compile.py --check   fail if they do not match the sources

The compiler settings are foundry.toml's. People who only run a clerk need no compiler: they use what is
written here.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "sda" / "chain" / "artifacts"
VERSION = json.loads((ROOT / "package.json").read_text())["devDependencies"]["solc"]


def compiled() -> dict[str, dict[str, object]]:
    """Name → {abi, bytecode} of every contract in contracts/ that can be deployed."""
    os.environ.setdefault("SOLCX_BINARY_PATH", str(ROOT / ".solcx"))
    import solcx  # reads SOLCX_BINARY_PATH when imported

    if VERSION not in map(str, solcx.get_installed_solc_versions()):
        solcx.install_solc(VERSION)
    profile = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]
    sources = {str(path.relative_to(ROOT)): path for path in sorted((ROOT / "contracts").rglob("*.sol"))}
    output = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {name: {"content": path.read_text()} for name, path in sources.items()},
            "settings": {
                "remappings": profile["remappings"],
                "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
                "viaIR": profile.get("via_ir", False),
                "evmVersion": profile["evm_version"],
                "metadata": {
                    "bytecodeHash": profile["bytecode_hash"],
                    "appendCBOR": profile["cbor_metadata"],
                },
                "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}},
            },
        },
        solc_version=VERSION,
        base_path=str(ROOT),
        allow_paths=str(ROOT),
    )
    return {
        name: {"contractName": name, "abi": made["abi"], "bytecode": "0x" + made["evm"]["bytecode"]["object"]}
        for source in sources
        for name, made in output["contracts"].get(source, {}).items()
        if made["evm"]["bytecode"]["object"] and not source.startswith("contracts/libraries/")
    }


def main() -> int:
    """Write the artifacts, or with --check compare them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with what is there and write nothing")
    check = parser.parse_args().check
    wanted = {f"{name}.json": json.dumps(made, indent=1) + "\n" for name, made in compiled().items()}
    present = {path.name: path.read_text() for path in ARTIFACTS.glob("*.json")}
    if check:
        names = wanted.keys() | present.keys()
        stale = sorted(name for name in names if wanted.get(name) != present.get(name))
        if stale:
            print(f"artifacts do not match the sources: {', '.join(stale)}; run make build", file=sys.stderr)
        return 1 if stale else 0
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    for name in present.keys() - wanted.keys():
        (ARTIFACTS / name).unlink()
    for name, text in wanted.items():
        (ARTIFACTS / name).write_text(text)
    print(f"{len(wanted)} contracts compiled into {ARTIFACTS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
