#!/usr/bin/env python3
"""Check a bundle without cupel: its digests, and its ratios, made again from samples.

usage: python verify_bundle.py BUNDLE (needs pyarrow; exit code 1 where a check fails)
"""

import base64
import hashlib
import json
import math
import sys
from pathlib import Path
from statistics import median

import pyarrow.compute as pc
import pyarrow.parquet as pq

Burst = tuple[float, bool]  # nanoseconds a call, and whether the machine was quiet


def check_digests(bundle: Path) -> list[str]:
    """Hold the files against both manifests, the seal and the ledger's chain."""
    digest = lambda data: hashlib.sha256(data).hexdigest()
    sealed = json.loads(base64.b64decode(json.loads((bundle / "seal.dsse.json").read_bytes())["payload"]))
    due = {"manifest.json": sealed["subject"][0]["digest"]["sha256"]}
    for manifest in ("manifest.json", "results/manifest.json"):
        due |= {entry["path"]: entry["sha256"] for entry in json.loads((bundle / manifest).read_bytes())["files"]}
    there = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}
    faults = [f"{name}: not listed" for name in there - due.keys() - {"seal.dsse.json", "results/manifest.json"}]
    faults += [f"{name}: missing" for name in due.keys() - there]
    for name in due.keys() & there:
        if digest((bundle / name).read_bytes()) != due[name]:
            faults.append(f"{name}: another SHA-256 than listed")
    head = digest(b"")
    for number, line in enumerate((bundle / "ledger.jsonl").read_bytes().splitlines(), start=1):
        if json.loads(line)["previous"] != head:
            faults.append(f"ledger.jsonl:{number}: does not follow from the row before")
        head = digest(line)
    if head != sealed["predicate"]["ledger_head_sha256"]:
        faults.append("ledger.jsonl: ends otherwise than it was sealed")
    return sorted(faults)


def interval(values: list[float]) -> tuple[float, float, float]:
    """Return Hodges and Lehmann's estimate with its 95% interval, of logarithms."""
    walsh = sorted((x + y) / 2 for i, x in enumerate(values) for y in values[i:])
    sets = [1]  # how many sets of ranks have each sum
    for rank in range(1, len(values) + 1):
        sets = [a + b for a, b in zip(sets + [0] * rank, [0] * rank + sets, strict=True)]
    outside, below = 0, 1
    while below <= 0.025 * 2 ** len(values):
        outside, below = outside + 1, below + sets[outside + 1]
    low, high = (walsh[outside - 1], walsh[-outside]) if outside else (-math.inf, math.inf)
    return math.exp(median(walsh)), math.exp(low), math.exp(high)


def read(bundle: Path, within: float, cell: str | None) -> dict[tuple[int, str, str], dict[int, Burst]]:
    """Read a cell's bursts that give ratios, by replicate, contender and phase."""
    rows = map(json.loads, (bundle / "ledger.jsonl").read_text().splitlines())
    rows = [row for row in rows if [row.get(key) for key in ("outcome", "cell", "preview")] == ["finished", cell, None]]
    tables = [pq.read_table(bundle / f"samples/{row['launch']:04}-{row['contender']}.parquet") for row in rows]
    canary = sorted(x for table in tables for x in table["canary_before_ns"].drop_null().to_pylist())
    bound = within * canary[int(0.02 * len(canary))]
    bursts: dict[tuple[int, str, str], dict[int, Burst]] = {}
    for row, table in zip(rows, tables, strict=True):
        for phase, clock in (("short", "inner_ns"), ("long", "outer_ns")):
            for burst in table.filter(pc.equal(table["phase"], phase)).to_pylist():
                quiet = max(burst["canary_before_ns"], burst["canary_after_ns"]) <= bound
                of_launch = bursts.setdefault((row["replicate"], row["contender"], phase), {})
                of_launch[burst["round"]] = burst[clock] / burst["calls"], quiet
    return bursts


def check_ratios(bundle: Path) -> list[str]:
    """Make each ratio of the results and its interval again."""
    plan, faults = json.loads((bundle / "plan.json").read_bytes()), []
    plans = {cell["name"]: cell for cell in plan.get("cells", [])} or {None: plan}
    made_of = {cell: read(bundle, of["paired"]["quiet"]["within"], cell) for cell, of in plans.items()}
    for due in json.loads((bundle / "results/comparison_summary.json").read_bytes())["side_by_side"]:
        phase, every, quiet, bursts = due["source"].split()[0], [], [], made_of[due.get("cell")]
        for replicate in sorted({key[0] for key in bursts}):
            a, b = (bursts.get((replicate, due[side], phase), {}) for side in ("faster", "than"))
            logs = {r: math.log(b[r][0] / a[r][0]) for r in a.keys() & b.keys()}
            calm = [log for r, log in logs.items() if a[r][1] and b[r][1]]
            every += [median(logs.values())] if logs else []
            quiet += [median(calm)] if len(calm) >= plans[due.get("cell")]["paired"]["quiet"][f"least_{phase}"] else []
        enough = max(6, 1 + math.ceil(math.log2(20 * max(1, len(plans[due.get("cell")].get("claims") or [])))))
        made = interval(quiet if quiet and len(quiet) >= min(len(every), enough) else every)
        told = [due["ratio"], due["ratio_ci_95_lower"], math.inf if (x := due["ratio_ci_95_upper"]) is None else x]
        agrees = all(math.isclose(*both, rel_tol=1e-9) for both in zip(made, told, strict=True))
        text = f"{due.get('cell', '')} {due['faster']}/{due['than']}: {made[0]:.6g} ({made[1]:.6g} to {made[2]:.6g})"
        print(text, "as in the results" if agrees else f"but the results say {told}")
        faults += [] if agrees else [text]
    return faults


if __name__ == "__main__":
    found = check_digests(Path(sys.argv[1]))
    print("\n".join(found) or "all digests agree")
    sys.exit(1 if found + check_ratios(Path(sys.argv[1])) else 0)
