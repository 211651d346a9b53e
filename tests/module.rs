//! Out-of-tree modules: testdata/module, against the made-up kernel, its headers alone, and without a kernel.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use support::{copy, testdata};
use tempfile::TempDir;

fn mmaplint(arguments: &[&str]) -> Output {
    let none = tempfile::tempdir().unwrap();
    // Kernels that this machine has are none of the test's.
    Command::new(env!("CARGO_BIN_EXE_mmaplint"))
        .args(arguments)
        .env("KDIR", none.path())
        .env_remove("KERNELDIR")
        .env_remove("GITHUB_ACTIONS")
        .output()
        .unwrap()
}

fn module() -> String {
    testdata("module").to_str().unwrap().to_owned()
}

fn kernel() -> String {
    testdata("kernel").to_str().unwrap().to_owned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Handlers with their verdicts, and whether they are dead.
fn rows(arguments: &[&str]) -> Vec<(String, String, bool)> {
    let arguments = [&["scan", "--format", "json"], arguments].concat();
    let output = mmaplint(&arguments);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    let handlers = json["handlers"].as_array().unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |handler: &Value| {
        (word(&handler["handler"]["name"]), word(&handler["verdict"]), handler["dead"].as_bool().unwrap_or(false))
    };
    handlers.iter().map(row).collect()
}

fn row(name: &str, verdict: &str, dead: bool) -> (String, String, bool) {
    (name.to_owned(), verdict.to_owned(), dead)
}

#[test]
fn only_the_module_is_shown_and_only_what_its_kernel_compiles() {
    let expected = [
        row("lantern_mmap", "mechanical", false),
        row("wick_mmap_prepare", "converted", false),
        row("glow_mmap", "manual", false),
        row("shutter_mmap", "action", false),
    ];
    assert_eq!(rows(&[&module(), "--kernel", &kernel()]), expected);
}

#[test]
fn macros_of_the_build_decide() {
    let undefined = rows(&[&module(), "--kernel", &kernel(), "-D", "HAVE_GLOW=0"]);
    assert!(undefined.iter().all(|(name, ..)| name != "glow_mmap"), "{undefined:?}");
    let defined = rows(&[&module(), "--kernel", &kernel(), "-D", "HAVE_GLOW"]);
    assert!(defined.contains(&row("glow_mmap", "manual", false)));
    let wrong = mmaplint(&["scan", &module(), "--kernel", &kernel(), "-D", "HAVE GLOW"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn dead_code_is_shown_on_request_and_not_counted() {
    let all = rows(&[&module(), "--kernel", &kernel(), "--all"]);
    assert!(all.contains(&row("wick_mmap", "mechanical", true)), "{all:?}");
    assert!(all.contains(&row("lantern_mmap", "mechanical", false)));
    let output = mmaplint(&["scan", &module(), "--kernel", &kernel(), "--all", "--format", "lines"]);
    assert!(text(&output.stdout).contains("wick_fops (not compiled for this kernel)"));
    assert!(text(&output.stderr).contains("4 handlers in a module for Linux 7.3.0"), "{}", text(&output.stderr));
}

/// The headers of the made-up kernel as a distribution ships them: a folder for the build, and the common part that its Makefile names.
fn headers() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let (build, common) = (place.path().join("amd64"), place.path().join("common"));
    copy(&testdata("kernel/include"), &common.join("include"));
    fs::copy(testdata("kernel/Makefile"), common.join("Makefile")).unwrap();
    fs::create_dir(&build).unwrap();
    fs::write(build.join("Makefile"), format!("include {}/Makefile\n", common.display())).unwrap();
    place
}

#[test]
fn headers_alone_will_do() {
    let place = headers();
    let build = place.path().join("amd64");
    let build = build.to_str().unwrap();
    assert_eq!(rows(&[&module(), "--kernel", build]), rows(&[&module(), "--kernel", &kernel()]));
    let found = Command::new(env!("CARGO_BIN_EXE_mmaplint"))
        .args(["scan", &module(), "--format", "lines"])
        .env("KDIR", build)
        .output()
        .unwrap();
    assert!(text(&found.stderr).contains(&format!("kernel: {build} (Linux 7.3.0)")), "{}", text(&found.stderr));
}

#[test]
fn a_kernel_that_the_environment_names_and_that_is_none_is_told() {
    let output = mmaplint(&["scan", &module(), "--format", "lines"]);
    let said = text(&output.stderr);
    assert!(
        said.contains("KDIR: ") && said.contains(" has no kernel headers (include/linux/fs.h); not used"),
        "{said}"
    );
}

/// Files of the top folder of a module, which name no VMA.
#[test]
fn helpers_beside_a_module_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("Makefile", "obj-m := lamp.o\nlamp-y := main.o hw.o\n"),
        ("hw.h", "struct lamp { int users; };\nint hw_start(struct lamp *lamp);\n#define USE(lamp) hw_start(lamp)\n"),
        ("hw.c", "#include \"hw.h\"\nint hw_start(struct lamp *lamp)\n{\n\tlamp->users++;\n\treturn 0;\n}\n"),
        (
            "main.c",
            "#include <linux/fs.h>\n#include \"hw.h\"\n\
             static int by_function_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\treturn hw_start(file->private_data);\n}\n\
             static int by_macro_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\treturn USE(file->private_data);\n}\n\
             static const struct file_operations a_fops = { .mmap = by_function_mmap };\n\
             static const struct file_operations b_fops = { .mmap = by_macro_mmap };\n",
        ),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let found = rows(&[folder.path().to_str().unwrap(), "--kernel", &kernel()]);
    assert_eq!(found, [row("by_function_mmap", "mapped", false), row("by_macro_mmap", "mapped", false)]);
    // In the folder of a module, a handler has a name of its own, and an editor its text.
    let fix = |arguments: &[&str]| {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
        tool.args(arguments).args(["--kernel", &kernel()]).current_dir(folder.path()).output().unwrap()
    };
    assert!(text(&fix(&["fix", "by_macro_mmap"]).stderr).contains("has to move to vm_ops->mapped"));
    let output = fix(&["scan", "-", "--stdin-path", "main.c", "--format", "lines"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_hook_is_called_from_any_file_of_a_module() {
    let module = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(module.path().join(name), text).unwrap();
    write("Makefile", "obj-m := lamp.o\nlamp-y := core.o bulb.o\n");
    write("ops.h", "struct lamp_ops {\n\tint (*mmap)(struct lamp *lamp, struct vm_area_struct *vma);\n};\n");
    write(
        "core.c",
        "#include \"ops.h\"\nstatic int lamp_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\
         \treturn ops->mmap(file->private_data, vma);\n}\n\
         static const struct file_operations lamp_fops = { .mmap = lamp_mmap };\n",
    );
    write(
        "bulb.c",
        "#include \"ops.h\"\nstatic int bulb_mmap(struct lamp *lamp, struct vm_area_struct *vma)\n{\n\treturn 0;\n}\n\
         const struct lamp_ops bulb_ops = { .mmap = bulb_mmap };\n",
    );
    let output = mmaplint(&["scan", "--format", "json", module.path().to_str().unwrap(), "--kernel", &kernel()]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let bulb = json["handlers"].as_array().unwrap().iter().find(|one| one["table"] == "bulb_ops").unwrap();
    let notes: Vec<&Value> = bulb["notes"].as_array().unwrap().iter().map(|note| &note["kind"]).collect();
    assert!(!notes.iter().any(|kind| *kind == "never-called"), "{notes:?}");
}

#[test]
fn a_helper_of_the_kernel_whose_body_is_not_there_blocks() {
    let (place, folder) = (headers(), tempfile::tempdir().unwrap());
    let header = place.path().join("common/include/linux/lens.h");
    fs::write(header, "int lens_mmap(struct file *file, struct vm_area_struct *vma);\n").unwrap();
    let source = "#include <linux/lens.h>\nstatic int a_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\treturn CALL(file, vma);\n}\n\
                  static const struct file_operations a_fops = { .mmap = a_mmap };\n";
    for (call, verdict) in [("lens_mmap", "blocked"), ("no_header_has_this", "unknown")] {
        fs::write(folder.path().join("a.c"), source.replace("CALL", call)).unwrap();
        let found = rows(&[folder.path().to_str().unwrap(), "--kernel", place.path().join("amd64").to_str().unwrap()]);
        assert_eq!(found, [row("a_mmap", verdict, false)]);
    }
}

#[test]
fn without_a_kernel_the_newest_hooks_are_assumed_and_told() {
    let output = mmaplint(&["scan", &module(), "--kernel", "none", "--format", "lines"]);
    assert!(text(&output.stderr).contains("no kernel: the hooks of v7.3 are assumed"), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("no-kernel-tree: "), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("main.c:33: mechanical: lantern_mmap"), "{}", text(&output.stdout));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_hooks_of_the_newest_target_are_those_of_the_declarations() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("include/linux")).unwrap();
    let declarations = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/declarations.h");
    fs::copy(declarations, folder.path().join("include/linux/fs.h")).unwrap();
    let output = mmaplint(&["scan", folder.path().to_str().unwrap(), "--format", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["tree"]["target"], "v7.3", "{}", json["tree"]);
}

#[test]
fn trouble_of_the_module_is_told_and_that_of_its_kernel_is_not() {
    let (copied, kernel) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    copy(&testdata("module"), copied.path());
    copy(&testdata("kernel"), kernel.path());
    for folder in [copied.path().to_owned(), kernel.path().join("drivers")] {
        std::os::unix::fs::symlink("nowhere.c", folder.join("broken.c")).unwrap();
    }
    let arguments = ["scan", copied.path().to_str().unwrap(), "--kernel", kernel.path().to_str().unwrap()];
    let output = mmaplint(&[&arguments[..], &["--format", "json"]].concat());
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let files: Vec<&str> =
        json["trouble"].as_array().unwrap().iter().map(|one| one["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["broken.c"]);
}

#[test]
fn a_kernel_without_headers_is_an_error() {
    let empty = tempfile::tempdir().unwrap();
    let output = mmaplint(&["scan", &module(), "--kernel", empty.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("has no kernel headers"), "{}", text(&output.stderr));
}

#[test]
fn a_patch_keeps_what_is_not_compiled() {
    let output = mmaplint(&["fix", &module(), "lantern_mmap", "--kernel", &kernel()]);
    let diff = text(&output.stdout);
    assert!(diff.contains(" #else\n \tvma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP;\n #endif\n"), "{diff}");
    assert!(diff.contains("note: builds from Linux 7.0 and no longer with an older kernel"), "{diff}");
    assert!(diff.starts_with("safe: lantern_mmap becomes lantern_mmap_prepare\n"), "{diff}");
}

/// What `fix` makes of a copy of the module, with arguments: main.c.
fn written(arguments: &[&str]) -> String {
    let copied = tempfile::tempdir().unwrap();
    copy(&testdata("module"), copied.path());
    let kernel = kernel();
    let start = ["fix", copied.path().to_str().unwrap(), "--kernel", &kernel, "--write"];
    let output = mmaplint(&[&start, arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    fs::read_to_string(copied.path().join("main.c")).unwrap()
}

#[test]
fn with_compat_the_old_code_stays_under_a_version() {
    let main = written(&["--compat"]);
    let old = fs::read_to_string(testdata("module/main.c")).unwrap();
    let begin = "#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)\nstatic int lantern_mmap_prepare(struct vm_area_desc *desc)\n";
    assert!(main.contains(begin), "{main}");
    assert!(
        main.contains("\n}\n#else\nstatic int lantern_mmap(struct file *file, struct vm_area_struct *vma)\n"),
        "{main}"
    );
    let entry = "\t.mmap_prepare = lantern_mmap_prepare,\n#else\n\t.mmap\t= lantern_mmap,\n#endif\n";
    assert!(main.contains(entry), "{main}");
    // An older kernel compiles what it compiled before.
    for line in old.lines() {
        assert!(main.contains(line), "{line}");
    }
}

#[test]
fn a_macro_of_the_module_may_be_the_guard() {
    let main = written(&["--compat", "--guard", "HAVE_MMAP_PREPARE"]);
    assert!(main.contains("#ifdef HAVE_MMAP_PREPARE\nstatic int lantern_mmap_prepare("), "{main}");
    let output = mmaplint(&["fix", &module(), "--kernel", &kernel(), "--compat", "--guard", "HAVE_MMAP_PREPARE"]);
    let told = "#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)\n#define HAVE_MMAP_PREPARE 1\n#endif";
    assert!(text(&output.stderr).contains(told), "{}", text(&output.stderr));
}

#[test]
fn what_compat_wrote_is_converted() {
    let copied = tempfile::tempdir().unwrap();
    copy(&testdata("module"), copied.path());
    let (path, kernel) = (copied.path().to_str().unwrap(), kernel());
    mmaplint(&["fix", path, "--kernel", &kernel, "--compat", "--write"]);
    let found = rows(&[path, "--kernel", &kernel]);
    assert!(found.contains(&row("lantern_mmap_prepare", "converted", false)), "{found:?}");
    assert!(found.iter().all(|(name, ..)| name != "lantern_mmap"), "{found:?}");
}

#[test]
fn a_guard_that_a_header_derives_from_the_version_is_known() {
    let copied = tempfile::tempdir().unwrap();
    copy(&testdata("module"), copied.path());
    let (path, kernel) = (copied.path().to_str().unwrap(), kernel());
    mmaplint(&["fix", path, "--kernel", &kernel, "--compat", "--guard", "HAVE_MMAP_PREPARE", "--write"]);
    let both = rows(&[path, "--kernel", &kernel]);
    assert!(both.contains(&row("lantern_mmap", "mechanical", false)), "{both:?}");
    let header = copied.path().join("lantern.h");
    let told = "#include <linux/version.h>\n#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)\n#define HAVE_MMAP_PREPARE 1\n#endif\n";
    fs::write(&header, format!("{told}{}", fs::read_to_string(&header).unwrap())).unwrap();
    let one = rows(&[path, "--kernel", &kernel]);
    assert!(one.contains(&row("lantern_mmap_prepare", "converted", false)), "{one:?}");
    assert!(one.iter().all(|(name, ..)| name != "lantern_mmap"), "{one:?}");
    // -D comes before what a header derives.
    let old = rows(&[path, "--kernel", &kernel, "-D", "HAVE_MMAP_PREPARE=0"]);
    assert!(old.contains(&row("lantern_mmap", "mechanical", false)), "{old:?}");
}

/// Headers of a kernel that has no `.mmap_prepare`.
fn old_headers() -> TempDir {
    let place = headers();
    let hook = "struct file_operations {\n\tint (*mmap)(struct file *file, struct vm_area_struct *vma);\n};\n";
    for (header, declares) in
        [("fs.h", hook), ("mm.h", "struct vm_area_struct;\n"), ("mm_types.h", "struct vm_area_struct;\n")]
    {
        fs::write(place.path().join("common/include/linux").join(header), declares).unwrap();
    }
    place
}

/// What cannot be compared with the handler before it is not called safe.
#[test]
fn a_kernel_without_the_hook_shows_nothing_safe() {
    let place = old_headers();
    let build = place.path().join("amd64");
    let output = mmaplint(&["fix", &module(), "--kernel", build.to_str().unwrap(), "--compat"]);
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(said.contains("--kernel has to name one with that API") && !said.contains("safe: "), "{said}");
}

/// An old kernel compiles the arm of a handler that kernels with the new hook leave out.
#[test]
fn arms_that_an_old_kernel_leaves_out_are_not_converted() {
    let place = old_headers();
    fs::write(place.path().join("common/Makefile"), "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n").unwrap();
    let build = place.path().join("amd64");
    let output = mmaplint(&["fix", &module(), "lantern_mmap", "--kernel", build.to_str().unwrap()]);
    let said = text(&output.stderr);
    assert!(said.contains("may compile other arms of the conditionals"), "{}{said}", text(&output.stdout));
    assert!(!text(&output.stdout).contains("+static int lantern_mmap_prepare"), "{}", text(&output.stdout));
}

/// Without a kernel, the arms are those of the release whose hooks are assumed.
#[test]
fn without_a_kernel_the_arms_are_those_of_the_assumed_release() {
    let output = mmaplint(&["fix", &module(), "lantern_mmap", "--kernel", "none"]);
    let written = text(&output.stdout);
    let flags = "+\tvma_desc_set_flags(desc, VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);\n #else\n \tvma->vm_flags";
    assert!(written.contains(flags), "{written}");
}

/// A folder around kernel trees is taken for no module.
#[test]
fn a_folder_that_contains_kernel_trees_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["linux-7.2", "old/linux-6.1"] {
        copy(&testdata("kernel"), &folder.path().join(name));
    }
    let path = folder.path().to_str().unwrap();
    for command in ["scan", "check", "fix", "worklist", "graph"] {
        let output = mmaplint(&[command, path]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(
            said.contains("is not a kernel tree; it contains ") && said.contains("linux-7.2 and 1 more."),
            "{said}"
        );
    }
    assert_eq!(mmaplint(&["scan", path, "--kernel", &kernel()]).status.code(), Some(0));
}

#[test]
fn compat_is_for_modules() {
    let output = mmaplint(&["fix", &kernel(), "--compat"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--compat is for out-of-tree modules"));
}

#[test]
fn other_commands_speak_of_the_module_alone() {
    for command in ["check", "worklist"] {
        let output = mmaplint(&[command, &module(), "--kernel", &kernel()]);
        let shown = text(&output.stdout);
        assert!(shown.contains("main.c"), "{command}: {shown}");
        assert!(!shown.contains("drivers/"), "{command}: {shown}");
    }
    let output = mmaplint(&["explain", "lantern_mmap", &module(), "--kernel", &kernel()]);
    assert!(text(&output.stdout).contains("main.c"), "{}", text(&output.stderr));
    let output = mmaplint(&["graph", &module(), "--kernel", &kernel(), "--format", "lines"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_module_is_compared_with_a_later_state_of_it() {
    let copied = tempfile::tempdir().unwrap();
    copy(&testdata("module"), copied.path());
    let (path, kernel) = (copied.path().to_str().unwrap(), kernel());
    mmaplint(&["fix", path, "--kernel", &kernel, "--write"]);
    let output = mmaplint(&["compare", &module(), path, "--kernel", &kernel]);
    let shown = text(&output.stdout);
    let expected = "shutter.c:18: converted: shutter_mmap (action) is shutter_mmap_prepare (converted) now\n\nLinux 7.3.0 (v7.3) to \
         Linux 7.3.0 (v7.3): 2 converted, 0 added, 0 vanished, 0 moved, 0 code-changed, 0 api-changed, 2 same\n";
    assert!(shown.contains(expected), "{shown}");
    assert!(!shown.contains("drivers/"), "{shown}");
}

#[test]
fn a_patch_of_a_module_is_checked() {
    let main = fs::read_to_string(testdata("module/main.c")).unwrap();
    let private = "\tvma->vm_private_data = lantern;\n";
    let line = main.lines().take_while(|line| format!("{line}\n") != private).count() + 1;
    let patch = format!("--- a/main.c\n+++ b/main.c\n@@ -{line} +{line},2 @@\n {private}+\tlantern->vma = vma;\n");
    let place = tempfile::tempdir().unwrap();
    let (path, kernel) = (place.path().join("keeps.patch"), kernel());
    fs::write(&path, patch).unwrap();
    let output = mmaplint(&["check", &module(), "--kernel", &kernel, "--patch", path.to_str().unwrap()]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}{}", text(&output.stderr));
    assert!(shown.contains(&format!("main.c:{}:2: warning: ", line + 1)), "{shown}");
    assert!(shown.contains("[vma-pointer-kept]"), "{shown}");
    assert!(!shown.contains("glow_mmap"), "{shown}");
}

#[test]
fn what_a_kernel_has_accepted_is_not_accepted_for_a_module() {
    let kernel = tempfile::tempdir().unwrap();
    copy(&testdata("kernel"), kernel.path());
    fs::write(kernel.path().join(".mmaplint.toml"), "ignore = [\"deprecated-mmap\"]\n").unwrap();
    let output = mmaplint(&["check", &module(), "--kernel", kernel.path().to_str().unwrap()]);
    assert!(text(&output.stdout).contains("[deprecated-mmap]"), "{}", text(&output.stdout));
}

#[test]
fn kbuild_checks_a_module_and_never_fails_a_build() {
    let include = format!("-I{}/include", kernel());
    let main = format!("{}/main.c", module());
    let output = Command::new(env!("CARGO_BIN_EXE_mmaplint"))
        .args(["kbuild", "-D__linux__", "-DNAME=\"text\"", "-DHAVE_GLOW", &include, &main])
        .env("KBUILD_EXTMOD", module())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let told = text(&output.stderr);
    assert!(told.contains("lantern_mmap is a deprecated .mmap") && told.contains("glow_mmap keeps the VMA"), "{told}");
    for file in ["/nowhere/a.c", "a.S"] {
        let output = mmaplint(&["kbuild", "-Wall", file]);
        assert_eq!(output.status.code(), Some(0), "{file}");
    }
    assert!(text(&mmaplint(&["kbuild", "/nowhere/a.c"]).stderr).contains("not checked: /nowhere/a.c"));
}
