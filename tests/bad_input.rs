//! Trees that are damaged or hostile: what is wrong is named, everything else is as it would be.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const GOOD: &str = "static int good_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\treturn 0;\n}\n\
    static const struct file_operations good = {\n\t.mmap = good_mmap,\n};\n";

/// A tree with the headers of the made-up kernel and one handler that has to be found whatever else lies there.
fn tree() -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    let headers = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/kernel/include/linux");
    for name in ["mm_types.h", "mm.h", "fs.h"] {
        write(&tree, &format!("include/linux/{name}"), &std::fs::read(headers.join(name)).unwrap());
    }
    write(&tree, "Makefile", b"VERSION = 7\nPATCHLEVEL = 3\n");
    write(&tree, "MAINTAINERS", b"");
    write(&tree, "drivers/good/good.c", GOOD.as_bytes());
    tree
}

fn write(tree: &TempDir, path: &str, text: &[u8]) {
    let path = tree.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn run(tree: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mmaplint")).arg("scan").arg(tree).args(arguments).output().unwrap()
}

fn scan(tree: &TempDir) -> Value {
    scan_with_code(tree, 0)
}

fn scan_with_code(tree: &TempDir, code: i32) -> Value {
    let output = run(tree.path(), &["--format", "json"]);
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn verdicts(report: &Value, file: &str) -> Vec<String> {
    let handlers = report["handlers"].as_array().unwrap().iter().filter(|handler| handler["file"] == file);
    handlers.map(|handler| handler["verdict"].as_str().unwrap().to_owned()).collect()
}

fn trouble(report: &Value, file: &str) -> Vec<String> {
    let named = report["trouble"].as_array().unwrap().iter().filter(|trouble| trouble["file"] == file);
    named.map(|trouble| trouble["kind"].as_str().unwrap().to_owned()).collect()
}

/// Whatever was done to the tree, the good handler is found, and `--strict` fails where something is named.
fn assert_rest_goes_on(tree: &TempDir, report: &Value) {
    assert_eq!(verdicts(report, "drivers/good/good.c"), ["mechanical"]);
    let trouble = report["trouble"].as_array().unwrap();
    let code = match trouble.iter().any(|trouble| trouble["kind"] == "unreadable") {
        true => 2,
        false => i32::from(!trouble.is_empty()),
    };
    assert_eq!(run(tree.path(), &["--strict", "--quiet"]).status.code(), Some(code));
}

#[test]
fn a_clean_tree_has_no_trouble() {
    let tree = tree();
    let report = scan(&tree);
    assert_eq!(report["trouble"].as_array().unwrap().len(), 0);
    assert_rest_goes_on(&tree, &report);
}

#[test]
fn a_directory_with_few_headers_of_a_kernel_is_scanned_all_the_same() {
    let tree = tempfile::tempdir().unwrap();
    let header = b"struct file_operations { int (*mmap)(struct file *f, struct vm_area_struct *vma); };\n";
    write(&tree, "include/linux/fs.h", header);
    write(&tree, "drivers/good/good.c", GOOD.as_bytes());
    let report = scan(&tree);
    assert_eq!(trouble(&report, ""), ["no-kernel-tree"]);
    assert_rest_goes_on(&tree, &report);
}

#[test]
fn bytes_that_are_no_utf8_are_read_and_named() {
    let tree = tree();
    let text = [b"/* Grus\xdf */\n", GOOD.replace("good", "latin").as_bytes()].concat();
    write(&tree, "drivers/latin/latin.c", &text);
    let report = scan(&tree);
    assert_eq!(trouble(&report, "drivers/latin/latin.c"), ["not-utf8"]);
    assert_eq!(verdicts(&report, "drivers/latin/latin.c"), ["mechanical"]);
    let text = run(tree.path(), &["--format", "text", "drivers/latin"]);
    assert!(String::from_utf8(text.stdout).is_ok_and(|text| text.contains("latin_mmap")));
    assert_rest_goes_on(&tree, &report);
}

#[test]
fn a_file_in_utf_16_is_named() {
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let tree = tree();
        let text = format!("\u{feff}{}", GOOD.replace("good", "wide"));
        let text: Vec<u8> = text.encode_utf16().flat_map(order).collect();
        write(&tree, "drivers/wide/wide.c", &text);
        let report = scan_with_code(&tree, 2);
        assert_eq!(trouble(&report, "drivers/wide/wide.c"), ["unreadable"]);
        assert_rest_goes_on(&tree, &report);
    }
}

#[test]
fn a_huge_file_that_names_vmas_is_named() {
    let tree = tree();
    let text = [GOOD.replace("good", "huge").as_bytes(), "int x;\n".repeat(3 << 20).as_bytes()].concat();
    write(&tree, "drivers/huge/huge.c", &text);
    let report = scan(&tree);
    assert_eq!(trouble(&report, "drivers/huge/huge.c"), ["too-large"]);
    assert_rest_goes_on(&tree, &report);
}

#[test]
fn a_handler_that_does_not_parse_is_unknown() {
    let tree = tree();
    write(&tree, "drivers/bad/bad.c", GOOD.replace("good", "bad").replace("return 0", "return ((0").as_bytes());
    let report = scan(&tree);
    assert_eq!(trouble(&report, "drivers/bad/bad.c"), ["parse"]);
    assert_eq!(verdicts(&report, "drivers/bad/bad.c"), ["unknown"]);
    assert_rest_goes_on(&tree, &report);
}

#[test]
fn damage_ends_and_costs_no_other_file() {
    let good = GOOD.replace("good", "hit");
    let damaged: Vec<Vec<u8>> = vec![
        good.replace('}', "").into_bytes(),
        good.replace('{', "{{").into_bytes(),
        good.as_bytes()[..good.len() / 2].to_vec(),
        good.replace("return", "\0\0\0").into_bytes(),
        good.replace("return 0;", &format!("return {}0{};", "(".repeat(100_000), ")".repeat(100_000))).into_bytes(),
        good.replace("return 0;", &"{".repeat(100_000)).into_bytes(),
        good.replace("return 0;", &"#if A\n".repeat(300_000)).into_bytes(),
        good.replace("return 0;", &"#if A\n#else\n#endif\n".repeat(2_000)).into_bytes(),
        good.replace("return 0;", &"if (a) x(); else ".repeat(20_000)).into_bytes(),
        good.replace("return 0;", &format!("return {};", "a+".repeat(100_000))).into_bytes(),
        good.replace("hit_mmap", &"x".repeat(1 << 20)).into_bytes(),
        good.replace('\n', "\r\n").into_bytes(),
        [b"\xef\xbb\xbf", good.as_bytes()].concat(),
        good.replace("return 0;", "/* never ends").into_bytes(),
        good.replace("return 0;", "\"never ends").into_bytes(),
        // A macro for tables in the head of something else.
        b"#define ops(f) static const struct file_operations f##_ops = { .mmap = f##_mmap }\nint f_mmap(struct file *file, struct \
          vm_area_struct *vma);\nops(f, struct vm_area_struct *vma) = f_mmap;\n\nmap(ops(f)) = 1;\n"
            .to_vec(),
        b"#define A(x) A(x\n#define vm_area_struct\nA(\n.mmap =\n.mmap".to_vec(),
    ];
    for (number, text) in damaged.iter().enumerate() {
        let tree = tree();
        write(&tree, "drivers/hit/hit.c", text);
        let report = scan(&tree);
        assert_eq!(verdicts(&report, "drivers/good/good.c"), ["mechanical"], "damage {number}");
        for verdict in verdicts(&report, "drivers/hit/hit.c") {
            let is_clean = trouble(&report, "drivers/hit/hit.c").is_empty();
            assert!(is_clean || verdict == "unknown", "damage {number} is judged {verdict}");
        }
    }
}

/// A robot's file of twelve thousand tables: the run ends soon, and what is left out is named.
#[test]
fn more_registrations_than_any_kernel_has_are_named() {
    let tree = tree();
    let tables: String = (0..12_000)
        .map(|number| format!("static const struct file_operations many{number} = {{ .mmap = many_mmap }};\n"))
        .collect();
    write(&tree, "drivers/many/many.c", format!("{}{tables}", GOOD.replace("good", "many")).as_bytes());
    let report = scan(&tree);
    assert_eq!(report["handlers"].as_array().unwrap().len(), 10_000);
    assert_eq!(trouble(&report, "drivers/many/many.c"), ["too-many"]);
    assert_rest_goes_on(&tree, &report);
}

/// As many places where something may be registered: what is left out is named, too.
#[test]
fn more_unclear_registrations_than_any_kernel_has_are_named() {
    let tree = tree();
    let list = "\tmany_mmap,\n".repeat(12_000);
    let text = format!("{}static const hook many_hooks[] = {{\n{list}}};\n", GOOD.replace("good", "many"));
    write(&tree, "drivers/many/many.c", text.as_bytes());
    let report = scan(&tree);
    assert_eq!(report["stats"]["unclear_registrations"], 10_000);
    let kinds = trouble(&report, "drivers/many/many.c");
    assert_eq!(kinds.iter().filter(|kind| **kind == "too-many").count(), 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == "registration").count(), 10_000);
    assert_rest_goes_on(&tree, &report);
}

/// Drawn by tests/mutations.rs: a hook without a name was found everywhere, and hid what others were found by.
#[test]
fn a_member_that_is_no_pointer_hides_nothing() {
    let tree = tree();
    let table = "#define GOOD_TABLE(f) static const struct file_operations f = { .mmap = other_mmap }\n";
    let other = format!("{table}{}GOOD_TABLE(other_fops);\n", GOOD.replace("good", "other"));
    write(&tree, "drivers/other/other.c", other.as_bytes());
    write(
        &tree,
        "drivers/hit/hit.c",
        b"struct hit {\n\tint (mmap_prepare)(struct hit *hit, struct vm_area_desc *desc);\n};\n",
    );
    assert_eq!(verdicts(&scan(&tree), "drivers/other/other.c"), ["mechanical", "mechanical"]);
}

/// Where the braces of a file do not add up, a table may stand in none of its items.
#[test]
fn a_registration_between_items_is_named() {
    for lost in ["{{{TABLE(hit_fops);\n", "{{{static const struct file_operations hit = { .mmap = hit_mmap };\n"] {
        let tree = tree();
        let text =
            format!("#define TABLE(f) static const struct file_operations f = {{ .mmap = hit_mmap }}\n{lost}}}\n");
        write(&tree, "drivers/hit/hit.c", format!("{text}int x;\n}}\n").as_bytes());
        let report = scan(&tree);
        assert_eq!(trouble(&report, "drivers/hit/hit.c"), ["registration"], "{lost}");
        assert_rest_goes_on(&tree, &report);
    }
}

#[cfg(unix)]
#[test]
fn links_and_things_that_are_no_files_are_named() {
    use std::os::unix::fs::symlink;
    let tree = tree();
    let outside = tempfile::NamedTempFile::new().unwrap();
    symlink("loop.c", tree.path().join("drivers/good/loop.c")).unwrap();
    symlink(".", tree.path().join("drivers/good/again")).unwrap();
    symlink("good.c", tree.path().join("drivers/good/same.c")).unwrap();
    symlink(outside.path(), tree.path().join("drivers/good/outside.c")).unwrap();
    assert!(Command::new("mkfifo").arg(tree.path().join("drivers/good/pipe.c")).status().unwrap().success());
    let report = scan(&tree);
    assert_eq!(trouble(&report, "drivers/good/loop.c"), ["link"]);
    assert_eq!(trouble(&report, "drivers/good/outside.c"), ["link"]);
    assert_eq!(trouble(&report, "drivers/good/pipe.c"), ["not-a-file"]);
    // A link to a file of the tree is that file, which is read once.
    assert!(trouble(&report, "drivers/good/same.c").is_empty() && verdicts(&report, "drivers/good/same.c").is_empty());
    assert_rest_goes_on(&tree, &report);
}

/// Links to what is read are left alone, links to what is not are read through, as long as they stay in the tree.
#[cfg(unix)]
#[test]
fn links_hide_nothing() {
    use std::os::unix::fs::symlink;
    let tree = tree();
    let handler = |name: &str| GOOD.replace("good", name);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("away.c"), handler("away")).unwrap();
    write(&tree, "tools/hidden.c", handler("hidden").as_bytes());
    write(&tree, "tools/driver/deep/linked.c", handler("linked").as_bytes());
    write(&tree, "drivers/good/impl.txt", handler("other").as_bytes());
    symlink("../../tools/hidden.c", tree.path().join("drivers/good/hidden.c")).unwrap();
    symlink("../tools/driver", tree.path().join("drivers/linked")).unwrap();
    symlink("impl.txt", tree.path().join("drivers/good/impl.c")).unwrap();
    symlink("../good", tree.path().join("drivers/good/again")).unwrap();
    symlink(outside.path(), tree.path().join("drivers/away")).unwrap();
    symlink(outside.path(), tree.path().join("tools/driver/deep/away.c")).unwrap();
    let report = scan(&tree);
    for file in ["drivers/good/hidden.c", "drivers/linked/deep/linked.c", "drivers/good/impl.c"] {
        assert_eq!(verdicts(&report, file), ["mechanical"], "{file}");
    }
    assert_eq!(trouble(&report, "drivers/away"), ["link"]);
    assert_eq!(trouble(&report, "drivers/linked/deep/away.c"), ["link"]);
    assert_eq!(report["handlers"].as_array().unwrap().len(), 4);
    assert_rest_goes_on(&tree, &report);
}

#[test]
fn c_by_another_name_is_read_or_named() {
    let tree = tree();
    write(&tree, "drivers/inc/inc.c", b"#include <linux/fs.h>\n#include \"impl.inc\"\n");
    write(&tree, "drivers/inc/impl.inc", GOOD.replace("good", "inc").as_bytes());
    let hidden = [b"#include \"impl.txt\"\n".as_slice(), GOOD.replace("good", "txt").as_bytes()].concat();
    write(&tree, "drivers/txt/txt.c", &hidden);
    write(&tree, "drivers/txt/impl.txt", GOOD.as_bytes());
    let report = scan(&tree);
    assert_eq!(verdicts(&report, "drivers/inc/impl.inc"), ["mechanical"]);
    assert_eq!(trouble(&report, "drivers/txt/txt.c"), ["include"]);
    assert_rest_goes_on(&tree, &report);
}

#[test]
fn c_that_is_included_from_elsewhere_is_named() {
    for (include, path) in [
        ("#include \"../../tools/hidden.h\"", "tools/hidden.h"),
        ("#include <../tools/hidden.h>", "tools/hidden.h"),
        ("#include_next \"impl.txt\"", "drivers/evil/impl.txt"),
        ("#/**/include/**/\"impl.txt\"", "drivers/evil/impl.txt"),
        ("# inc\\\nlude \"impl.txt\"", "drivers/evil/impl.txt"),
    ] {
        let tree = tree();
        write(&tree, path, GOOD.as_bytes());
        write(&tree, "drivers/evil/evil.c", format!("{include}\nstruct vm_area_struct;\n").as_bytes());
        let report = scan(&tree);
        assert_eq!(trouble(&report, "drivers/evil/evil.c"), ["include"], "{include}");
    }
    let tree = tree();
    write(
        &tree,
        "drivers/evil/evil.c",
        GOOD.replace("good", "evil").replace(" = evil_mmap", "/**/=/**/evil_mmap").as_bytes(),
    );
    assert_eq!(verdicts(&scan(&tree), "drivers/evil/evil.c"), ["mechanical"]);
}

/// A chain of macros, each of which uses the one before it.
fn nested_macros(depth: usize) -> String {
    let first = "#define M0 .mmap = nested_mmap,\n".to_owned();
    let macros = (1..depth).map(|number| format!("#define M{number} M{}\n", number - 1));
    let table = format!("static const struct file_operations nested = {{ M{} }};\n", depth - 1);
    let handler = "static int nested_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\treturn 0;\n}\n";
    std::iter::once(first).chain(macros).chain([handler.to_owned(), table]).collect()
}

#[test]
fn a_registration_through_many_macros_is_found_or_named() {
    for depth in [2, 8, 9, 10, 11, 20, 63, 64, 65, 66, 67, 200] {
        let tree = tree();
        write(&tree, "drivers/nested/nested.c", nested_macros(depth).as_bytes());
        let report = scan(&tree);
        let (found, named) =
            (verdicts(&report, "drivers/nested/nested.c"), trouble(&report, "drivers/nested/nested.c"));
        assert!(found == ["mechanical"] || named.iter().any(|kind| kind == "registration"), "{depth}: {named:?}");
        assert_eq!(found.is_empty(), depth > 10, "{depth}");
        assert_rest_goes_on(&tree, &report);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let tree = tree();
    write(&tree, "drivers/locked/locked.c", GOOD.as_bytes());
    let path = tree.path().join("drivers/locked/locked.c");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o0)).unwrap();
    // Root may read every file; the tool is run as somebody who may not, where that can be done.
    let mut command = if std::fs::read(&path).is_ok() {
        std::fs::set_permissions(tree.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--clear-groups", env!("CARGO_BIN_EXE_mmaplint")]);
        command
    } else {
        Command::new(env!("CARGO_BIN_EXE_mmaplint"))
    };
    let Ok(output) = command.arg("scan").arg(tree.path()).args(["--format", "json"]).output() else {
        eprintln!("skipped: this user may read every file, and there is no setpriv");
        return;
    };
    assert_eq!(output.status.code(), Some(2), "a file that could not be read is no all-clear");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(trouble(&report, "drivers/locked/locked.c"), ["unreadable"]);
    assert_eq!(verdicts(&report, "drivers/good/good.c"), ["mechanical"]);
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let kernel = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/kernel");
    let one = run(&kernel, &["--format", "json", "-j1"]).stdout;
    assert!(!one.is_empty());
    for threads in ["-j2", "-j8"] {
        assert_eq!(run(&kernel, &["--format", "json", threads]).stdout, one);
    }
}

#[test]
fn the_result_does_not_depend_on_the_order_of_directories() {
    let mut names: Vec<String> = (0..60).map(|number| format!("drivers/n{number}/{}.c", number * 7919 % 61)).collect();
    let mut reports = Vec::new();
    for _ in 0..2 {
        let tree = tree();
        for name in &names {
            write(&tree, name, GOOD.as_bytes());
        }
        reports.push(scan(&tree));
        names.reverse();
    }
    assert_eq!(reports[0]["handlers"].as_array().unwrap().len(), 61);
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let tree = tree();
    let out = tree.path().join("out.json");
    let output = run(tree.path(), &["--format", "json", "-o", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(serde_json::from_slice::<Value>(&std::fs::read(&out).unwrap()).is_ok());
    std::fs::create_dir(tree.path().join("folder")).unwrap();
    let failed = run(tree.path(), &["--format", "json", "-o", tree.path().join("folder").to_str().unwrap()]);
    assert_eq!(failed.status.code(), Some(2));
    assert_eq!(
        std::fs::read_dir(tree.path())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part"))
            .count(),
        0
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let kernel = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/kernel");
    let command = format!("{} scan {} --format json | head -c 1", env!("CARGO_BIN_EXE_mmaplint"), kernel.display());
    let output = Command::new("bash").args(["-o", "pipefail", "-c", &command]).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.is_empty()), (Some(0), true));
}

#[cfg(unix)]
#[test]
fn a_header_that_is_no_file_is_not_waited_for() {
    let tree = tree();
    let pipe = tree.path().join("drivers/good/pipe.h");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let text = "#include \"pipe.h\"\n#include <../../../../etc/hostname>\n\
        static int asks_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\
        \tstruct elsewhere *elsewhere = file->private_data;\n\treturn elsewhere->ops->mmap(file, vma);\n}\n\
        static const struct file_operations asks = {\n\t.mmap = asks_mmap,\n};\n";
    write(&tree, "drivers/good/asks.c", text.as_bytes());
    let report = scan(&tree);
    assert_eq!(trouble(&report, "drivers/good/pipe.h"), ["not-a-file"]);
    assert_eq!(verdicts(&report, "drivers/good/asks.c").len(), 1);
}

#[test]
fn calls_that_multiply_end_and_calls_too_deep_are_unknown() {
    let tree = tree();
    let mut many = String::from("static void h0(struct thing *t) { kref_get(&t->ref); }\n");
    for level in 1..10 {
        let calls = format!("h{}(t); ", level - 1).repeat(8);
        many += &format!("static void h{level}(struct thing *t) {{ {calls} }}\n");
    }
    many += "static int many_mmap(struct file *file, struct vm_area_struct *vma) { h9(file->private_data); return 0; }\n\
        static const struct file_operations many = { .mmap = many_mmap };\n";
    write(&tree, "drivers/many/many.c", many.as_bytes());
    let mut deep = String::from("static int d0(struct vm_area_struct *vma) { return vm_insert_page(vma, 0, p); }\n");
    for level in 1..40 {
        deep += &format!("static int d{level}(struct vm_area_struct *vma) {{ return d{}(vma); }}\n", level - 1);
    }
    deep += "static int deep_mmap(struct file *file, struct vm_area_struct *vma) { return d39(vma); }\n\
        static const struct file_operations deep = { .mmap = deep_mmap };\n";
    write(&tree, "drivers/deep/deep.c", deep.as_bytes());
    let report = scan(&tree);
    assert_eq!(verdicts(&report, "drivers/many/many.c"), ["mapped"]);
    assert_eq!(verdicts(&report, "drivers/deep/deep.c"), ["unknown"]);
}

/// Long files are looked at in parts: wherever one ends, a registration that lies across is found, and so is a VMA.
#[test]
fn what_lies_across_parts_of_a_file_is_found() {
    let tree = tree();
    write(&tree, "mm/shared.c", b"int shared_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\treturn 0;\n}\n");
    let table = "static const struct file_operations far = {\n\t.mmap\n\t\t\t\t\t\t\t\t\t\t\t\t=   shared_mmap,\n};\n";
    let function = "\nstatic int own_mmap(struct file *file, struct vm_area_struct *vma) { return 0; }\n";
    for before in 0..90 {
        let padding = format!("/*{}*/\n", "x".repeat((256 << 10) - 5 - before));
        write(&tree, &format!("drivers/far/table{before}.c"), (padding.clone() + table).as_bytes());
        let own = format!("{padding}{function}{}", table.replace("shared_mmap", "own_mmap"));
        write(&tree, &format!("drivers/far/own{before}.c"), own.as_bytes());
    }
    let report = scan(&tree);
    for before in 0..90 {
        // The helper is not the driver's own.
        for (kind, verdict) in [("table", "blocked"), ("own", "mechanical")] {
            assert_eq!(verdicts(&report, &format!("drivers/far/{kind}{before}.c")), [verdict], "{kind} {before}");
        }
    }
}

/// 210 MB of C that names VMAs: the run ends soon, says so, and holds no more of it than it may.
#[test]
fn more_than_memory_should_hold_is_named() {
    let tree = tree();
    let text = format!("{GOOD}{}", "/* nothing */\n".repeat(1_000_000));
    for number in 0..15 {
        write(&tree, &format!("drivers/much/{number}.c"), text.as_bytes());
    }
    let report = scan(&tree);
    assert!(trouble(&report, "").contains(&"too-large".to_owned()), "{}", report["trouble"]);
    assert_eq!(run(tree.path(), &["--strict", "--quiet"]).status.code(), Some(1));
}

/// Files that a command reads beside the sources: a pipe hangs nobody, a device fills no memory, a link out of the tree shows nothing.
#[cfg(unix)]
#[test]
fn every_file_of_a_tree_is_read_with_care() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(outside.path(), "SECRET\nM:\tsecret <secret@example.org>\nF:\tdrivers/\nEXTRAVERSION = secret\n")
        .unwrap();
    let run = |tree: &Path, arguments: &[&str]| {
        let mut tool = Command::new("timeout");
        let tool = tool.args(["20", env!("CARGO_BIN_EXE_mmaplint"), arguments[0]]).arg(tree).args(&arguments[1..]);
        let output = tool.output().unwrap();
        assert!(output.status.code().is_some_and(|code| code <= 2), "{arguments:?}: {output:?}");
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!told.to_lowercase().contains("secret"), "{told}");
        told
    };
    for name in [
        "Makefile",
        "MAINTAINERS",
        ".mailmap",
        ".mmaplint.toml",
        "include/linux/fs.h",
        "drivers/good/Makefile",
        "known",
    ] {
        for kind in ["pipe", "zero", "pagemap", "secret"] {
            let tree = tree();
            if name == "known" {
                write(&tree, ".mmaplint.toml", b"baseline = \"known\"\n");
            }
            let path = tree.path().join(name);
            let _ = std::fs::remove_file(&path);
            match kind {
                "pipe" => assert!(Command::new("mkfifo").arg(&path).status().unwrap().success()),
                "zero" => symlink("/dev/zero", &path).unwrap(),
                "pagemap" => symlink("/proc/self/pagemap", &path).unwrap(),
                _ => symlink(outside.path(), &path).unwrap(),
            }
            let mails = tree.path().join("mails");
            for arguments in
                [&["scan"][..], &["check"], &["worklist"], &["fix", "--mbox", mails.to_str().unwrap()], &["docs"]]
            {
                run(tree.path(), arguments);
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_process_that_may_open_no_more_files_says_so() {
    let tree = tree();
    let mut told = Vec::new();
    for limit in 4..40 {
        let line = format!("ulimit -n {limit}; exec \"$0\" scan \"$1\" -j 8 --format json");
        let output =
            Command::new("bash").args(["-c", &line, env!("CARGO_BIN_EXE_mmaplint")]).arg(tree.path()).output().unwrap();
        let found = String::from_utf8_lossy(&output.stdout).contains("\"good_mmap\"");
        assert!(found || output.status.code() != Some(0), "{limit}: an all-clear for what was not read");
        told.push(output.status.code());
    }
    assert!(told.contains(&Some(2)) && told.last() == Some(&Some(0)), "{told:?}");
}
