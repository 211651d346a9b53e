//! Changes as mails for `git am`: one patch per change, in the form that the kernel's documents ask for. Only a person can give a
//! Signed-off-by, so there is none (Documentation/process/submitting-patches.rst, generated-content.rst).

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::SystemTime;

use super::log::listed;
use super::parts::Part;
use super::{FileDiff, unified};
use crate::fix::change::{Change, Fixes, Step};
use crate::fix::output::diff::quoted;
use crate::fix::text::layout::filled_paragraph;
use crate::index::Index;
use crate::kernel::{Git, Maintainers, Person, Recipients};
use crate::rules::Rules;
use crate::verdict::Finding;
use crate::words::counted;

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
    /// The rules, for prefixes of subjects.
    pub rules: &'a Rules,
    /// Begin with a mail that describes the series.
    pub with_cover: bool,
    /// Make one series for each subsystem.
    pub by_subsystem: bool,
    /// The date of the mails.
    pub date: SystemTime,
}

/// Recipients and sender of all mails of a series.
pub(super) struct Envelope {
    author: String,
    /// The people and lists that read each mail.
    told: Vec<String>,
}

/// The subject and the diffs of one change, by file.
#[derive(Default)]
pub(super) struct Patch<'a> {
    pub(super) subject: String,
    pub(super) files: Vec<&'a str>,
    pub(super) diffs: Vec<FileDiff>,
    /// The blobs before and after, by which `git am -3` finds the base of a file: `index 1b2c..3d4e 100644`.
    pub(super) indices: Vec<String>,
}

/// Abbreviated name of a text in git.
fn blob(text: &[u8]) -> String {
    let mut hash = sha1_smol::Sha1::new();
    hash.update(format!("blob {}\0", text.len()).as_bytes());
    hash.update(text);
    hash.digest().to_string()[..12].to_owned()
}

/// A mail: its file name and its text.
#[derive(Debug)]
pub struct Mail {
    /// `0001-subject.patch`, in the folder of its series if there are several.
    pub name: String,
    /// Headers, body and diff.
    pub text: Vec<u8>,
}

impl Series<'_> {
    /// The mails, in the order in which to apply them.
    pub fn mails(&self) -> Vec<Mail> {
        let envelope = self.envelope();
        let steps = self.fixes.in_order();
        let changes = &self.fixes.changes;
        let patches: Vec<Patch> = changes.iter().zip(&steps).map(|(change, steps)| self.patch(change, steps)).collect();
        let parts = match self.by_subsystem {
            true => Part::by_subsystem(changes, &patches),
            false => Part::all(patches.len()),
        };
        let mut mails = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let folder = part.name.as_ref().map_or(String::new(), |name| format!("{:02}-{}/", number + 1, slug(name)));
            let letter = Letter { series: self, envelope: &envelope, patches: &patches, parts: &parts, part };
            let cover = self.with_cover.then(|| letter.cover());
            let own = part.changes.iter().enumerate().map(|(place, change)| letter.mail(place + 1, *change));
            let own = cover.into_iter().chain(own);
            mails.extend(own.map(|mail| Mail { name: format!("{folder}{}", mail.name), ..mail }));
        }
        mails
    }

    fn envelope(&self) -> Envelope {
        let (name, address) = self.git.author();
        let author = Person { name: inert(&name), address: inert(&address).replace(['<', '>', ' '], "") };
        let Recipients { to, cc, .. } = self.maintainers.recipients(&self.rules.told(), b"");
        Envelope { author: author.mailbox(), told: [to, cc].concat() }
    }

    fn patch(&self, change: &Change, steps: &[(u32, Step)]) -> Patch<'_> {
        let diffs = steps.iter().map(|(file, step)| unified(self.index.file(*file), step)).collect();
        let index = |(file, step): &(u32, Step)| {
            let (old, new) = step.texts(self.index.file(*file));
            format!("index {}..{} 100644\n", blob(&old), blob(&new))
        };
        Patch {
            subject: self.subject(change),
            files: steps.iter().map(|(file, _)| self.index.file(*file).path.as_str()).collect(),
            diffs,
            indices: steps.iter().map(index).collect(),
        }
    }

    /// The headers of a mail, with the empty line behind them.
    pub(super) fn headers(
        &self,
        envelope: &Envelope,
        [number, count]: [usize; 2],
        subject: &str,
        recipients: &Recipients,
    ) -> String {
        let width = count.to_string().len();
        let mut text = String::new();
        let _ = writeln!(text, "From {} Mon Sep 17 00:00:00 2001", "0".repeat(40));
        let _ = writeln!(text, "From: {}", envelope.author);
        let _ = writeln!(text, "Date: {}", httpdate::fmt_http_date(self.date));
        let _ = writeln!(text, "Subject: [PATCH {number:0width$}/{count}] {subject}");
        let is_new = |person: &&String| !recipients.to.contains(person) && !recipients.cc.contains(person);
        let cc: Vec<&String> = recipients.cc.iter().chain(envelope.told.iter().filter(is_new)).collect();
        for (header, people) in [("To", recipients.to.iter().collect()), ("Cc", cc)] {
            let people: Vec<String> = people.into_iter().map(|person| inert(person)).collect();
            if !people.is_empty() {
                let _ = writeln!(text, "{header}: {}", people.join(",\n    "));
            }
        }
        text.push_str(
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n",
        );
        text
    }

    /// The signature, and for the first mail the commit that the series applies to.
    pub(super) fn end(&self, is_first: bool, text: &mut Vec<u8>) {
        text.extend_from_slice(b"-- \n");
        text.extend_from_slice(concat!("mmaplint ", env!("CARGO_PKG_VERSION"), "\n").as_bytes());
        if let Some(base) = is_first.then(|| self.git.head()).flatten() {
            text.extend_from_slice(format!("\nbase-commit: {base}\n").as_bytes());
        }
    }

    /// The handlers whose behaviour was not compared with that before; not part of the log.
    fn not_compared(&self, change: &Change) -> String {
        let texts = self.fixes.of(change).flat_map(|fix| &fix.not_compared);
        texts.map(|text| wrap(&format!("Compare by hand: {text}."))).collect()
    }

    /// What the patch leaves as it is and a reviewer should know; not part of the log.
    fn carried(&self, change: &Change) -> String {
        let carried: BTreeSet<&String> = self.fixes.of(change).flat_map(|fix| &fix.carried).collect();
        if carried.is_empty() {
            return String::new();
        }
        let intro = match carried.len() {
            1 => "The old code has this hazard too; this patch leaves it (line of the new file):",
            _ => "The old code has these hazards too; this patch leaves them (lines of the new file):",
        };
        let items = carried.into_iter().map(|hazard| format!("* {}", wrap(hazard).trim_end().replace('\n', "\n  ")));
        let items: String = items.map(|item| format!("{item}\n")).collect();
        format!("\n{}{items}", wrap(intro))
    }
}

/// One mail of one series.
pub(super) struct Letter<'a> {
    pub(super) series: &'a Series<'a>,
    pub(super) envelope: &'a Envelope,
    /// The patches of all series.
    pub(super) patches: &'a [Patch<'a>],
    /// All series, in their order.
    pub(super) parts: &'a [Part],
    /// Its series.
    pub(super) part: &'a Part,
}

impl Letter<'_> {
    /// The patch of a change as a mail, which is the `number`th of its series.
    fn mail(&self, number: usize, change: usize) -> Mail {
        let series = self.series;
        let Patch { subject, files, diffs, indices } = &self.patches[change];
        let change = &series.fixes.changes[change];
        let needed: Vec<String> = change.needs.iter().map(|need| self.named(*need)).collect();
        let lines = diffs.iter().flat_map(|diff| diff.text.split_inclusive(|byte| *byte == b'\n'));
        let changed: Vec<u8> = lines.filter(|line| matches!(line[0], b'+' | b'-')).flatten().copied().collect();
        let mut text = series.headers(
            self.envelope,
            [number, self.part.changes.len()],
            subject,
            &series.maintainers.recipients(files, &changed),
        );
        text.push_str(&series.body(change));
        text.push_str("---\n");
        text.push_str(&wrap(&series.origin()));
        if !needed.is_empty() {
            text.push_str(&wrap(&format!("Needs {}.", listed(&needed))));
        }
        text.push_str(&series.not_compared(change));
        text.push_str(&series.carried(change));
        text.push('\n');
        text.push_str(&diffstat(files, diffs));
        let mut text = text.into_bytes();
        for (diff, index) in diffs.iter().zip(indices) {
            let head = memchr::memchr(b'\n', &diff.text).map_or(0, |newline| newline + 1);
            text.extend_from_slice(&diff.text[..head]);
            text.extend_from_slice(index.as_bytes());
            text.extend_from_slice(&diff.text[head..]);
        }
        series.end(number == 1 && !series.with_cover, &mut text);
        Mail { name: format!("{number:04}-{}.patch", slug(subject)), text }
    }

    /// A patch as other mails name it.
    fn named(&self, change: usize) -> String {
        let subject = &self.patches[change].subject;
        let place = |part: &Part| part.changes.iter().position(|one| *one == change).map(|place| place + 1);
        let own = place(self.part).map(|number| format!("patch {number}, \"{subject}\""));
        own.unwrap_or_else(|| {
            let of_other = self.parts.iter().find_map(|part| Some((part.name.as_deref()?, place(part)?)));
            let (name, number) = of_other.unwrap_or_default();
            format!("patch {number} of the series for {name}, \"{subject}\"")
        })
    }
}

/// Text from a tree or a repository, made safe for a mail: on one line, without control characters.
pub(super) fn inert(text: &str) -> String {
    let shown = |letter: char| if letter.is_control() || letter.is_whitespace() { ' ' } else { letter };
    text.chars().map(shown).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Like `inert`, for subjects: characters outside a safe ASCII set become `?`.
pub(super) fn plain(text: &str) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || " _./,:()+&-".contains(*letter);
    inert(text).chars().map(|letter| if is_plain(&letter) { letter } else { '?' }).collect()
}

/// Line starts that a body must not have: `git am` and other mail readers take them for the patch or for the next mail.
const MEANT: &[&str] = &["---", "+++", "@@", "diff", "From", "Index:", ">From"];

/// Wraps a paragraph, ends it with a newline, and indents lines that begin like one of `MEANT`.
pub(super) fn wrap(paragraph: &str) -> String {
    let plain: String = paragraph.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let wrapped = filled_paragraph(&plain, BODY_WIDTH, 0) + "\n";
    let guarded = wrapped.split_inclusive('\n').map(|line| {
        let is_meant = MEANT.iter().any(|meant| line.starts_with(meant));
        if is_meant { format!(" {line}") } else { line.to_owned() }
    });
    guarded.collect()
}

/// Changed lines per file, as `git diff --stat` shows them.
pub(super) fn diffstat(files: &[&str], diffs: &[FileDiff]) -> String {
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
