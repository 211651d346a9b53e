//! Fills templates.

/// Replaces each `{key}` of a template by its value. A key without a value stays, for a later pass.
pub fn fill(template: &str, value: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        match after.find('}').map(|close| (&after[..close], &after[close + 1..])) {
            Some((key, behind)) => {
                match value(key) {
                    Some(text) => out.push_str(&text),
                    None => out.push_str(&rest[open..open + key.len() + 2]),
                }
                rest = behind;
            }
            None => {
                out.push_str(&rest[open..]);
                return out;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The keys of a template.
pub fn keys(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(key, _)| key)
}

/// Position of the argument that a key names, from 0: `0`, `1!`, `2...`, `bits:3`, `offset:1`.
pub fn argument(key: &str) -> Option<usize> {
    let number = key.strip_prefix("bits:").or_else(|| key.strip_prefix("offset:")).unwrap_or(key);
    number.trim_end_matches(['!', '.']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_filled_and_others_stay() {
        let mut value = |key: &str| (key == "a").then(|| "1".to_owned());
        assert_eq!(fill("f({a}, {b}) {", &mut value), "f(1, {b}) {");
    }
}
