//! Fills templates.

/// Replaces each `{key}` of a template by its value. A key without a value stays, and so do the braces of C.
pub fn fill(template: &str, value: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut parts = template.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}').and_then(|(key, behind)| Some((value(key)?, behind))) {
            Some((text, behind)) => {
                out.push_str(&text);
                out.push_str(behind);
            }
            None => {
                out.push('{');
                out.push_str(part);
            }
        }
    }
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
        assert_eq!(fill("{a}()\n{\n{a}\n}\n", &mut value), "1()\n{\n1\n}\n");
    }
}
