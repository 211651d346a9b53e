#!/usr/bin/env python3
"""Compares what the targets gave in two kernels, and says which converted handlers were reached.

usage: compare.py FOLDER [LABEL,...]
  FOLDER has results-old/ and results-new/ (of the guest), fix.diff, and converted.json (`mmaplint compare --format json` of the
  two trees).

With labels, only these targets are compared, and handlers are not listed. Prints a row for each target, a row for each converted handler, each difference (expected ones with their reason, from expected.tsv),
and what the new kernel complained of and the old one did not.
Exit: 0 nothing unexpected differs, 1 something does, 2 there are no results.
"""
import difflib
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
# Lines of the kernel's log that are a complaint.
COMPLAINT = re.compile(
    r"WARNING:|BUG:|Oops|general protection|KASAN|possible .* deadlock|inconsistent lock|suspicious RCU|sleeping function"
    r"|refcount_t:|Bad rss|Bad page|list_(?:add|del) corruption|held lock freed|still has locks held|did not end"
)
# What differs in such a line from run to run.
VOLATILE = re.compile(r"^\[[ 0-9.]+\]|\b[0-9a-f]{8,}\b|\+?0x\S+|#\d+|:\d+\b|/\d+\b|_prepare\b")
# trace_stat cuts the names of functions.
NAME_LENGTH = 30
# Differences that are printed for each target.
SHOWN = 20


@dataclass
class Target:
    label: str
    how: str
    old: list[str]
    new: list[str]
    calls: int = 0
    granted: int = 0
    reached: dict[str, int] = field(default_factory=dict)  # calls by function, in the new kernel
    expected: dict[str, int] = field(default_factory=dict)  # differing lines by reason
    unexpected: list[str] = field(default_factory=list)


@dataclass
class Expectation:
    """Two lines may differ as described: by what `ignored` matches, or if "OLD => NEW" matches `pair`."""

    target: re.Pattern
    kind: str
    pattern: re.Pattern
    reason: str

    def allows(self, old: str, new: str) -> bool:
        if self.kind == "ignored":
            return self.pattern.sub("", old) == self.pattern.sub("", new)
        return bool(self.pattern.search(f"{old} => {new}"))


def rows(path: Path):
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def expectations() -> list[Expectation]:
    return [Expectation(re.compile(t), k, re.compile(p), r) for t, k, p, r in rows(HERE / "expected.tsv")]


def lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def compare(target: Target, allowed: list[Expectation]) -> None:
    ended = re.compile(r" end calls \d+ granted \d+$")
    old_lines, new_lines = ([line for line in side if not ended.search(line)] for side in (target.old, target.new))
    if old_lines == new_lines:
        return
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        old, new = old_lines[a:b], new_lines[c:d]
        for i in range(max(len(old), len(new))):
            before, after = old[i] if i < len(old) else "", new[i] if i < len(new) else ""
            reason = next((e.reason for e in allowed if e.target.fullmatch(target.label) and e.allows(before, after)), None)
            if reason:
                target.expected[reason] = target.expected.get(reason, 0) + 1
            else:
                target.unexpected.append(f"  - {before}\n  + {after}")


def read_target(folder: Path, label: str, how: str) -> Target | None:
    old, new = lines(folder / "results-old" / f"{label}.txt"), lines(folder / "results-new" / f"{label}.txt")
    if not old and not new:
        return None
    target = Target(label, how, old, new)
    end = re.search(r"end calls (\d+) granted (\d+)$", new[-1]) if new else None
    if end:
        target.calls, target.granted = int(end[1]), int(end[2])
    for line in lines(folder / "results-new" / f"{label}.calls"):
        name, calls = line.split()
        target.reached[name] = int(calls)
    return target


def complaints(folder: Path, kernel: str) -> dict[str, str]:
    """What a kernel complained of, without what differs from run to run, with the target and the line."""
    found = {}
    for log in sorted((folder / f"results-{kernel}").glob("*.dmesg")):
        for line in lines(log):
            if COMPLAINT.search(line):
                found.setdefault(VOLATILE.sub("", line), f"{log.stem}: {line}")
    return found


def added_functions(folder: Path) -> list[tuple[str, str]]:
    """File and name of each function whose definition the diff adds: a head at the beginning of a line, and no `;` before a `{`."""
    found, file, head = set(), "", ""
    for line in lines(folder / "fix.diff"):
        if line.startswith("+++ "):
            file = line[6:]
        elif begins := re.match(r"\+(?:[a-z_]\w*[ *]+)*(\w+)\(", line):
            head = begins[1]
        if head and re.match(r"[+ ]\{", line):
            found.add((file, head))
        if not line.startswith(("+", "-")) or line.rstrip().endswith(";") or re.match(r"[+ ]\{", line):
            head = ""
    return sorted(found)


def handlers(folder: Path) -> list[tuple[str, str]]:
    """File and new name of each handler that was converted."""
    changes = json.loads((folder / "converted.json").read_text())["changes"]
    names = {c["new"]["handler"] for c in changes if c["fate"] == "converted"}
    return [(file, name) for file, name in added_functions(folder) if name in names]


def reached_by(name: str, targets: list[Target]) -> list[Target]:
    return [t for t in targets if t.reached.get(name[:NAME_LENGTH])]


def print_handlers(folder: Path, targets: list[Target]) -> None:
    converted = handlers(folder)
    missed = []
    print(f"\n{'converted handler':<44} {'calls':>8}  exercised by")
    for file, name in converted:
        found = reached_by(name, targets)
        if not found:
            missed.append((file, name))
            continue
        calls = sum(t.reached[name[:NAME_LENGTH]] for t in found)
        print(f"{name:<44} {calls:>8}  " + ", ".join(f"{t.label} ({t.how})" for t in found[:3]) + (", ..." if len(found) > 3 else ""))
    twins = [name for file, name in added_functions(folder) if (file, name) not in converted]
    print(f"\n{'twin or helper of the series':<44} {'calls':>8}  exercised by")
    for name in twins:
        found = reached_by(name, targets)
        if found:
            print(f"{name:<44} {sum(t.reached[name[:NAME_LENGTH]] for t in found):>8}  " + ", ".join(t.label for t in found[:4]))
    print(f"\n{len(converted) - len(missed)} of {len(converted)} converted handlers were exercised.")
    needs = {file: need for file, need in rows(HERE / "unreached.tsv")}
    for file, name in missed:
        print(f"not exercised: {name} ({file}): {needs.get(file, 'no target; see scripts/boot/README.md on how to add one')}")


def print_targets(targets: list[Target]) -> None:
    print(f"{'target':<34} {'lines':>7} {'calls':>7} {'granted':>7} {'expected':>8} {'differ':>7}  how")
    for t in targets:
        print(f"{t.label:<34} {len(t.new):>7} {t.calls:>7} {t.granted:>7} {sum(t.expected.values()):>8} {len(t.unexpected):>7}  {t.how}")
    print(f"{'all':<34} {sum(len(t.new) for t in targets):>7} {sum(t.calls for t in targets):>7} {sum(t.granted for t in targets):>7}"
          f" {sum(sum(t.expected.values()) for t in targets):>8} {sum(len(t.unexpected) for t in targets):>7}")


def main() -> int:
    folder = Path(sys.argv[1])
    only = sys.argv[2].split(",") if len(sys.argv) > 2 and sys.argv[2] else []
    chosen = [row for row in rows(HERE / "targets.tsv") if not only or row[0] in only]
    targets = [t for row in chosen if (t := read_target(folder, row[0], row[1]))]
    if not targets:
        print("boot-compare: no target gave a result", file=sys.stderr)
        return 2
    allowed = expectations()
    for target in targets:
        compare(target, allowed)
    print_targets(targets)
    if not only:
        print_handlers(folder, targets)
    reasons: dict[str, list[str]] = {}
    for t in targets:
        for reason, count in t.expected.items():
            reasons.setdefault(reason, []).append(f"{t.label} ({count})")
    for reason, where in reasons.items():
        print(f"\nexpected: {reason}\n  " + ", ".join(where))
    for t in targets:
        if t.unexpected:
            print(f"\ndiffers: {t.label}")
            print("\n".join(t.unexpected[:SHOWN]))
            if len(t.unexpected) > SHOWN:
                print(f"  ... and {len(t.unexpected) - SHOWN} more")
    before, after = complaints(folder, "old"), complaints(folder, "new")
    new = [line for text, line in after.items() if text not in before]
    for line in new:
        print(f"\nthe new kernel complains, the old one does not: {line}")
    print(f"\nkernel complaints: {len(before)} old, {len(after)} new, {len(new)} of them only new")
    return 1 if new or any(t.unexpected for t in targets) else 0


if __name__ == "__main__":
    sys.exit(main())
