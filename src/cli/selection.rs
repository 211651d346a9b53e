//! The handlers that `fix` is asked for.

use super::place::{Place, has};
use crate::index::Index;
use crate::kernel::is_below;
use crate::near::did_you_mean;
use crate::verdict::{Finding, Session};

/// Paths and handlers chosen by the arguments.
pub(super) struct Selection {
    paths: Vec<String>,
    handlers: Vec<(Option<String>, String)>,
}

impl Selection {
    /// Reads the arguments.
    ///
    /// # Errors
    /// One is neither a path of the tree nor a handler registered in it.
    pub(super) fn new(place: &Place, session: &Session) -> Result<Selection, String> {
        let (tree, index, findings) = (session.tree(), session.context.index, session.findings());
        let mut selection = Selection { paths: Vec::new(), handlers: Vec::new() };
        for argument in &place.paths {
            if has(tree, argument) {
                selection.paths.push(argument.clone());
                continue;
            }
            let handler = match argument.rsplit_once(':') {
                Some((file, name)) => (Some(file.trim_start_matches("./").to_owned()), name.to_owned()),
                None => (None, argument.clone()),
            };
            let only = Selection { paths: Vec::new(), handlers: vec![handler] };
            if !findings.iter().any(|finding| only.holds(index, finding)) {
                let registered = findings.iter().filter_map(|finding| Some(finding.handler.as_ref()?.name.as_str()));
                let name = argument.rsplit_once(':').map_or(argument.as_str(), |(_, name)| name);
                let hint = did_you_mean(name, registered);
                return Err(format!(
                    "{argument}: neither a path of the tree nor a handler registered in the tree{hint}"
                ));
            }
            selection.handlers.extend(only.handlers);
        }
        Ok(selection)
    }

    /// Whether the arguments name handlers.
    pub(super) fn names_handlers(&self) -> bool {
        !self.handlers.is_empty()
    }

    /// Whether a finding is chosen.
    pub(super) fn holds(&self, index: &Index, finding: &Finding) -> bool {
        if self.paths.is_empty() && self.handlers.is_empty() {
            return true;
        }
        let file = &index.file(finding.registration.file).path;
        let below = |path: &String| is_below(file, path);
        let Some(handler) = &finding.handler else { return self.paths.iter().any(below) };
        let is_named = |(wanted, name): &(Option<String>, String)| {
            let defined = handler.place.map(|place| index.file(place.file).path.as_str());
            *name == handler.name && wanted.as_deref().is_none_or(|wanted| wanted == file || Some(wanted) == defined)
        };
        self.paths.iter().any(below) || self.handlers.iter().any(is_named)
    }
}
