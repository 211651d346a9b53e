#!/usr/bin/env python3
"""Plants slips in a series, to see that the comparison reports them.

usage: spoil.py FOLDER NUMBER [SEED]
  FOLDER is the work folder of boot-compare after a run: fix.diff, and results-new/, which tell what each target reaches.

Writes FOLDER/spoiled.diff, FOLDER/spoiled.tsv (handler, slip, targets) and prints the targets to run again. A handler gets one slip at
most, and only handlers that a target reached get one. Only lines that the series adds are spoiled.

usage: spoil.py --check FOLDER
  after `boot-compare --fix FOLDER/spoiled.diff --keep-old --only TARGETS`: says for each slip whether one of its targets differs.
  Exit: 0 all slips were reported, 1 some were not.
"""
import random
import re
import sys
from pathlib import Path

from compare import NAME_LENGTH, compare, complaints, expectations, read_target, rows, HERE

# What may go wrong in a line, by hand or by tool: pattern, replacement, name.
SLIPS = [
    (r"desc->page_prot = .*;", "desc->page_prot = desc->page_prot;", "page protection lost"),
    (r"desc->vm_ops = (.*);", r"(void)\1;", "vm_ops lost"),
    (r"desc->private_data = .*;", "desc->private_data = NULL;", "private data lost"),
    (r"VMA_DONTEXPAND_BIT, ", "", "DONTEXPAND lost"),
    (r", VMA_DONTDUMP_BIT", "", "DONTDUMP lost"),
    (r"VMA_DONTCOPY_BIT", "VMA_DONTDUMP_BIT", "DONTCOPY lost"),
    (r"vma_desc_clear_flags\(desc, [A-Z_]+\);", ";", "a flag is not cleared"),
    (r"(mmap_action_\w+_full\(desc, )(.*)\);", r"\1\2 + 1);", "the next page"),
    (r" \+ desc->pgoff", "", "offset ignored"),
    (r"desc->pgoff \+ ", "", "offset ignored"),
    (r"error_override = -\w+;", "error_override = 0;", "the error of the action instead of the handler's"),
    (r"vma_desc_pages\(desc\) > ", "vma_desc_pages(desc) >= ", "a check is off by one"),
    (r"vma_desc_size\(desc\) > ", "vma_desc_size(desc) >= ", "a check is off by one"),
]
HEAD = re.compile(r"^[+ ](?:static |int |inline |bool )*\**(\w+)\(")


def added_lines(diff: list[str]):
    """Each line that the diff adds to a function, by index, with the function."""
    function = None
    for i, line in enumerate(diff):
        if line.startswith("@@") or line.startswith("diff "):
            function = None
        elif head := HEAD.match(line):
            function = head[1]
        elif line.startswith("+") and not line.startswith("+++") and function:
            yield i, function


def plant(folder: Path, number: int, seed: int) -> None:
    diff = (folder / "fix.diff").read_text().splitlines(keepends=True)
    reached: dict[str, list[str]] = {}
    for calls in sorted((folder / "results-new").glob("*.calls")):
        for line in calls.read_text().splitlines():
            reached.setdefault(line.split()[0], []).append(calls.stem)
    possible = [
        (i, function, slip)
        for i, function in added_lines(diff)
        if function[:NAME_LENGTH] in reached
        for slip in SLIPS
        if re.search(slip[0], diff[i])
    ]
    random.Random(seed).shuffle(possible)
    planted, kinds = {}, {}
    # Different kinds first.
    for round in range(number):
        for i, function, slip in possible:
            if len(planted) == number:
                break
            if function not in planted and kinds.get(slip[2], 0) <= round:
                diff[i] = re.sub(slip[0], slip[1], diff[i], count=1)
                planted[function] = slip[2]
                kinds[slip[2]] = kinds.get(slip[2], 0) + 1
    (folder / "spoiled.diff").write_text("".join(diff))
    listing = [f"{name}\t{slip}\t{','.join(reached[name[:NAME_LENGTH]])}" for name, slip in planted.items()]
    (folder / "spoiled.tsv").write_text("\n".join(listing) + "\n")
    print(",".join(sorted({target for name in planted for target in reached[name[:NAME_LENGTH]]})))


def check(folder: Path) -> int:
    how = {row[0]: row[1] for row in rows(HERE / "targets.tsv")}
    allowed, missed = expectations(), 0
    silent = complaints(folder, "old")
    complained = {where.split(":")[0] for text, where in complaints(folder, "new").items() if text not in silent}
    for name, slip, labels in rows(folder / "spoiled.tsv"):
        found = []
        for label in labels.split(","):
            target = read_target(folder, label, how.get(label, ""))
            if target:
                compare(target, allowed)
                if target.unexpected or label in complained:
                    found.append(label)
        missed += not found
        print(f"{'reported' if found else 'MISSED':<9} {name}: {slip}" + (f" ({', '.join(found[:4])})" if found else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        sys.exit(check(Path(sys.argv[2])))
    plant(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
