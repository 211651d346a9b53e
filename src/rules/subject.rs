//! Prefixes of the subjects of patches, by path.

use serde::Deserialize;

use super::template::fill;

/// The prefix that a subsystem writes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectRule {
    /// What a path begins with.
    pub(super) below: String,
    /// Prefix for a file in a folder below. `{folder}` is that folder, `{stem}` the file.
    nested: Option<String>,
    /// Prefix for a file that has no folder in between.
    direct: Option<String>,
}

impl SubjectRule {
    /// The prefix for a path that begins with `below`; `None` if the rule is for other places.
    pub(super) fn prefix(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(&self.below)?;
        let (folder, template) = match rest.split_once('/') {
            Some((folder, _)) => (folder, self.nested.as_ref()?),
            None => ("", self.direct.as_ref()?),
        };
        let mut parts = path.rsplit('/');
        let stem = parts.next().and_then(|name| name.split('.').next()).unwrap_or_default();
        let stem = short(stem, parts.next().unwrap_or_default());
        let text = fill(template, &mut |key| match key {
            "folder" => Some(folder.to_owned()),
            "stem" => Some(stem.clone()),
            _ => None,
        });
        // A file that is called like its folder says nothing more.
        let repeated = format!("{folder}: {folder}");
        Some(if text.ends_with(&repeated) { text.replace(&repeated, folder) } else { text })
    }
}

/// The name of a file without that of its folder: `vmclock` for `ptp/ptp_vmclock.c`. A name that says nothing is the folder's.
fn short(stem: &str, folder: &str) -> String {
    let rest = stem.strip_prefix(folder).and_then(|rest| rest.strip_prefix(['_', '-'])).unwrap_or(stem);
    match rest {
        "file" | "main" | "core" | "driver" | "drv" | "inode" | "mmap" => folder.to_owned(),
        _ => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::Rules;

    #[test]
    fn prefixes_are_those_of_the_subsystems() {
        let rules = Rules::built_in().unwrap();
        for (path, prefix) in [
            ("arch/powerpc/kvm/book3s_64_vio.c", "KVM: PPC"),
            ("arch/powerpc/platforms/cell/spufs/file.c", "powerpc/spufs"),
            ("arch/s390/kernel/crash_dump.c", "s390/crash_dump"),
            ("arch/x86/kernel/cpu/sgx/driver.c", "x86/sgx"),
            ("drivers/acpi/pfr_telemetry.c", "ACPI: pfr_telemetry"),
            ("drivers/block/ublk_drv.c", "ublk"),
            ("drivers/char/lamp/lamp.c", "lamp"),
            ("drivers/dma-buf/heaps/cma_heap.c", "dma-buf: heaps"),
            ("drivers/dma/idxd/cdev.c", "dmaengine: idxd"),
            ("drivers/gpu/drm/amd/amdkfd/kfd_chardev.c", "drm/amdkfd"),
            ("drivers/gpu/drm/etnaviv/etnaviv_gem.c", "drm/etnaviv"),
            ("drivers/hv/mshv_root_main.c", "mshv"),
            ("drivers/ptp/ptp_vmclock.c", "ptp: vmclock"),
            ("drivers/soc/aspeed/aspeed-lpc-ctrl.c", "soc: aspeed"),
            ("drivers/usb/mon/mon_bin.c", "usb: mon"),
            ("drivers/video/fbdev/ps3fb.c", "fbdev: ps3fb"),
            ("drivers/xen/privcmd.c", "xen/privcmd"),
            ("fs/gfs2/file.c", "gfs2"),
            ("include/linux/fb.h", "fbdev"),
            ("include/linux/kvm_host.h", "KVM"),
            ("net/ipv4/tcp.c", "tcp"),
            ("sound/core/pcm_native.c", "ALSA: pcm"),
            ("sound/hda/codecs/realtek/alc269.c", "ALSA: hda"),
            ("sound/soc/samsung/idma.c", "ASoC: samsung"),
        ] {
            assert_eq!(rules.subject_prefix(path).as_deref(), Some(prefix), "{path}");
        }
    }
}
