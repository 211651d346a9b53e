//! `mmaplint fix --compat`: the old code of an out-of-tree module beside the new.

use std::collections::BTreeSet;

use clap::Args;

use super::output;
use crate::fix::{Applicability, Fixes, Guard};

#[derive(Args, Debug)]
pub struct CompatOptions {
    /// Keep the old code of an out-of-tree module beside the new: the new is compiled from the first kernel release that has all of it
    #[arg(long = "compat", conflicts_with = "scaffold")]
    pub keeps_old_code: bool,
    /// With --compat: the macro of the module that says that a kernel has .mmap_prepare, instead of a release
    #[arg(long, requires = "keeps_old_code", value_name = "MACRO")]
    guard: Option<String>,
}

impl CompatOptions {
    /// Says from which release on the conversions of a module compile, and lets the old code stay beside the new if `--compat` asks for it.
    pub fn apply(&self, since: (u32, u32), fixes: &mut Fixes, quiet: bool) {
        let (version, patchlevel) = since;
        let builds = format!("builds from Linux {version}.{patchlevel}");
        let says = match (&self.guard, self.keeps_old_code) {
            (Some(guard), _) => format!("{builds}, where {guard} has to be defined; older kernels keep the old code"),
            (None, true) => format!("{builds}; older kernels keep the old code"),
            (None, false) => {
                format!("{builds} and no longer with an older kernel; --compat keeps the old code for those")
            }
        };
        for change in &fixes.changes {
            for handler in &change.handlers {
                let fix = &mut fixes.handlers[*handler];
                // A sketch builds nowhere.
                if fix.applicability == Applicability::Safe {
                    fix.remarks.insert(says.clone());
                }
            }
        }
        if self.keeps_old_code {
            fixes.guard = Some(match &self.guard {
                Some(name) => Guard::Macro(name.clone()),
                None => Guard::Since(version, patchlevel),
            });
        }
        let files: BTreeSet<u32> = fixes.changes.iter().flat_map(|change| change.files.keys().copied()).collect();
        let name = match &self.guard {
            Some(name) => name.as_str(),
            // One file needs no macro of its own.
            None if !self.keeps_old_code || files.len() < 2 => return,
            None => "HAVE_MMAP_PREPARE",
        };
        if !quiet {
            output::tell(&format!(
                "for a header that these files include:\n\
                 #include <linux/version.h>\n\
                 #if LINUX_VERSION_CODE >= KERNEL_VERSION({version}, {patchlevel}, 0)\n\
                 #define {name} 1\n\
                 #endif"
            ));
            if self.guard.is_none() {
                output::tell(&format!("with it, --compat --guard {name} writes #ifdef {name}"));
            }
        }
    }
}
