//! Changes as mails for `git am`: one patch per change, in the form that the kernel's documents ask for. Only a person can give a
//! Signed-off-by, so there is none (Documentation/process/submitting-patches.rst, generated-content.rst).

use std::collections::BTreeSet;
use std::fmt::Write;

use super::unified;
use crate::behaviour::Consequence;
use crate::fix::change::{Change, Fixes, HandlerFix};
use crate::fix::output::diff::quoted;
use crate::index::Index;
use crate::kernel::{Git, Maintainers, Person};
use crate::source::find_word;
use crate::verdict::{Finding, Verdict};

/// Maximum length of a line in a mail's body.
const BODY_WIDTH: usize = 75;

/// Inputs of a series of mails.
pub struct Series<'a> {
    /// The index that the edits refer to.
    pub index: &'a Index,
    /// The findings of the scan.
    pub findings: &'a [Finding],
    /// The conversions.
    pub fixes: &'a Fixes,
    /// The maintainers, for the recipients.
    pub maintainers: &'a Maintainers,
    /// The history of the tree.
    pub git: &'a Git,
    /// The version of the tree, if it states one.
    pub version: Option<String>,
    /// The name of the target.
    pub target: &'a str,
}

/// A mail: its file name and its text.
#[derive(Debug)]
pub struct Mail {
    /// `0001-subject.patch`
    pub name: String,
    /// Headers, body and diff.
    pub text: Vec<u8>,
}

impl Series<'_> {
    /// The mails, in the order in which to apply them.
    pub fn mails(&self) -> Vec<Mail> {
        let count = self.fixes.changes.len();
        self.fixes.changes.iter().enumerate().map(|(number, change)| self.mail(number + 1, count, change)).collect()
    }

    fn mail(&self, number: usize, count: usize, change: &Change) -> Mail {
        let files: Vec<&str> = change.files.keys().map(|file| self.index.file(*file).path.as_str()).collect();
        let subject = self.subject(change, &files);
        let diffs: Vec<_> = change.files.iter().map(|(file, edits)| unified(self.index.file(*file), edits)).collect();
        let lines = diffs.iter().flat_map(|diff| diff.text.split_inclusive(|byte| *byte == b'\n'));
        let changed: Vec<u8> = lines.filter(|line| matches!(line[0], b'+' | b'-')).flatten().copied().collect();
        let recipients = self.maintainers.recipients(&files, &changed);
        let width = count.to_string().len();
        let mut text = String::new();
        let _ = writeln!(text, "From {} Mon Sep 17 00:00:00 2001", "0".repeat(40));
        let (name, address) = self.git.author();
        let author = Person { name: inert(&name), address: inert(&address).replace(['<', '>', ' '], "") };
        let _ = writeln!(text, "From: {}", author.mailbox());
        let _ = writeln!(text, "Subject: [PATCH {number:0width$}/{count}] {subject}");
        for (header, people) in [("To", &recipients.to), ("Cc", &recipients.cc)] {
            let people: Vec<String> = people.iter().map(|person| inert(person)).collect();
            if !people.is_empty() {
                let _ = writeln!(text, "{header}: {}", people.join(",\n    "));
            }
        }
        text.push_str(
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n",
        );
        text.push_str(&self.body(change));
        text.push_str("---\n");
        text.push_str(&self.carried(change));
        text.push_str(&diffstat(&files, &diffs));
        let mut text = text.into_bytes();
        for diff in &diffs {
            text.extend_from_slice(&diff.text);
        }
        text.extend_from_slice(b"-- \n");
        text.extend_from_slice(concat!("mmaplint ", env!("CARGO_PKG_VERSION"), "\n").as_bytes());
        if let Some(base) = self.git.head().filter(|_| number == 1) {
            text.extend_from_slice(format!("\nbase-commit: {base}\n").as_bytes());
        }
        Mail { name: format!("{number:04}-{}.patch", slug(&subject)), text }
    }

    /// A warning about kernels without MMU, if a file of the change has code for them: actions fail there (mmap_action_complete() in mm/util.c).
    fn without_mmu(&self, change: &Change, fixes: &[&HandlerFix]) -> Option<String> {
        let is_replaced = |one: &Consequence| matches!(one, Consequence::Replaced { .. });
        fixes.iter().find(|fix| fix.consequences.iter().any(is_replaced))?;
        let words = [b"CONFIG_MMU".as_slice(), b"mmap_capabilities", b"NOMMU_MAP_DIRECT"];
        let files = change.files.keys().map(|file| self.index.file(*file));
        let named: Vec<&str> = files
            .filter(|file| words.iter().any(|word| find_word(&file.text, word, 0).is_some()))
            .map(|file| file.path.as_str())
            .collect();
        (!named.is_empty()).then(|| {
            format!(
                "Note: on a kernel without MMU the action fails, where the replaced call worked; {} has code for such kernels.",
                named.join(", ")
            )
        })
    }

    /// What the patch leaves as it is and a reviewer should know; not part of the log.
    fn carried(&self, change: &Change) -> String {
        let of_change = change.handlers.iter().flat_map(|handler| &self.fixes.handlers[*handler].carried);
        let carried: BTreeSet<&String> = of_change.collect();
        if carried.is_empty() {
            return String::new();
        }
        let intro = "The old code has these hazards too; this patch leaves them (lines of the new file):".to_owned();
        let paragraphs: Vec<String> =
            std::iter::once(intro).chain(carried.into_iter().map(|hazard| format!("* {hazard}"))).collect();
        format!("{}\n", paragraphs.iter().map(|paragraph| wrap(paragraph)).collect::<String>())
    }

    fn subject(&self, change: &Change, files: &[&str]) -> String {
        let hook = change.handlers.iter().find_map(|handler| self.fixes.handlers[*handler].retyped.as_ref());
        let declaring = hook.and_then(|hook| self.index.records(&hook.record).into_iter().next());
        let declaring = declaring.map(|record| self.index.file(record.file).path.as_str());
        let of_files = || match declaring {
            Some(header) => prefix_of_header(header),
            None => prefix_of(files.last().copied().unwrap_or_default()),
        };
        let prefix = plain(&self.git.prefix(files).unwrap_or_else(of_files));
        let names: Vec<&str> =
            change.handlers.iter().map(|handler| self.fixes.handlers[*handler].name.as_str()).collect();
        if let Some(hook) = hook {
            let keeps_old = change.handlers.iter().any(|handler| self.fixes.handlers[*handler].keeps_old_hook);
            return match keeps_old {
                true => format!("{prefix}: add mmap_prepare hook to {}", hook.record),
                false => format!("{prefix}: replace mmap hook of {} with mmap_prepare", hook.record),
            };
        }
        match names.as_slice() {
            [name] if prefix.len() + name.len() < 45 => format!("{prefix}: convert {name}() to .mmap_prepare"),
            _ => format!("{prefix}: convert mmap to mmap_prepare"),
        }
    }

    /// Body of the mail: what changes and why, which tool wrote it, from which tree.
    fn body(&self, change: &Change) -> String {
        let fixes: Vec<_> = change.handlers.iter().map(|handler| &self.fixes.handlers[*handler]).collect();
        let names = listed(&fixes.iter().map(|fix| format!("{}()", fix.name)).collect::<Vec<_>>());
        let is_mechanical = fixes.iter().all(|fix| self.findings[fix.finding].verdict == Verdict::Mechanical);
        let mut paragraphs = vec![
            "Since commit c84bf6dd2b83 (\"mm: introduce new .mmap_prepare() file callback\") the .mmap() file callback is \
             deprecated: it passes drivers a partially initialised VMA. .mmap_prepare() passes them a descriptor of the \
             mapping instead, before anything is mapped."
                .to_owned(),
        ];
        let mut what = format!("Convert {names}.");
        let hooks = |keeps_old: bool| {
            let of_kind = fixes.iter().filter(|fix| fix.keeps_old_hook == keeps_old);
            let names: BTreeSet<String> = of_kind.filter_map(|fix| Some(fix.retyped.as_ref()?.name())).collect();
            listed(&names.into_iter().collect::<Vec<_>>())
        };
        let (retyped, doubled) = (hooks(false), hooks(true));
        if !retyped.is_empty() {
            let _ = write!(
                what,
                " This retypes the hook {retyped} and all its implementers; callers that still have a VMA build a descriptor and \
                 apply the result to it."
            );
        }
        if !doubled.is_empty() {
            let _ = write!(
                what,
                " This gives {doubled} a twin that takes a descriptor. Callers call the twin if a table has no old hook: they build a \
                 descriptor from their VMA and apply the result to it. Implementers that need the VMA keep the old hook."
            );
        }
        if is_mechanical {
            what.push_str(match fixes.len() {
                1 => " The hook uses only fields and flags that vm_area_desc also has.",
                _ => " The hooks use only fields and flags that vm_area_desc also has.",
            });
        }
        paragraphs.push(what);
        paragraphs.extend(fixes.iter().filter_map(|fix| particulars(fix, fixes.len() > 1)));
        paragraphs.extend(self.without_mmu(change, &fixes));
        let remarks: BTreeSet<&String> = fixes.iter().flat_map(|fix| &fix.remarks).collect();
        paragraphs.extend(remarks.into_iter().map(|remark| format!("Note: {remark}.")));
        for (file, point) in fixes.iter().flat_map(|fix| &fix.open_points) {
            paragraphs.push(format!("OPEN: {}: {}.", self.index.file(*file).at(point.offset), point.text));
        }
        let tree = self.version.as_ref().map_or(String::new(), |version| format!(" of Linux {}", plain(version)));
        paragraphs.push(format!(
            "Written by mmaplint {} from a scan{tree} (target {}), and not yet run.",
            env!("CARGO_PKG_VERSION"),
            self.target
        ));
        paragraphs.iter().map(|paragraph| wrap(paragraph)).collect::<Vec<_>>().join("\n")
    }
}

/// What is particular to one handler. Several of a mail are named.
fn particulars(fix: &HandlerFix, is_named: bool) -> Option<String> {
    // The hook of another struct is still called for the standing VMA.
    let is_true = |one: &&Consequence| **one != Consequence::AskedBeforeMerge || fix.retyped.is_none();
    let sentences: Vec<String> = fix.consequences.iter().filter(is_true).map(|one| sentence(one, fix)).collect();
    let name = if is_named { format!("{}(): ", fix.name) } else { String::new() };
    (!sentences.is_empty()).then(|| format!("{name}{}", sentences.join(" ")))
}

fn sentence(consequence: &Consequence, fix: &HandlerFix) -> String {
    match consequence {
        Consequence::Replaced { call, action } => {
            format!("{action}() replaces {call}(); mm performs the action once the VMA is complete.")
        }
        Consequence::ErrorKept { error, call } if fix.retyped.is_some() => {
            format!(
                "The hook returned {error} for every error of {call}(); a caller that still has a VMA now gets the error of the action itself."
            )
        }
        Consequence::ErrorKept { error, call } => {
            format!(
                "The hook returned {error} for every error of {call}(); the error_override of the action keeps that."
            )
        }
        Consequence::ProtectionOfMapping { call } => {
            format!(
                "Only {call}() was given the page protection; the action takes it from the VMA, whose vm_page_prot has it now."
            )
        }
        Consequence::AskedBeforeMerge => {
            format!(
                "The core calls .mmap_prepare() before it tries to merge a mapping with its neighbour, so the checks of {}() now \
                 also run for mappings that used to be merged without a call.",
                fix.new_name
            )
        }
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.join(", "),
    }
}

/// Text from a tree or a repository, made safe for a mail: on one line, without control characters.
fn inert(text: &str) -> String {
    let shown = |letter: char| if letter.is_control() || letter.is_whitespace() { ' ' } else { letter };
    text.chars().map(shown).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Like `inert`, for subjects: characters outside a safe ASCII set become `?`.
fn plain(text: &str) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || " _./,:()+&-".contains(*letter);
    inert(text).chars().map(|letter| if is_plain(&letter) { letter } else { '?' }).collect()
}

/// Line starts that a body must not have: `git am` and other mail readers take them for the patch or for the next mail.
const MEANT: &[&str] = &["---", "+++", "@@", "diff", "From", "Index:", ">From"];

/// Wraps a paragraph, ends it with a newline, and indents lines that begin like one of `MEANT`.
fn wrap(paragraph: &str) -> String {
    let wrapped = wrapped(paragraph);
    let guarded = wrapped.split_inclusive('\n').map(|line| {
        let is_meant = MEANT.iter().any(|meant| line.starts_with(meant));
        if is_meant { format!(" {line}") } else { line.to_owned() }
    });
    guarded.collect()
}

fn wrapped(paragraph: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    let paragraph: String = paragraph.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    for word in paragraph.split_whitespace() {
        if column > 0 && column + 1 + word.len() > BODY_WIDTH {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out.push('\n');
    out
}

/// Changed lines per file, as `git diff --stat` shows them.
fn diffstat(files: &[&str], diffs: &[super::FileDiff]) -> String {
    let longest = files.iter().map(|file| quoted(file).len()).max().unwrap_or(0);
    let mut out = String::new();
    let (mut added, mut removed) = (0, 0);
    for (file, diff) in files.iter().zip(diffs) {
        let total = diff.added + diff.removed;
        let scale = |lines: usize| if total <= 40 { lines } else { (lines * 40).div_ceil(total) };
        let file = quoted(file);
        let _ = writeln!(
            out,
            " {file:longest$} | {total:3} {}{}",
            "+".repeat(scale(diff.added)),
            "-".repeat(scale(diff.removed))
        );
        added += diff.added;
        removed += diff.removed;
    }
    let _ = writeln!(
        out,
        " {} changed, {}(+), {}(-)\n",
        counted(files.len(), "file"),
        counted(added, "insertion"),
        counted(removed, "deletion")
    );
    out
}

/// A count with its noun: `1 file`, `2 files`, `2 patches`.
pub fn counted(count: usize, word: &str) -> String {
    let ending = match count {
        1 => "",
        _ if word.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{count} {word}{ending}")
}

/// Subject prefix from the path alone, if there is no history: `drivers/char/uv_mmtimer.c` gives `char: uv_mmtimer`.
fn prefix_of(file: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    let stem = parts.pop().and_then(|name| name.split('.').next()).unwrap_or_default();
    if parts.len() > 1 {
        parts.remove(0);
    }
    let folder = parts.last().copied().unwrap_or_default();
    let says_nothing =
        matches!(stem, "file" | "main" | "core" | "driver" | "inode" | "mmap") || stem.starts_with(folder);
    if says_nothing || folder.is_empty() { folder.to_owned() } else { format!("{folder}: {stem}") }
}

/// Subject prefix of a change to a struct, from the header that declares it: `include/linux/sysfs.h` gives `sysfs`, `include/drm/drm_gem.h` `drm`.
fn prefix_of_header(header: &str) -> String {
    let Some(shared) = header.strip_prefix("include/") else { return prefix_of(header) };
    let shared = shared.strip_prefix("linux/").unwrap_or(shared);
    let first = shared.split('/').next().unwrap_or_default();
    first.strip_suffix(".h").unwrap_or(first).to_owned()
}

fn slug(subject: &str) -> String {
    let mut out = String::new();
    for byte in subject.bytes() {
        let kept = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        if kept {
            out.push(char::from(byte));
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(52);
    out.trim_matches(['-', '.']).to_owned()
}
