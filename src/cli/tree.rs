//! Opens the directory that a command is about: a kernel tree, or an out-of-tree module with the kernel that it is built against.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output;
use crate::kernel::{Tree, builds_module, headers_of, installed_kernels, kernels_below, named_kernels};
use crate::report::escape::printable;

#[derive(Args, Clone, Debug)]
pub struct KernelOptions {
    /// For an out-of-tree module: the kernel tree, or the installed headers, that it is built against. By default KDIR, KERNELDIR, or
    /// /lib/modules/*/build; `none` assumes the hooks of the newest known release
    #[arg(long, value_name = "DIR")]
    kernel: Option<PathBuf>,
    /// For an out-of-tree module: a macro that its build defines, or with =0 does not
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    define: Vec<String>,
}

/// Declarations of the hooks, for a module without a kernel.
const DECLARATIONS: &str = include_str!("../../rules/declarations.h");

/// Kernel that a module is built against.
struct Kernel {
    tree: Tree,
    /// Folder in which the kernel was built: it has generated headers.
    build: PathBuf,
}

impl KernelOptions {
    /// The same options with more macros, as a compiler gets them. Those that are no numbers are left out.
    pub fn defining<'d>(&self, defines: impl Iterator<Item = &'d str>) -> KernelOptions {
        let numbers = defines.filter(|define| read_define(define).is_ok()).map(str::to_owned);
        KernelOptions { define: self.define.iter().cloned().chain(numbers).collect(), ..self.clone() }
    }

    /// Whether a directory is a kernel tree or a module by the files at its top. Any other may be meant by `--kernel` alone.
    pub fn may_open(&self, root: &Path) -> bool {
        self.kernel.is_some() || Tree::open(root).is_ok_and(|tree| tree.has_api_headers()) || builds_module(root)
    }

    /// Opens a kernel tree, or a module with its kernel. Tells which kernel that is, unless it was given or `quiet` is set. Code of a
    /// module that its kernel does not compile is read if `keeps_dead_code` is set.
    ///
    /// # Errors
    /// A directory cannot be listed, it only contains kernel trees, the given kernel has no headers, or a macro is not written as NAME or
    /// NAME=VALUE.
    pub fn open(&self, root: &Path, quiet: bool, keeps_dead_code: bool) -> Result<Tree, String> {
        let tree = Tree::open(root).map_err(|error| error.to_string())?;
        if tree.has_api_headers() {
            return match &self.kernel {
                Some(_) => Err(format!("--kernel: {} is a kernel tree itself", root.display())),
                None => Ok(tree),
            };
        }
        let below = if self.kernel.is_none() { kernels_below(root) } else { Vec::new() };
        match below.as_slice() {
            [first, rest @ ..] => Err(format!(
                "{} is not a kernel tree; it contains {}{}. Give a kernel tree as TREE. If it is a module, give its kernel with --kernel DIR",
                root.display(),
                first.display(),
                if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) },
            )),
            [] => self.open_module(root, std::iter::empty(), quiet, keeps_dead_code),
        }
    }

    /// Opens a module with the kernel of `--kernel`, else the first of `kernels` that has headers, else an installed one.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_module(
        &self,
        root: &Path,
        kernels: impl Iterator<Item = PathBuf>,
        quiet: bool,
        keeps_dead_code: bool,
    ) -> Result<Tree, String> {
        let kernel = self.kernel(kernels, quiet)?;
        Tree::open_module(root, kernel.tree, &kernel.build, &self.defines()?, keeps_dead_code)
            .map_err(|error| error.to_string())
    }

    fn kernel(&self, kernels: impl Iterator<Item = PathBuf>, quiet: bool) -> Result<Kernel, String> {
        if self.kernel.as_deref() == Some(Path::new("none")) {
            return assumed(quiet);
        }
        if let Some(given) = &self.kernel {
            let missing = || format!("--kernel: {} has no kernel headers (include/linux/fs.h)", given.display());
            return Kernel::of(given).unwrap_or_else(|| Err(missing()));
        }
        for (name, build) in named_kernels().filter(|(_, build)| !quiet && Kernel::of(build).is_none()) {
            let text = format!("{name}: {} has no kernel headers (include/linux/fs.h); not used", build.display());
            output::tell(&printable(&text));
        }
        let found = kernels.chain(installed_kernels()).find_map(|build| Kernel::of(&build));
        let kernel = found.transpose()?;
        let Some(kernel) = kernel else { return assumed(quiet) };
        if !quiet {
            let version = kernel.tree.version().unwrap_or_default();
            let build = kernel.build.display();
            output::tell(&printable(&format!("kernel: {build} (Linux {version}); --kernel names another")));
        }
        Ok(kernel)
    }

    fn defines(&self) -> Result<Vec<(String, Option<i64>)>, String> {
        self.define.iter().map(|define| read_define(define)).collect()
    }
}

impl Kernel {
    /// The kernel of a folder; `None` if it has no headers.
    fn of(build: &Path) -> Option<Result<Kernel, String>> {
        let headers = headers_of(build)?;
        let tree = Tree::open(&headers).map_err(|error| error.to_string());
        Some(tree.map(|tree| Kernel { tree, build: build.to_owned() }))
    }
}

/// Declarations in place of a kernel.
fn assumed(quiet: bool) -> Result<Kernel, String> {
    if !quiet {
        output::tell(
            "no kernel: the hooks of v7.3 are assumed, and of kernel functions only what rules say is known; \
             --kernel DIR names a kernel tree or headers",
        );
    }
    let tree = Tree::of_texts(&[("include/linux/fs.h", DECLARATIONS)]).map_err(|error| error.to_string())?;
    Ok(Kernel { tree, build: PathBuf::new() })
}

fn read_define(text: &str) -> Result<(String, Option<i64>), String> {
    let (name, value) = text.split_once('=').unwrap_or((text, "1"));
    let is_name = !name.is_empty() && name.bytes().all(crate::source::is_identifier_byte);
    match value.parse::<i64>() {
        Ok(0) if is_name => Ok((name.to_owned(), None)),
        Ok(value) if is_name => Ok((name.to_owned(), Some(value))),
        _ => Err(format!("-D: {text} is neither NAME nor NAME=NUMBER")),
    }
}
