//! The cover letter of a series: its purpose, the order of its patches, and the steps that remain before it is sent.

use std::fmt::Write;

use super::FileDiff;
use super::log::listed;
use super::mails::{Letter, Mail, diffstat, wrap};
use crate::kernel::Recipients;
use crate::words::counted;

impl Letter<'_> {
    /// The cover letter of the series.
    pub(super) fn cover(&self) -> Mail {
        let series = self.series;
        let own = || self.part.changes.iter().map(|number| (&series.fixes.changes[*number], &self.patches[*number]));
        let mut files: Vec<(&str, FileDiff)> = Vec::new();
        for (file, diff) in own().flat_map(|(_, patch)| patch.files.iter().zip(&patch.diffs)) {
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
        // The patches of many subsystems tell their maintainers.
        let recipients = match self.part.name {
            Some(_) => series.maintainers.recipients(&files, b""),
            None => Recipients::default(),
        };
        let mut text = series.headers(self.envelope, [0, self.part.changes.len()], &self.title(), &recipients);
        let safe = own().flat_map(|(change, _)| series.fixes.of(change));
        let (handlers, registrations) =
            safe.fold((0, 0), |(handlers, sum), fix| (handlers + 1, sum + fix.registrations));
        let twins: usize = own().map(|(change, _)| change.units.len()).sum();
        let deprecated = "The .mmap() callback is deprecated, because it hands drivers a half-built VMA.";
        let mut what = match handlers {
            0 => format!(
                "{deprecated} This series prepares the move to .mmap_prepare(), which gets a descriptor of the mapping."
            ),
            _ => format!(
                "{deprecated} This series moves {} at {} to .mmap_prepare(), which gets a descriptor of the mapping.",
                counted(handlers, "handler"),
                counted(registrations, "registration")
            ),
        };
        if twins > 0 {
            let _ = write!(
                what,
                " Twins of hooks and helpers ({twins}) come before the drivers that need them. Their old forms stay for code that needs a VMA."
            );
        }
        let paragraphs = [
            what,
            "Each patch builds on those that it names. The patches of drivers do not depend on one another.".to_owned(),
            "Nothing was built or run yet. Build each patch, and test what the logs name: checks that now run before a merge, \
             actions, and errors."
                .to_owned(),
            series.origin(),
        ];
        let first = self.needed_series();
        let first = (!first.is_empty()).then(|| format!("Other series come first: {}.", listed(&first)));
        for paragraph in paragraphs.into_iter().chain(first) {
            text.push_str(&wrap(&paragraph));
            text.push('\n');
        }
        for (number, (change, patch)) in own().enumerate() {
            let place = |need: &usize| self.part.changes.iter().position(|one| one == need);
            let needs: Vec<String> = change.needs.iter().filter_map(place).map(|need| (need + 1).to_string()).collect();
            let needs = if needs.is_empty() { String::new() } else { format!(" (needs {})", needs.join(", ")) };
            let _ = writeln!(text, "{:4} {}{needs}", number + 1, patch.subject);
        }
        let _ = write!(text, "\n{}", diffstat(&files, &diffs));
        let mut text = text.into_bytes();
        series.end(true, &mut text);
        Mail { name: "0000-cover-letter.patch".to_owned(), text }
    }

    /// The subject of the cover letter.
    fn title(&self) -> String {
        let prefix = self.part.name.as_ref().map_or(String::new(), |name| format!("{name}: "));
        let converts = self.part.changes.iter().any(|number| !self.series.fixes.changes[*number].handlers.is_empty());
        let what = if converts {
            "convert mmap hooks to mmap_prepare"
        } else {
            "prepare the move of mmap hooks to mmap_prepare"
        };
        format!("{prefix}{what}")
    }

    /// The names of other series that the patches of this one need.
    fn needed_series(&self) -> Vec<String> {
        let needs = || self.part.changes.iter().flat_map(|change| &self.series.fixes.changes[*change].needs);
        let others = self.parts.iter().filter(|part| *part != self.part);
        let needed = others.filter(|part| needs().any(|need| part.changes.contains(need)));
        needed.filter_map(|part| part.name.clone()).collect()
    }
}
