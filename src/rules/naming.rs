//! Names of hooks and functions that take a desc in place of a VMA.

/// What such a name has more than the old one: `mmap_prepare`, `lamp_mmap_prepare`.
pub(super) const SUFFIX: &str = "_prepare";

/// Endings of functions that take a desc; the second is that of the hook that was proposed first.
const SUFFIXES: [&str; 2] = [SUFFIX, "_finish"];

/// Name of the hook that takes a desc instead, or of a function named after a hook: `proc_mmap` gives `proc_mmap_prepare`.
pub fn prepared(name: &str) -> String {
    name.replacen("mmap", &format!("mmap{SUFFIX}"), 1)
}

/// Name of the function to which a handler or a helper is converted: `lamp_map` gives `lamp_map_prepare`.
pub fn prepared_function(name: &str) -> String {
    format!("{name}{SUFFIX}")
}

/// The name of a hook or a function before [`prepared`].
pub fn unprepared(name: &str) -> String {
    SUFFIXES.iter().fold(name.to_owned(), |name, suffix| name.replace(&format!("mmap{suffix}"), "mmap"))
}

/// The name of a function before [`prepared_function`], which it shares with its conversion.
pub fn stem(name: &str) -> String {
    let stem = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    unprepared(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_conversion_have_one_stem() {
        for name in ["lamp_mmap", "lamp_map", "mmap_lamp"] {
            assert_eq!(stem(&prepared_function(name)), name);
            assert_eq!(unprepared(&prepared(name)), name);
        }
        assert_eq!(stem("mmap_finish_lamp"), "mmap_lamp");
        assert_eq!(unprepared("clk_prepare"), "clk_prepare");
    }
}
