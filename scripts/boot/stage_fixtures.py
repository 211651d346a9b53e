#!/usr/bin/env python3
"""Puts the fixtures of this folder into a kernel tree, as drivers/misc/mmap_fixtures.

usage: stage_fixtures.py TREE

A fixture is a C file. Three kinds of lines are expanded from the tree, so that the same fixture serves a tree before and after a conversion:

  TAKE("FILE", NAME)   the definition of function NAME, as FILE has it: NAME itself, or its converted form
  FORM("FILE", NAME)   nothing but the form in which FILE defines NAME
  STRUCT("FILE", NAME) the definition of struct NAME

The first two define what stage.h needs to speak of either form:

  ENTRY_NAME(MEMBER)   the entry of an ops table: `.MEMBER = NAME` or `.MEMBER_prepare = NAME_prepare`
  MEMBER_NAME(MEMBER)  `MEMBER` or `MEMBER_prepare`
  SYMBOL_NAME          the spelling of NAME, as a string
  FILE_NAME            `file,` where the form takes the file as an argument of its own, and nothing where the desc has it
  HOOK_NAME(TAG, ...)  a struct file_operations TAG_fops whose hook calls NAME with these arguments; `area` is the VMA or the desc

A line `// include FOLDER` adds FOLDER of the tree to the include path. A fixture whose source is not in the tree is left out, and said so.
A fixture that does not compile fails the build: its driver has changed, and so has to it.
"""
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent / "fixtures"
TARGET = "drivers/misc/mmap_fixtures"
FUNCTION = r"^(?:static |int |bool |void |const |struct )[^;{{}}#=]*?\b{name}\([^;{{}}]*?\)\n\{{\n.*?^\}}\n"


class Missing(Exception):
    pass


def source_of(tree: Path, file: str) -> str:
    try:
        return (tree / file).read_text(errors="replace")
    except OSError:
        raise Missing(f"{file} is not in this tree")


def struct(tree: Path, file: str, name: str) -> str:
    found = re.search(rf"^struct {name} \{{\n.*?^\}};\n", source_of(tree, file), re.M | re.S)
    if not found:
        raise Missing(f"{file} does not define struct {name}")
    return found.group(0)


def definition(tree: Path, file: str, name: str) -> tuple[str, str]:
    """The spelling of function `name` in `file`, converted or not, and its text."""
    text = source_of(tree, file)
    converted = [f"{name}_prepare", name.replace("mmap", "mmap_prepare")]
    # A twin stands beside the old function, which is a bridge then: the new one is what has to be tried.
    for spelling in dict.fromkeys([*converted, name]):
        found = re.search(FUNCTION.format(name=spelling), text, re.M | re.S)
        if found:
            return spelling, found.group(0)
    raise Missing(f"{file} does not define {name}")


def second_half(tree: Path, file: str, name: str) -> str:
    """The text of the function that populates for `name` once the mapping stands (mmap-finish), if there is one."""
    found = re.search(FUNCTION.format(name=f"{name}_finish"), source_of(tree, file), re.M | re.S)
    return found.group(0) if found else ""


def form(name: str, spelling: str, head: str, has_second_half: bool) -> str:
    """The macros of stage.h for a function that takes a VMA or a desc; nothing for others."""
    entry = f", .member##_finish = {name}_finish" if has_second_half else ""
    if "vm_area_desc" in head:
        return (
            f"#define ENTRY_{name}(member) .member##_prepare = {spelling}{entry}\n"
            f"#define MEMBER_{name}(member) member##_prepare\n"
            f"#define SYMBOL_{name} \"{spelling}\"\n"
            f"#define FILE_{name}\n"
            f"#define HOOK_{name}(tag, ...) \\\n"
            f"static int tag##_hook(struct vm_area_desc *area) \\\n"
            f"{{ struct file *file = area->file; (void)file; return {spelling}(__VA_ARGS__); }} \\\n"
            f"static const struct file_operations tag##_fops = {{ .mmap_prepare = tag##_hook"
            f"{entry.replace('member##', 'mmap')} }};\n"
        )
    if "vm_area_struct" in head:
        return (
            f"#define ENTRY_{name}(member) .member = {spelling}\n"
            f"#define MEMBER_{name}(member) member\n"
            f"#define SYMBOL_{name} \"{spelling}\"\n"
            f"#define FILE_{name} file,\n"
            f"#define HOOK_{name}(tag, ...) \\\n"
            f"static int tag##_hook(struct file *file, struct vm_area_struct *area) \\\n"
            f"{{ return {spelling}(__VA_ARGS__); }} \\\n"
            f"static const struct file_operations tag##_fops = {{ .mmap = tag##_hook }};\n"
        )
    return ""


def expand(tree: Path, source: str) -> str:
    def line(found: re.Match) -> str:
        directive, file, name = found.groups()
        if directive == "STRUCT":
            return struct(tree, file, name)
        spelling, text = definition(tree, file, name)
        rest = second_half(tree, file, name)
        macros = form(name, spelling, text.split("{", 1)[0], bool(rest))
        # Calls are counted by symbol, so it has to have one.
        apart = "" if "inline" in text.split("(", 1)[0] else "__attribute__((noipa)) "
        return macros if directive == "FORM" else apart + text + rest + macros

    for driver in re.findall(r'^#include "((?:\.\./)+[^"]*\.c)"', source, re.M):
        if not (tree / TARGET / driver).resolve().exists():
            raise Missing(f"{driver.lstrip('./')} is not in this tree")
    return re.sub(r'^(TAKE|FORM|STRUCT)\("([^"]+)", (\w+)\)$', line, source, flags=re.M)


def write(path: Path, text: str) -> None:
    """Leaves a file alone that has this text, so that it is not built again."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main() -> None:
    tree = Path(sys.argv[1])
    folder = tree / TARGET
    folder.mkdir(exist_ok=True)
    # Text from elsewhere, in other surroundings: warnings say nothing of it.
    makefile = ["ccflags-y := -w"]
    if "(*mmap_finish)" in source_of(tree, "include/linux/fs.h"):
        makefile.append("ccflags-y += -DMMAP_FINISH")
    for fixture in sorted(HERE.iterdir()):
        source = fixture.read_text()
        if fixture.suffix == ".c":
            try:
                source = expand(tree, source)
            except Missing as reason:
                print(f"{fixture.stem}: left out: {reason}")
                continue
            makefile.append(f"obj-y += {fixture.stem}.o")
            for include in re.findall(r"^// include (\S+)$", source, re.M):
                makefile.append(f"CFLAGS_{fixture.stem}.o += -I$(srctree)/{include}")
        write(folder / fixture.name, source)
    write(folder / "Makefile", "\n".join(makefile) + "\n")
    kbuild, kconfig = tree / "drivers/misc/Makefile", tree / "drivers/misc/Kconfig"
    if "mmap_fixtures" not in kbuild.read_text():
        kbuild.write_text(kbuild.read_text() + "obj-$(CONFIG_MMAP_FIXTURES) += mmap_fixtures/\n")
    if "MMAP_FIXTURES" not in kconfig.read_text():
        symbol = 'config MMAP_FIXTURES\n\tbool "mmap handlers without their hardware"\n\tdepends on KALLSYMS_ALL\n\tselect SND_HWDEP\n\tselect SND_COMPRESS_OFFLOAD\n\tselect FB_IOMEM_FOPS\n\tselect SND_DMA_SGBUF\n'
        kconfig.write_text(kconfig.read_text().replace('menu "Misc devices"\n', f'menu "Misc devices"\n\n{symbol}', 1))


if __name__ == "__main__":
    main()
