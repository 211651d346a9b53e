//! Damaged input at every door, by a driver that draws the same damage each time: nothing panics or hangs, and what each room promises
//! holds for whatever comes in. MMAPLINT_MUTATIONS is how many inputs are drawn for each door, 300 unless it is set, and
//! MMAPLINT_MUTATION_SECONDS, if set, after how long a door closes whatever is left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mmaplint::behaviour::Functions;
use mmaplint::check::accepted::Config;
use mmaplint::fix::{self, Fixes, applied, plan, unified};
use mmaplint::fix_plan::FixPlan;
use mmaplint::handler_report::handler_reports;
use mmaplint::index::{Index, Types};
use mmaplint::kernel::{Maintainers, Overlay, Tree, apply, parse_patch};
use mmaplint::lint::{self, Facts};
use mmaplint::report::html::{Page, html};
use mmaplint::report::{Report, json};
use mmaplint::rules::Rules;
use mmaplint::source::{Span, blank_non_code, parse, slice, variants};
use mmaplint::verdict::{Extent, Finding, ResolvedTarget, Session, Verdict, Workspace, choose};
use mmaplint::vma::lower::Context;
use mmaplint::worklist::{Sources, Statistics};

/// What no input of this size may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What no scan of a whole kernel may take, in a build for debugging too.
const WHOLE_KERNEL: Duration = Duration::from_secs(60);

/// What is put into inputs: what readers of C, of patches and of TOML look for.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    ";",
    "\"",
    "'",
    "/*",
    "*/",
    "//",
    "\\\n",
    "#if X\n",
    "#else\n",
    "#endif\n",
    "#define f(x) \\\n",
    "\0",
    "\r\n",
    "\u{feff}",
    "static ",
    "struct file_operations x = {",
    ".mmap = ",
    "vma->vm_flags",
    "vma",
    "((((((((",
    "{{{{{{{{",
    "]",
    "[0]",
    "?:",
    "return ",
    "goto out;",
    "\n@@ -1,3 +1,3 @@\n",
    "\n--- a/../../etc/passwd\n",
    "\n+++ /dev/null\n",
    "diff --git a/x b/x\n",
    "= [",
    "F:\t*/\n",
    "K:\t((((\n",
    "\u{202e}",
    "<script>",
    "0x",
    "\t",
    "case 1:",
    "do ",
    "while (1)",
    "__free(kfree)",
    "sizeof",
    "&",
    "*",
    ",",
    "...",
];

/// A generator of numbers (xorshift64*): the same ones in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below.max(1)
    }

    /// A part of a text.
    fn part(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.next(length + 1);
        let most = [1, 8, 64, 4096][self.next(4)];
        start..(start + self.next(most + 1)).min(length)
    }

    /// Some damage.
    fn damaged(&mut self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        for _ in 0..=self.next(4) {
            let part = self.part(text.len());
            match self.next(7) {
                0 => text.truncate(part.start),
                1 => drop(text.drain(part)),
                2 => {
                    let copy = text[part.clone()].to_vec();
                    let at = self.next(text.len() + 1);
                    text.splice(at..at, copy);
                }
                3 => text[part].iter_mut().for_each(|byte| *byte = byte.wrapping_add(128)),
                4 => text[part].reverse(),
                _ => {
                    let token = TOKENS[self.next(TOKENS.len())].repeat(1 + self.next(3));
                    text.splice(part.start..part.start, token.into_bytes());
                }
            }
        }
        text
    }
}

/// A number that the environment may set.
fn set(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().expect("a number"))
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

/// All files below a folder with one of these endings.
fn seeds(folder: &Path, endings: &[&str]) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> =
        walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().into_path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)));
    paths.sort();
    assert!(!paths.is_empty(), "no seeds in {}", folder.display());
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Draws damaged copies of the seeds and tries each, with the number of its seed; an input that fails is kept, and named with what draws it
/// again.
fn each(door: &str, seeds: &[Vec<u8>], try_one: impl FnMut(usize, &[u8])) {
    each_within(PATIENCE, door, seeds, try_one);
}

/// The same with a time that no input may take; returns how many were tried.
fn each_within(patience: Duration, door: &str, seeds: &[Vec<u8>], mut try_one: impl FnMut(usize, &[u8])) -> u64 {
    let opened = Instant::now();
    let open_for = set("MMAPLINT_MUTATION_SECONDS").map_or(Duration::MAX, Duration::from_secs);
    let mut tried = 0;
    for number in 0..set("MMAPLINT_MUTATIONS").unwrap_or(300) {
        if opened.elapsed() > open_for {
            break;
        }
        tried += 1;
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ (number + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9));
        let seed = numbers.next(seeds.len());
        let input = numbers.damaged(&seeds[seed]);
        let begin = Instant::now();
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| try_one(seed, &input)));
        if result.is_err() || begin.elapsed() > patience {
            let path = std::env::temp_dir().join(format!("mmaplint-{door}-{number}"));
            fs::write(&path, &input).unwrap();
            panic!("{door}: input {number}, kept as {}, after {:?}", path.display(), begin.elapsed());
        }
    }
    println!("{door}: {tried} inputs in {:?}", opened.elapsed());
    tried
}

#[test]
fn slices_tile_and_masks_keep_length_and_lines() {
    each("source", &seeds(&testdata(""), &["c", "h"]), |_, text| {
        // A `#define` may lie inside a function, and heads that a conditional chooses between begin together; otherwise slices stand
        // behind one another.
        let (mut last, mut around) = (0, Vec::new());
        for item in &slice(text).items {
            assert!(item.span.start <= item.span.end && item.span.end as usize <= text.len());
            assert!(item.span.start >= last, "slices are out of order");
            last = item.span.start;
            around.retain(|other: &Span| other.end > item.span.start);
            let fits = |other: &Span| item.span.end <= other.end || item.span.start == other.start;
            assert!(around.iter().all(fits), "slices overlap");
            around.push(item.span);
            let part = item.span.of(text);
            for masked in variants(part) {
                assert_eq!(masked.text.len(), part.len());
                let lines = |text: &[u8]| {
                    text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect::<Vec<_>>()
                };
                assert_eq!(lines(&masked.text), lines(part));
                parse::functions(part, &masked, item.span.start);
            }
            parse::members(part, item.span.start);
            parse::variables(part, item.span.start);
        }
        assert_eq!(blank_non_code(text).len(), text.len());
    });
}

/// A whole run over the made-up kernel with one file damaged: verdicts, lints, conversions, reports; the same twice, and the other
/// handlers as they were.
#[test]
fn a_damaged_file_costs_no_other_and_edits_give_what_they_promise() {
    let rules = Rules::built_in().unwrap();
    let root = testdata("kernel");
    let tree = Tree::open(&root).unwrap();
    let victim = "drivers/char/lamp/lamp.c";
    let elsewhere = |text: &str| -> Vec<String> {
        let handlers =
            serde_json::from_str::<serde_json::Value>(text).expect("JSON")["handlers"].as_array().unwrap().clone();
        handlers.iter().filter(|handler| handler["file"] != victim).map(ToString::to_string).collect()
    };
    let sound = whole_run(&tree, &rules);
    let mut all = seeds(&testdata("cases"), &["c"]);
    all.extend(seeds(&testdata("fix"), &["c"]));
    all.extend(seeds(&testdata("lints"), &["c"]));
    each("run", &all, |_, text| {
        let mut overlay = Overlay::default();
        overlay.set(victim, Some(text.to_vec()));
        let damaged = tree.with(overlay);
        let first = whole_run(&damaged, &rules);
        assert_eq!(first, whole_run(&damaged, &rules), "the same twice");
        // A name that the damaged file defines may be what another file's means, but none of theirs is lost.
        assert!(elsewhere(&first.0).len() >= elsewhere(&sound.0).len(), "handlers of other files are lost");
    });
}

/// The JSON of a scan with the number of hazards, after everything else was made of it too.
fn whole_run(tree: &Tree, rules: &Rules) -> (String, usize) {
    let chosen = choose(rules, tree, "v7.3").unwrap();
    let workspace = Workspace::open(tree.clone(), rules);
    let mut session = Session::new(&workspace, &chosen, Extent::Handlers);
    let how = fix::Options { own: &chosen.target, sketches: true, twins: true, scaffold: false };
    let fixes = plan(&session, &|_| true, how).unwrap();
    let lints = lint::ALL.iter().collect::<Vec<_>>();
    let hazards = lint::run(&Facts::new(&session, None), &lints).unwrap().len();
    session.add(session.find_blockers());
    let scan = &session.scan;
    edits_apply(scan.index, &fixes);
    let maintainers = Maintainers::read(tree);
    let tasks = Sources { scan, rules, fixes: &fixes, maintainers: &maintainers }.of_each_finding();
    let page = Page {
        scan,
        chosen: &chosen,
        title: tree.title(),
        tasks: &tasks,
        handler_reports: &handler_reports(scan.index, &scan.findings, &fixes),
        statistics: &Statistics::of(scan, rules, |_| true),
        functions: &Functions::new(session.context),
        plan: &FixPlan::of(scan.index, &scan.findings, &fixes),
        progress: None,
    };
    let mut written = Vec::new();
    html(&page, &mut written).unwrap();
    let written = String::from_utf8(written).expect("UTF-8");
    assert_eq!(written.matches("<script").count(), 1, "only the page's own script");
    let mut out = Vec::new();
    json(&Report::of(scan, &chosen, tree), &mut out).unwrap();
    (String::from_utf8(out).expect("UTF-8"), hazards)
}

/// Edits stand one behind the other, and change what they say and nothing else.
fn edits_apply(index: &Index, fixes: &Fixes) {
    for (file, edits) in fixes.changes.iter().flat_map(|change| &change.files) {
        let source = index.file(*file);
        assert!(edits.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start), "edits clash");
        let new = applied(&source.text, Span::new(0, source.text.len()), edits);
        let gone: usize = edits.iter().map(|edit| edit.span.end as usize - edit.span.start as usize).sum();
        let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
        assert_eq!(new.len(), source.text.len() - gone + added);
    }
    for (file, step) in fixes.in_order().into_iter().flatten() {
        let source = index.file(file);
        assert!(unified(source, &step).text.starts_with(b"diff --git "));
        let (before, after) = step.texts(source);
        assert_ne!(before, after, "a change changes nothing in {}", source.path);
    }
    for (number, change) in fixes.changes.iter().enumerate() {
        assert!(change.needs.iter().all(|need| *need < number), "a patch stands before one that it needs");
    }
}

/// A kernel of one file: what finds tables, follows effects and writes conversions, without what a whole tree costs.
#[test]
fn a_file_alone_is_read_and_its_edits_apply() {
    let rules = Rules::built_in().unwrap();
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("only.c"), "").unwrap();
    let tree = Tree::open(place.path()).unwrap();
    let chosen = choose(&rules, &tree, "v7.3").unwrap();
    let mut all = seeds(&testdata("cases"), &["c"]);
    all.extend(seeds(&testdata("fix"), &["c"]));
    all.extend(seeds(&testdata("lints"), &["c"]));
    let targets = rules.targets();
    each("alone", &all, |seed, text| {
        let mut overlay = Overlay::default();
        overlay.set("only.c", Some(text.to_vec()));
        let own = &targets[seed % targets.len()];
        let how = fix::Options { own, sketches: true, twins: true, scaffold: false };
        let tree = tree.with(overlay);
        let workspace = Workspace::open(tree, &rules);
        let session = Session::new(&workspace, &chosen, Extent::Handlers);
        edits_apply(workspace.index(), &plan(&session, &|_| true, how).unwrap());
    });
}

/// A real kernel, in MMAPLINT_TREE: what its index holds is copied, and its handlers' files are damaged.
struct RealKernel {
    rules: Rules,
    chosen: ResolvedTarget,
    tree: Tree,
    /// Files that register handlers in tables.
    files: Vec<String>,
    sound: Survey,
    _place: tempfile::TempDir,
}

/// What a scan says: of each table's handler the file, the line and the verdict, and the files that it names as trouble.
struct Survey {
    handlers: Vec<(String, u32, Verdict)>,
    trouble: Vec<String>,
}

impl RealKernel {
    fn copied() -> Option<RealKernel> {
        let Some(root) = std::env::var_os("MMAPLINT_TREE").map(PathBuf::from) else {
            eprintln!("SKIPPED: MMAPLINT_TREE names no tree");
            return None;
        };
        let rules = Rules::built_in().unwrap();
        let place = tempfile::tempdir().unwrap();
        let all = Tree::open(&root).unwrap();
        let chosen = choose(&rules, &all, "auto").unwrap();
        for file in Workspace::open(all, &rules).index().files() {
            let path = place.path().join(&file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &file.text).unwrap();
        }
        let tree = Tree::open(place.path()).unwrap();
        let sound = Survey { handlers: Vec::new(), trouble: Vec::new() };
        let mut kernel = RealKernel { rules, chosen, tree, files: Vec::new(), sound, _place: place };
        kernel.sound = kernel.survey(Overlay::default());
        kernel.files = kernel.sound.handlers.iter().map(|(file, ..)| file.clone()).collect();
        kernel.files.retain(|file| file.ends_with(".c"));
        kernel.files.dedup();
        Some(kernel)
    }

    fn survey(&self, damage: Overlay) -> Survey {
        let tree = self.tree.with(damage);
        let workspace = Workspace::open(tree, &self.rules);
        let session = Session::new(&workspace, &self.chosen, Extent::Handlers);
        let scan = &session.scan;
        // What a function of the damaged file stores in a hook is registered by that function, and goes with it.
        let tables = scan.findings.iter().filter(|finding| finding.registration.table.is_some());
        let place = |finding: &Finding| {
            let file = scan.index.file(finding.registration.file);
            (file.path.clone(), file.position(finding.registration.span.start).line, finding.verdict)
        };
        let trouble = scan.trouble.iter().map(|trouble| trouble.file.clone());
        Survey { handlers: tables.map(place).collect(), trouble: trouble.collect() }
    }
}

#[test]
fn a_damaged_file_of_a_real_kernel_costs_no_other() {
    let Some(kernel) = RealKernel::copied() else { return };
    let texts: Vec<Vec<u8>> = kernel.files.iter().map(|file| kernel.tree.read(file).unwrap()).collect();
    let mut changed = 0;
    let tried = each_within(WHOLE_KERNEL, "kernel", &texts, |seed, text| {
        let victim = &kernel.files[seed];
        let mut overlay = Overlay::default();
        overlay.set(victim, Some(text.to_vec()));
        let damaged = kernel.survey(overlay);
        let of_others = |survey: &'_ Survey| -> Vec<(String, u32, Verdict)> {
            survey.handlers.iter().filter(|(file, ..)| file != victim).cloned().collect()
        };
        let (before, now) = (of_others(&kernel.sound), of_others(&damaged));
        assert_eq!(now.len(), before.len(), "handlers of other files than {victim} are lost");
        changed += now.iter().zip(&before).filter(|(now, before)| now != before).count();
    });
    println!("{tried} damaged files: no handler of another is lost, {changed} have another verdict");
}

/// What no editor would write, each in the middle of another file: the run ends, files that were not hit lose nothing, and one that was
/// is named where it lost a handler or the understanding of one.
#[test]
fn heavy_damage_to_a_real_kernel_is_named() {
    let Some(kernel) = RealKernel::copied() else { return };
    let damages: Vec<(&str, Vec<u8>)> = vec![
        ("a line of 10 MB", vec![b'x'; 10 << 20]),
        ("an identifier of a megabyte", [b"int ", vec![b'y'; 1 << 20].as_slice(), b";\n"].concat()),
        ("100,000 braces", vec![b'{'; 100_000]),
        ("100,000 parentheses", vec![b'('; 100_000]),
        ("a million #if", b"#if X\n".repeat(1_000_000)),
        ("zeros", vec![0; 4096]),
        ("Latin-1", b"/* Stra\xdfe */\n".to_vec()),
        ("a comment that does not end", b"/* ".to_vec()),
        ("a string that does not end", b"\"".to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf".to_vec()),
    ];
    let victim = |number: usize| &kernel.files[number * kernel.files.len() / damages.len()];
    let mut overlay = Overlay::default();
    for (number, (_, damage)) in damages.iter().enumerate() {
        let text = kernel.tree.read(victim(number)).unwrap();
        let middle = text[..text.len() / 2].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        overlay.set(victim(number), Some([&text[..middle], damage, &text[middle..]].concat()));
    }
    let begin = Instant::now();
    let damaged = kernel.survey(overlay);
    assert!(begin.elapsed() < WHOLE_KERNEL, "takes {:?}", begin.elapsed());
    let is_hit = |file: &str| (0..damages.len()).any(|number| victim(number) == file);
    let not_hit = |survey: &Survey| survey.handlers.iter().filter(|(file, ..)| !is_hit(file)).count();
    assert_eq!(not_hit(&damaged), not_hit(&kernel.sound), "handlers of files that were not hit are lost");
    for (number, (name, _)) in damages.iter().enumerate() {
        let victim = victim(number);
        let understood = |survey: &Survey| {
            let handlers = survey.handlers.iter();
            handlers.filter(|(file, _, verdict)| file == victim && *verdict != Verdict::Unknown).count()
        };
        let (before, now) = (understood(&kernel.sound), understood(&damaged));
        let is_named = damaged.trouble.contains(victim);
        assert!(now >= before || is_named, "{name} in {victim}: {now} of {before} handlers, and nothing is said");
    }
}

#[test]
fn a_patch_is_applied_in_memory_or_refused() {
    let tree = Tree::open(&testdata("kernel")).unwrap();
    each("patch", &seeds(&testdata("patches"), &["mbox", "patch", "diff"]), |_, text| {
        let Ok(patches) = parse_patch(text) else { return };
        if let Ok(overlay) = apply(&tree, &patches) {
            for (path, _) in overlay.files() {
                assert!(
                    !path.starts_with('/') && !path.split('/').any(|part| part == ".."),
                    "{path} leads out of the tree"
                );
            }
        }
    });
}

#[test]
fn maintainers_config_and_rules_are_read_or_refused() {
    let place = tempfile::tempdir().unwrap();
    let maintainers = vec![fs::read(testdata("kernel/MAINTAINERS")).unwrap()];
    fs::create_dir_all(place.path().join("tree")).unwrap();
    each("maintainers", &maintainers, |_, text| {
        fs::write(place.path().join("tree/MAINTAINERS"), text).unwrap();
        let read = Maintainers::read(&Tree::open(&place.path().join("tree")).unwrap());
        read.recipients(&["drivers/char/lamp/lamp.c", "Documentation/x.yaml"], b"+ lamp");
    });
    let config =
        b"target = \"v7.3\"\nselect = [\"raw-vm-flags\"]\nignore = []\nfail-on = \"error\"\nbaseline = \"b.json\"\n\
        [[suppress]]\nrule = \"raw-vm-flags\"\npath = \"drivers/x.c\"\nfunction = \"f\"\nreason = \"r\"\n";
    each("config", &[config.to_vec()], |_, text| {
        fs::write(place.path().join("tree/.mmaplint.toml"), text).unwrap();
        if let Err(error) = Config::read(&Tree::open(&place.path().join("tree")).unwrap()) {
            assert!(error.contains(".mmaplint.toml: "), "{error}");
        }
    });
    let rules = seeds(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), &["toml"]);
    fs::create_dir_all(place.path().join("rules")).unwrap();
    each("rules", &rules, |_, text| {
        fs::write(place.path().join("rules/mine.toml"), text).unwrap();
        let mut rules = Rules::built_in().unwrap();
        if let Err(error) = rules.add_directory(&place.path().join("rules")) {
            assert!(error.to_string().contains("mine.toml"), "{error}");
        }
    });
}

#[test]
fn an_index_of_a_damaged_header_answers() {
    let rules = Rules::built_in().unwrap();
    let root = testdata("kernel");
    let tree = Tree::open(&root).unwrap();
    let headers =
        vec![fs::read(root.join("include/linux/mm.h")).unwrap(), fs::read(root.join("include/linux/fs.h")).unwrap()];
    each("header", &headers, |_, text| {
        let mut overlay = Overlay::default();
        overlay.set("include/linux/mm.h", Some(text.to_vec()));
        let damaged = tree.with(overlay);
        let built = mmaplint::index::build(&damaged, &rules);
        let types = Types::new(&built.index, &damaged, &built.types, &rules);
        let context = Context { index: &built.index, types, rules: &rules, follows_modules: false };
        mmaplint::vma::analysis::every_key(context);
    });
}

/// A driver of a thousand helpers, each of which refuses, sets a flag and calls another, and 200 handlers beside it.
fn large_driver() -> String {
    let mut text = "#include <linux/mm.h>\n".to_owned();
    for number in 0..1000 {
        let next = if number % 10 == 0 { "0".to_owned() } else { format!("h{}(t, vma)", number - 1) };
        text.push_str(&format!(
            "static int h{number}(struct thing *t, struct vm_area_struct *vma)\n{{\n\tif (vma->vm_flags & VM_WRITE)\n\t\treturn -EPERM;\n\
             \tvm_flags_set(vma, VM_PFNMAP);\n\treturn {next};\n}}\n"
        ));
    }
    text.push_str("static int large_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\tint ret;\n");
    for number in 0..1000 {
        text.push_str(&format!("\tret = h{number}(file->private_data, vma);\n\tif (ret)\n\t\treturn ret;\n"));
    }
    text.push_str("\treturn 0;\n}\nstatic const struct file_operations large_fops = { .mmap = large_mmap };\n");
    for number in 0..200 {
        text.push_str(&format!(
            "static int small{number}_mmap(struct file *file, struct vm_area_struct *vma)\n{{\n\
             \tif (vma->vm_end - vma->vm_start > SIZE || vma->vm_flags & VM_WRITE)\n\t\treturn -EINVAL;\n\
             \treturn h{number}(file->private_data, vma);\n}}\n\
             static const struct file_operations small{number}_fops = {{ .mmap = small{number}_mmap }};\n"
        ));
    }
    text
}

/// All lints together take no longer than the scan that they look at, however many helpers a handler has.
#[test]
fn lints_keep_pace_with_a_large_driver() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["include/linux", "drivers"] {
        fs::create_dir_all(folder.path().join(path)).unwrap();
    }
    for header in ["fs.h", "mm.h", "mm_types.h"] {
        let path = Path::new("include/linux").join(header);
        fs::copy(testdata("kernel").join(&path), folder.path().join(&path)).unwrap();
    }
    fs::write(folder.path().join("drivers/large.c"), large_driver()).unwrap();
    let tree = Tree::open(folder.path()).unwrap();
    let rules = Rules::built_in().unwrap();
    let chosen = choose(&rules, &tree, "v7.3").unwrap();
    let lints = lint::ALL.iter().collect::<Vec<_>>();
    let timed = |checks: bool| {
        let start = Instant::now();
        let workspace = Workspace::open(tree.clone(), &rules);
        let session = Session::new(&workspace, &chosen, Extent::Handlers);
        let hazards = checks.then(|| lint::run(&Facts::new(&session, None), &lints).unwrap().len());
        assert_eq!((session.findings().len(), hazards.is_none_or(|hazards| hazards > 200)), (201, true));
        start.elapsed()
    };
    // Machines are shared: of several runs the shortest tells.
    let shortest = |checks: bool| (0..2).map(|_| timed(checks)).min().unwrap();
    let (scan, check) = (shortest(false), shortest(true));
    assert!(check < 2 * scan, "a check takes {check:?}, and a scan {scan:?}");
}
