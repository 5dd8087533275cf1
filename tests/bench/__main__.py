"""Run every job of the table and print what came out: python -m tests.bench [PART OF A NAME]

The floor of the machine stands first; each row ends with "quiet", or with the number of
processors that other programs used before it and after it.

`--compare` measures nothing: it lays out/bench.json beside tests/bench/last.json and marks what
moved by more than the noise.
"""

import json
import sys
from pathlib import Path

from tests.bench import machine
from tests.bench.measure import ratio

OUT, LAST = Path("out/bench.json"), Path(__file__).with_name("last.json")


def measured(wanted):
    """Each job's row, printed as it comes."""
    from tests.bench.jobs import JOBS
    from tests.bench.other_programs import PYTHON, Rival

    for line in machine.floor():
        print(f"floor: {line}")
    head = ("job", "reference", "ours", "theirs", "ratio", "middle half", "at most")
    print("{:<56} {:<46} {:>9} {:>9} {:>6} {:>11} {:>8}".format(*head))
    for job in JOBS:
        if wanted not in job.name:
            continue
        if (job.rival or isinstance(job.reference, Rival)) and not PYTHON.exists():
            print(f"{job.name:<56} {job.against:<46} needs make bench-deps")
            continue
        before = machine.others()
        row = ratio(job)
        row["others"] = before, machine.others()
        if isinstance(job.reference, Rival):
            job.reference.end()
        mark = "" if row["ratio"] <= job.most else " !"
        print(
            f"{job.name:<56} {job.against:<46} {said(row['ours'], job.unit):>9} "
            f"{said(row['theirs'], job.unit):>9} {row['ratio']:>6.2f} "
            f"{row['low']:>5.2f}–{row['high']:<5.2f} {job.most:>8.2f}{mark}  "
            f"{machine.state(*row['others'])}",
            flush=True,
        )
        yield row


def said(amount, unit):
    """Seconds or bytes as one says them."""
    if unit == "B":
        return f"{amount / 1e6:.0f} MB"
    return f"{amount:.2f} s" if amount >= 1 else f"{amount * 1e3:.1f} ms"


def compared():
    """The last table that was kept, and this one."""
    before = {(row["job"], row["against"]): row for row in json.loads(LAST.read_text())}
    for row in json.loads(OUT.read_text()):
        old = before.get((row["job"], row["against"]))
        name = f"{row['job']:<56} {row['against']:<46}"
        if old is None:
            print(f"{name} {'':>6}   {row['ratio']:>6.2f}  new")
            continue
        moved = ""
        if row["low"] > old["high"]:
            moved = "slower"
        elif row["high"] < old["low"]:
            moved = "faster"
        print(f"{name} {old['ratio']:>6.2f} → {row['ratio']:>6.2f}  {moved}")


def main():
    words = sys.argv[1:]
    if words == ["--compare"]:
        compared()
        return
    rows = list(measured(" ".join(words)))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
