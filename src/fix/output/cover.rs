//! The cover letter of a series: its purpose, the order of its patches, and the steps that remain before it is sent.

use std::fmt::Write;

use super::mails::{Envelope, Mail, Patch, Series, diffstat, wrap};
use super::{FileDiff, counted};
use crate::kernel::Recipients;

impl Series<'_> {
    /// The cover letter.
    pub(super) fn cover(&self, envelope: &Envelope, patches: &[Patch]) -> Mail {
        let mut files: Vec<(&str, FileDiff)> = Vec::new();
        for (file, diff) in patches.iter().flat_map(|patch| patch.files.iter().zip(&patch.diffs)) {
            match files.iter_mut().find(|(known, _)| known == file) {
                Some((_, total)) => {
                    total.added += diff.added;
                    total.removed += diff.removed;
                }
                None => files.push((file, FileDiff { text: Vec::new(), added: diff.added, removed: diff.removed })),
            }
        }
        files.sort_by_key(|(file, _)| *file);
        let (files, diffs): (Vec<&str>, Vec<FileDiff>) = files.into_iter().unzip();
        // The patches tell the maintainers of the drivers.
        let mut text = self.headers(envelope, 0, "convert mmap hooks to mmap_prepare", &Recipients::default());
        let written = self.fixes.changes.iter().flat_map(|change| &change.handlers);
        let safe = written.map(|number| &self.fixes.handlers[*number]);
        let (handlers, registrations) =
            safe.fold((0, 0), |(handlers, sum), fix| (handlers + 1, sum + fix.registrations));
        let twins: usize = self.fixes.changes.iter().map(|change| change.units.len()).sum();
        let mut what = format!(
            "The .mmap() callback is deprecated, because it hands drivers a half-built VMA. This series moves {} at {} to \
             .mmap_prepare(), which gets a descriptor of the mapping.",
            counted(handlers, "handler"),
            counted(registrations, "registration")
        );
        if twins > 0 {
            let _ = write!(
                what,
                " {} of hooks and helpers come before the drivers that need them. Their old forms stay for code that needs a VMA.",
                counted(twins, "twin")
            );
        }
        let paragraphs = [
            what,
            "Each patch builds on those that it names. The patches of drivers do not depend on one another.".to_owned(),
            "Nothing was built or run yet: build each patch, and run what the logs say of checks that now run before a merge, of \
             actions, and of errors."
                .to_owned(),
            self.origin(),
        ];
        for paragraph in paragraphs {
            text.push_str(&wrap(&paragraph));
            text.push('\n');
        }
        for (number, (change, patch)) in self.fixes.changes.iter().zip(patches).enumerate() {
            let needs: Vec<String> = change.needs.iter().map(|need| (need + 1).to_string()).collect();
            let needs = if needs.is_empty() { String::new() } else { format!(" (needs {})", needs.join(", ")) };
            let _ = writeln!(text, "{:4} {}{needs}", number + 1, patch.subject);
        }
        let _ = write!(text, "\n{}", diffstat(&files, &diffs));
        let mut text = text.into_bytes();
        self.end(true, &mut text);
        Mail { name: "0000-cover-letter.patch".to_owned(), text }
    }
}
