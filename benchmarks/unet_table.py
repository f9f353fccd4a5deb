"""Write the README's table of the document's UNet, in Markdown, from what unet_speed.py kept of several runs.

    python benchmarks/unet_table.py one.json two.json avx2-one.json avx2-two.json

A cell holds one number a run, in the order given: time as a multiple of the fastest peer of the same size in that run.
Runs with AVX2 instructions only are rows of their own, told by what the run wrote down of the machine.
"""

import argparse
import json
from collections.abc import Sequence

from unet_speed import CANDIDATES, PHASES, format_markdown

from course_lib.files import local_path

PEERS = [candidate.key for candidate in CANDIDATES if candidate.is_peer and candidate.same_size]
# the first words of the rows are what lesson 12's claim looks for
ROWS = {
    "course_lib": "eager",
    "course_lib-best": "channels_last, fused AdamW (float32)",
    "course_lib-bf16": "the same with bf16; where the processor computes in it, `train` uses bf16 too, without "
    "channels_last",
}
SLOWER = "for comparison, the slower same-size peer"
WITHOUT_BF16 = "a Linux CPU without bf16, AVX2 instructions only"
HEAD = ["mode", *PHASES, "share of the matrix-multiply peak (forward, training step; last run)"]


def cells(runs: Sequence[dict], key: str) -> list[str]:
    """A candidate's ratios in each phase, run after run, and its shares of the peak in the last."""
    rows = [next((row for row in run["rows"] if row["key"] == key), None) for run in runs]
    found = [row for row in rows if row]
    if not found:
        return []
    ratios = [", ".join(f"{row['ratio'][phase]:.2f}" for row in found) for phase in PHASES]
    shares = ", ".join(f"{100 * found[-1]['share_of_peak'][phase]:.0f} %" for phase in PHASES)
    return [*ratios, "not comparable: the peak is float32's" if key == "course_lib-bf16" else shares]


def slower_peer(runs: Sequence[dict]) -> list[str]:
    """The largest ratio of a peer, whichever it is in a run."""
    ratios, shares = [], []
    for phase in PHASES:
        rows = [[row for row in run["rows"] if row["key"] in PEERS] for run in runs]
        slowest = [max(peers, key=lambda row: row["ratio"][phase]) for peers in rows]
        ratios.append(", ".join(f"{row['ratio'][phase]:.2f}" for row in slowest))
        shares.append(f"{100 * slowest[-1]['share_of_peak'][phase]:.0f} %")
    return [*ratios, ", ".join(shares)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="+", type=local_path, help="what unet_speed.py --json wrote, on a CPU")
    results = [json.loads(path.read_text(encoding="utf-8")) for path in parser.parse_args().results]
    usual, avx2 = [], []
    for result in results:
        (avx2 if result["machine"]["instructions"] == "AVX2" else usual).extend(result["sections"])
    rows = [HEAD]
    if usual:
        rows += [[title, *cells(usual, key)] for key, title in ROWS.items() if cells(usual, key)]
        rows.append([SLOWER, *slower_peer(usual)])
    if avx2:
        rows += [[f"{WITHOUT_BF16}: {ROWS[key]}", *cells(avx2, key)] for key in ("course_lib", "course_lib-best")]
        rows.append([f"{WITHOUT_BF16}: the slower same-size peer", *slower_peer(avx2)])
    print(format_markdown(rows))
    machine = results[-1]["machine"]
    print(f"\n{machine['cpu']}, {machine['threads']} of {machine['cpus']} CPUs, torch {machine['torch']}")


if __name__ == "__main__":
    main()
