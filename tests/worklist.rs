//! Worklists and comparisons in the formats that other programs read.
#![allow(clippy::unwrap_used)]

#[path = "support/case.rs"]
mod case;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const KERNEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/kernel");

fn worklist(tree: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_mmaplint")).arg("worklist").arg(tree).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn json_has_every_task_with_what_to_do_and_whom_to_tell() {
    let list: Value =
        serde_json::from_str(&worklist(Path::new(KERNEL), &["--format", "json", "--statistics"])).unwrap();
    let tasks = list["tasks"].as_array().unwrap();
    let lamp = tasks.iter().find(|task| task["name"] == "lamp_mmap").unwrap();
    assert_eq!((lamp["effort"].as_str(), lamp["verdict"].as_str()), (Some("patch"), Some("action")));
    assert_eq!(lamp["advice"], "run: mmaplint fix TREE drivers/char/lamp/lamp.c:lamp_mmap");
    assert!(!lamp["maintainers"].as_array().unwrap().is_empty());
    assert_eq!(tasks[0]["effort"], "patch", "what can be done today stands first");
    // What others wait for stands before them.
    for (place, task) in tasks.iter().enumerate().filter(|(_, task)| task["kind"] == "blocker") {
        for other in task["waits_for"].as_array().unwrap() {
            let before = tasks.iter().position(|task| task["name"] == *other).unwrap();
            assert!(before < place, "{other} stands behind {}", task["name"]);
        }
    }
    let left = tasks.iter().filter(|task| task["kind"] == "handler").count();
    assert!(list["statistics"]["left"].as_u64().unwrap() >= left as u64);
}

/// A handler that only waits for functions that convert with it is a patch, as `fix` says.
#[test]
fn what_converts_with_its_blockers_waits_for_nothing() {
    let tree = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = tree.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for header in ["mm_types.h", "mm.h", "fs.h"] {
        let path = format!("include/linux/{header}");
        write(&path, &fs::read_to_string(Path::new(KERNEL).join(&path)).unwrap());
    }
    case::write(tree.path(), &case::files(&support::testdata("fix/modules.c"), "drivers/case/modules.c"));
    let list = worklist(tree.path(), &["--format", "json", "--target", "v7.3"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    let effort = |name: &str| {
        let task = list["tasks"].as_array().unwrap().iter().find(|task| task["name"] == name).unwrap();
        (task["verdict"].as_str().unwrap().to_owned(), task["effort"].as_str().unwrap().to_owned())
    };
    assert_eq!(effort("quay_mmap"), ("blocked".to_owned(), "patch".to_owned()));
    assert_eq!(effort("buoy_mmap"), ("blocked".to_owned(), "waits".to_owned()));
}

#[test]
fn a_cell_is_no_formula_and_a_name_is_no_markup() {
    let tree = tempfile::tempdir().unwrap();
    let folder = tree.path().join("drivers/=cmd,<b>\"x\"");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(tree.path().join("include/linux")).unwrap();
    for header in ["mm_types.h", "mm.h", "fs.h"] {
        let from = Path::new(KERNEL).join("include/linux").join(header);
        fs::copy(from, tree.path().join("include/linux").join(header)).unwrap();
    }
    let text = "static int x_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\treturn 0;\n}\n\
                static const struct file_operations x_fops = {\n\t.mmap = x_mmap,\n};\n";
    fs::write(folder.join("x.c"), text).unwrap();
    fs::write(
        tree.path().join("MAINTAINERS"),
        "=SUM(A1) <script>\nM:\t+X <x@example.org>\nS:\tMaintained\nF:\tdrivers/\n",
    )
    .unwrap();
    fs::write(tree.path().join("Makefile"), "VERSION = 7\nPATCHLEVEL = 3\n").unwrap();
    let csv = worklist(tree.path(), &["--format", "csv", "--quiet"]);
    assert!(csv.contains(",'=SUM(A1) <script>,Maintained,'+X <x@example.org>,"), "{csv}");
    assert!(csv.contains(",\"drivers/=cmd,<b>\"\"x\"\"/x.c\",1,"), "{csv}");
    let markdown = worklist(tree.path(), &["--format", "markdown", "--details", "--quiet"]);
    assert!(!markdown.contains("<script>") && markdown.contains("=SUM(A1) &lt;script&gt; (Maintained)"), "{markdown}");
}

#[test]
fn a_page_shows_each_handler_with_its_lines_and_its_patch_and_obeys_nothing() {
    let tree = tempfile::tempdir().unwrap();
    let status = Command::new("cp").arg("-r").arg(format!("{KERNEL}/.")).arg(tree.path()).status();
    assert!(status.unwrap().success());
    let hostile = "static int x_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\
                   \t/* </pre><script>alert(1)</script> \u{202e} */\n\treturn 0;\n}\n\
                   static const struct file_operations x_fops = {\n\t.mmap = x_mmap,\n};\n";
    fs::write(tree.path().join("drivers/x.c"), hostile).unwrap();
    let page = worklist(tree.path(), &["--format", "html"]);
    assert_eq!(page, worklist(tree.path(), &["--format", "html", "-j1"]), "the same bytes");
    assert_eq!(page.matches("<script").count(), 1, "the page's own");
    assert!(page.contains("/* &lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt; \u{fffd} */"));
    assert!(!page.contains(" src=") && !page.contains("=\"http") && !page.contains("url(h"), "needs no network");
    let lamp = page.split("<article").skip(1).find(|article| article.contains("<code>lamp_mmap</code>")).unwrap();
    assert!(lamp.contains("<mark class=\"v-action\">"), "{lamp}");
    assert!(lamp.contains("<ins>+static int lamp_mmap_prepare(struct vm_area_desc *desc)</ins>"), "{lamp}");
    assert_eq!(page.matches("<article").count(), page.matches("</article>").count());
}

#[test]
fn a_comparison_names_what_was_converted_moved_and_added() {
    let copy = |tree: &Path| {
        let status = Command::new("cp").arg("-r").arg(format!("{KERNEL}/.")).arg(tree).status();
        assert!(status.unwrap().success());
    };
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    copy(old.path());
    copy(new.path());
    let run = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_mmaplint")).args(arguments).output().unwrap();
    let (before, after) = (old.path().to_str().unwrap(), new.path().to_str().unwrap());
    assert!(run(&["fix", after, "lamp_mmap", "--write"]).status.success());
    fs::rename(new.path().join("drivers/tin"), new.path().join("drivers/can")).unwrap();
    fs::copy(new.path().join("drivers/relic/relic.c"), new.path().join("drivers/relic/twin.c")).unwrap();
    fs::remove_file(new.path().join("drivers/sluice/sluice.c")).unwrap();
    let output = run(&["compare", before, after, "--format", "json", "--quiet"]);
    let comparison: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fates: Vec<(&str, &str)> = comparison["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["fate"] != "same")
        .map(|change| {
            let side = if change["new"].is_null() { &change["old"] } else { &change["new"] };
            (change["fate"].as_str().unwrap(), side["handler"].as_str().unwrap())
        })
        .collect();
    let expected = [
        ("converted", "lamp_mmap_prepare"),
        ("added", "relic_mmap"),
        ("vanished", "sluice_mmap"),
        ("moved", "tin_mmap"),
    ];
    assert_eq!(fates, expected);
    let page = String::from_utf8(run(&["compare", before, after, "--format", "html"]).stdout).unwrap();
    let progress = page.split("<section id=\"progress\">").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(progress.contains("lamp_mmap_prepare") && progress.contains("<summary>moved: 1</summary>"), "{progress}");
}

/// What two drivers have in common is a helper: one that goes and one that comes are not one that moved.
#[test]
fn a_helper_that_many_register_tells_no_two_of_them_apart() {
    let tree = |files: &[(&str, &str)]| {
        let tree = tempfile::tempdir().unwrap();
        support::copy(&support::testdata("kernel/include"), &tree.path().join("include"));
        let helper = "#include <linux/mm.h>\nint shared_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\treturn 0;\n}\nEXPORT_SYMBOL(shared_mmap);\n";
        for (path, text) in files.iter().chain([&("lib/shared.c", helper)]) {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        tree
    };
    let table = |table: &str, member: &str, handler: &str| {
        format!("#include <linux/mm.h>\nstatic const struct file_operations {table} = {{ .{member} = {handler} }};\n")
    };
    let shared = table("fops", "mmap", "shared_mmap");
    let old = tree(&[
        ("drivers/goes/goes.c", &shared),
        ("drivers/a/moves.c", &shared),
        ("drivers/null.c", &table("null_fops", "mmap", "NULL")),
        ("drivers/renamed.c", &shared),
    ]);
    let new = tree(&[
        ("drivers/comes/comes.c", &shared),
        ("drivers/b/moves.c", &shared),
        ("drivers/null.c", &table("null_fops", "mmap_prepare", "NULL")),
        ("drivers/renamed.c", &table("other_fops", "mmap", "shared_mmap")),
    ]);
    let paths = [old.path().to_str().unwrap(), new.path().to_str().unwrap()];
    let output =
        Command::new(env!("CARGO_BIN_EXE_mmaplint")).arg("compare").args(paths).arg("--quiet").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    for line in [
        "drivers/comes/comes.c:2: added: ",
        "drivers/goes/goes.c:2: vanished: ",
        "drivers/b/moves.c:2: moved: shared_mmap (blocked), file_operations.mmap of fops, was in drivers/a/moves.c",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(said.contains(": 0 converted, ") && !said.contains("was in drivers/renamed.c"), "{said}");
}
