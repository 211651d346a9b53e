//! A directory as a kernel tree: its C files, version, API, maintainers, history, and a change laid over it.

mod apply;
mod bindings;
mod file_pattern;
mod git;
mod mailmap;
mod maintainers;
mod module;
mod naming;
mod open_folder;
mod overlay;
mod patch;
mod paths;
mod read;
mod tree;
mod trouble;
mod walk;

pub use apply::apply;
pub use git::Git;
pub use mailmap::Person;
pub use maintainers::{Maintainers, Recipients, Section};
pub use module::{builds_module, headers_of, installed_kernels, kernels_below, named_kernels};
pub use naming::{DOCUMENTS, RUST, texts_naming};
pub use open_folder::{FILE_LIMIT, Links, OpenFolder, bounded, given_file};
pub use overlay::{Laid, Overlay};
pub use patch::{FilePatch, PATCH_LIMIT, PatchError, parse_patch};
pub use paths::{Paths, folder_of, is_below};
pub use read::{Sieve, Sifted, sift};
pub use tree::{Layer, Tree, TreeError};
pub use trouble::{FileTrouble, TroubleKind};
pub use walk::{Listing, is_listed, walk};
