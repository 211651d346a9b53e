//! Small inputs that would take a minute or a gigabyte: each ends soon, with a word where it is cut off. They are as large as the limits
//! allow, or ten times as large as what once took too long.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "support/stdin.rs"]
mod stdin;
mod support;

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use stdin::run_with;
use support::{copy, testdata};
use tempfile::TempDir;

/// What each may take, built without optimisation and beside other tests too.
const SOON: Duration = Duration::from_secs(40);

/// Built without optimisation, what only takes time is a tenth as large.
const TENTH: usize = if cfg!(debug_assertions) { 10 } else { 1 };

fn kernel() -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    copy(&testdata("kernel"), tree.path());
    tree
}

fn run(tree: &Path, arguments: &[&str], stdin: &[u8]) -> (Option<i32>, Output) {
    let begin = Instant::now();
    let output = run_with(stdin, arguments[0], tree, &arguments[1..]);
    let took = begin.elapsed();
    assert!(took < SOON, "{arguments:?} took {took:?}");
    (output.status.code(), output)
}

fn check(patch: &[u8]) -> (Option<i32>, String) {
    let (code, output) = run(kernel().path(), &["check", "--patch", "-"], patch);
    (code, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn new_file(path: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = lines.map(|line| format!("+{line}\n")).collect();
    let head = format!("diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n");
    format!("{head}@@ -0,0 +1,{} @@\n{}", lines.len(), lines.concat())
}

fn mail(number: usize, diff: &str) -> String {
    format!("From {} Mon Sep 17 00:00:00 2001\nSubject: {number}\n\nx\n---\n{diff}", "0".repeat(40))
}

fn assert_refused(patch: &str, reason: &str) {
    let (code, told) = check(patch.as_bytes());
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains(reason), "{told}");
}

#[test]
fn patches_that_multiply_are_refused() {
    let long = new_file("drivers/long.h", (0..400_000).map(|number| format!("#define LONG_{number} vm_area_{number}")));
    let copies: String = (0..4000)
        .map(|number| {
            let copy = format!("drivers/copy{number}.h");
            format!("diff --git a/drivers/long.h b/{copy}\nsimilarity index 100%\ncopy from drivers/long.h\ncopy to {copy}\n")
        })
        .collect();
    assert_refused(&(mail(0, &long) + &mail(1, &copies)), "longer than 192 MiB");
    assert_refused(&"+\n".repeat(3_100_000), "more than 3000000 lines");
    assert_refused(&format!("diff --git {}\n", "a/x b ".repeat(1_400_000)), "longer than 4096 bytes");
    let lines = || (0..100_000 / TENTH).map(|number| format!("line {number}"));
    let nowhere: String = (0..100_000)
        .map(|number| format!("@@ -{},1 +1,1 @@\n-nothing {number}\n+n\n", number % 2 * 99_000 + 1))
        .collect();
    let nowhere = format!("--- a/drivers/x.c\n+++ b/drivers/x.c\n{nowhere}");
    assert_refused(&(mail(0, &new_file("drivers/x.c", lines())) + &mail(1, &nowhere)), "does not apply");
    let back: String =
        (1..2000 / TENTH).map(|number| format!("@@ -1,1 +1,1 @@\n-line {}\n+n\n", number * 40)).collect();
    let back = format!("--- a/drivers/x.c\n+++ b/drivers/x.c\n{back}");
    let (code, told) = check((mail(0, &new_file("drivers/x.c", lines())) + &mail(1, &back)).as_bytes());
    assert!(code == Some(0) || told.contains("lines would be compared"), "{told}");
}

#[test]
fn long_series_are_read_in_time() {
    let renames = (0..100_000 / TENTH).map(|number| {
        let (from, to) = (format!("drivers/n{number}.c"), format!("drivers/n{}.c", number + 1));
        let diff = format!("diff --git a/{from} b/{to}\nsimilarity index 100%\nrename from {from}\nrename to {to}\n");
        mail(number, &diff)
    });
    let series: String = std::iter::once(mail(0, &new_file("drivers/n0.c", std::iter::once("int x;".to_owned()))))
        .chain(renames)
        .collect();
    assert_eq!(check(series.as_bytes()).0, Some(0));
    let many: String = (0..50_000 / TENTH)
        .map(|number| new_file(&format!("drivers/m{number}.c"), std::iter::once("int x;".to_owned())))
        .collect();
    assert_eq!(check(many.as_bytes()).0, Some(0));
}

#[test]
fn many_handlers_in_one_file_multiply_nowhere() {
    let tree = kernel();
    let handler = |number: usize| {
        format!(
            "static int many{number}_mmap(struct file *file, struct vm_area_struct *vma)\n{{\n\tvm_flags_set(vma, VM_DONTEXPAND);\n\
             \tvma->vm_private_data = file->private_data;\n\treturn 0;\n}}\n\
             static const struct file_operations many{number}_fops = {{\n\t.mmap = many{number}_mmap,\n}};\n"
        )
    };
    fs::create_dir(tree.path().join("drivers/many")).unwrap();
    let text: String = (0..3000 / TENTH).map(handler).collect();
    fs::write(tree.path().join("drivers/many/many.c"), &text).unwrap();
    let (code, page) = run(tree.path(), &["worklist", "--format", "html"], b"");
    assert_eq!(code, Some(0));
    assert!(page.stdout.len() < 20 * text.len(), "{} bytes of HTML", page.stdout.len());
    let shown = String::from_utf8(page.stdout).unwrap();
    assert_eq!(shown.matches("-static int many7_mmap").count(), 1, "each page shows its own hunks");
    for format in ["sarif", "rdjson", "json", "text"] {
        let (code, output) = run(tree.path(), &["check", "--format", format], b"");
        assert_eq!(code, Some(1), "{format}");
        assert!(output.stdout.len() < 20 * text.len(), "{} bytes of {format}", output.stdout.len());
    }
}

/// A function with thousands of ways through it: each kind of leaving an arm would multiply them.
#[test]
fn a_function_with_too_many_ways_is_unknown() {
    for leaving in ["break", "return 0", "goto out", "vma->vm_end = 1"] {
        let tree = kernel();
        fs::create_dir(tree.path().join("drivers/wide")).unwrap();
        let arm = |number: usize| format!("case {number}:vma->vm_start={number};if(a{number}){leaving};\n");
        let arms: String = (0..if TENTH == 1 { 15_000 } else { 6_000 }).map(arm).collect();
        let text = format!(
            "static int wide_mmap(struct file *file, struct vm_area_struct *vma)\n{{\n\tswitch (file->f_mode) {{\n{arms}\t}}\nout:\n\treturn 0;\n}}\n\
             static const struct file_operations wide_fops = {{\n\t.mmap = wide_mmap,\n}};\n"
        );
        fs::write(tree.path().join("drivers/wide/wide.c"), text).unwrap();
        let (code, output) = run(tree.path(), &["scan", "--format", "lines"], b"");
        assert_eq!(code, Some(0));
        let told = String::from_utf8(output.stdout).unwrap();
        let line = told.lines().find(|line| line.contains("wide_mmap")).unwrap();
        assert!(line.contains(": unknown:"), "{leaving}: {line}");
    }
}

#[test]
fn maintainers_and_mailmaps_end() {
    let read = |file: &str, text: String| {
        let tree = kernel();
        fs::write(tree.path().join(file), text).unwrap();
        let (code, output) = run(tree.path(), &["worklist", "--format", "json"], b"");
        assert_eq!(code, Some(0));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let regexes = lines(30_000, &|number| {
        format!("S{number}\nM:\ta <a{number}@b.c>\nK:\t(a{{1,200}}b{{1,200}}){{1,50}}{number}\n\n")
    });
    assert!(read("MAINTAINERS", regexes).contains("too-many"));
    let people = lines(200_000, &|number| format!("M:\tn{number} <a{number}@b.c>\n"));
    assert_eq!(read("MAINTAINERS", format!("S\nF:\tdrivers/\n{people}")).lines().count(), 1);
    assert!(
        read("MAINTAINERS", lines(200_000, &|number| format!("S{number}\nM:\tn <a{number}@b.c>\nF:\t*/\n\n")))
            .contains("too-")
    );
    assert!(read("MAINTAINERS", format!("S\nM:\tn <a@b.c>\nF:\t{}\n", "*a".repeat(100_000))).contains("too-many"));
    assert_eq!(
        read(".mailmap", lines(200_000, &|number| format!("N <n@x.y> old{number} <o@x.y>\n"))).lines().count(),
        1
    );
    assert!(
        read(".mailmap", lines(500_000, &|number| format!("N <n@x.y> old{number} <o@x.y>\n"))).contains("too-large")
    );
}

#[test]
fn threads_have_a_maximum() {
    assert_eq!(run(kernel().path(), &["scan", "-j", "100000"], b"").0, Some(2));
    assert_eq!(run(kernel().path(), &["scan", "-j", "64"], b"").0, Some(0));
}

/// A kernel with a handler that begins with some code.
fn lamp(before: &str, code: &str) -> TempDir {
    let tree = kernel();
    let folder = tree.path().join("drivers/bomb");
    fs::create_dir(&folder).unwrap();
    let handler =
        format!("static int bomb_mmap(struct file *file, struct vm_area_struct *vma)\n{{\n\t{code}\n\treturn 0;\n}}\n");
    let table = "static const struct file_operations bomb_fops = {\n\t.mmap = bomb_mmap,\n};\n";
    fs::write(folder.join("bomb.c"), format!("#include <linux/fs.h>\n{before}\n{handler}{table}")).unwrap();
    tree
}

#[test]
fn a_macro_that_names_itself_ends() {
    let tree = lamp("#define RETRY(x) RETRY(x); return 0", "RETRY(file);");
    let (code, output) = run(tree.path(), &["explain", "bomb_mmap"], b"");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(code, Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("incomplete: its calls nest too deep"), "{told}");
}

#[test]
fn values_that_double_end() {
    let calls: String = (0..40).map(|number| format!("v = lamp_f{number}(v, v) ^ v;\n\t")).collect();
    let code = format!("unsigned long v = vma->vm_pgoff;\n\n\t{calls}if (v)\n\t\treturn -EINVAL;");
    let tree = lamp("", &code);
    let (code, output) = run(tree.path(), &["explain", "bomb_mmap"], b"");
    assert_eq!(code, Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("returns -EINVAL"));
}

#[test]
fn comments_that_name_hooks_are_read_once() {
    let comment = " * ops.mmap = lamp\n".repeat(400_000 / TENTH);
    let tree = lamp(&format!("/*\n{comment} */"), "vm_flags_set(vma, VM_IO);");
    let (code, output) = run(tree.path(), &["scan", "--format", "lines"], b"");
    assert_eq!(code, Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("bomb_mmap"));
}

/// Explains a handler with such statements, which have too many paths.
fn assert_too_many_paths(before: &str, statements: &str) {
    let tree = kernel();
    let handler = format!(
        "static int many_mmap(struct file *file, struct vm_area_struct *vma)\n{{\n{statements}\treturn 0;\n}}\n"
    );
    let table = "static const struct file_operations many_fops = { .mmap = many_mmap };\n";
    fs::write(tree.path().join("drivers/char/many.c"), format!("{before}{handler}{table}")).unwrap();
    let (code, output) = run(tree.path(), &["explain", "many_mmap"], b"");
    assert_eq!(code, Some(0));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("it has too many paths"), "{told}");
}

#[test]
fn an_expression_with_too_many_paths_is_incomplete() {
    let choices: Vec<String> = (0..24).map(|number| format!("(lamp.a{number} ? 1 : 2)")).collect();
    assert_too_many_paths(
        "",
        &format!("\tunsigned long n = {};\n\tif (n > vma->vm_pgoff)\n\t\treturn -EINVAL;\n", choices.join(" + ")),
    );
    let pairs: Vec<String> = (0..24).map(|number| format!("(lamp.a{number} || lamp.b{number})")).collect();
    assert_too_many_paths("", &format!("\tif ({})\n\t\treturn -EINVAL;\n", pairs.join(" && ")));
    let pairs: Vec<String> = (0..24).map(|number| format!("(defined(A{number}) || defined(B{number}))")).collect();
    assert_too_many_paths(
        "",
        &format!("#if {}\n\tif (vma->vm_pgoff)\n\t\treturn -EINVAL;\n#endif\n", pairs.join(" && ")),
    );
}

#[test]
fn macros_that_name_many_others_end() {
    let names: Vec<String> = (0..60).map(|number| format!("LAMP_{number}(x)")).collect();
    let all = names.join(" + ");
    let macros: String = (0..60).map(|number| format!("#define LAMP_{number}(x) ({all})\n")).collect();
    let tree = kernel();
    let handler =
        "static int many_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\tLAMP_1(1);\n\treturn 0;\n}\n";
    let table = "static const struct file_operations many_fops = { .mmap = many_mmap };\n";
    fs::write(tree.path().join("drivers/char/many.c"), format!("{macros}{handler}{table}")).unwrap();
    assert_eq!(run(tree.path(), &["explain", "many_mmap"], b"").0, Some(0));
}
