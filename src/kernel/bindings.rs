//! Maintainers named in a devicetree binding. The search follows scripts/get_maintainer.pl for any `.yaml` (maintainers_in_file,
//! clean_file_emails). It finds addresses, and takes the last words before an address as the name.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::mailmap::Person;

/// Regular expressions for an address with a possible name before it, and for the address alone. Non-ASCII letters match as raw bytes.
static PATTERNS: LazyLock<Option<(Regex, Regex)>> = LazyLock::new(|| {
    let name = r#"[A-Za-z\x80-\xff"' ,.+-]*"#;
    let address = r"[A-Za-z0-9_.+-]+@[A-Za-z0-9.-]+\.[A-Za-z0-9]+";
    let mailbox = Regex::new(&format!(r"(?-u){name}\s*[,]*\s*[(<{{]?{address}[)>}}]?")).ok()?;
    Some((mailbox, Regex::new(&format!(r"(?-u)[(<{{]?{address}")).ok()?))
});

/// People named in a text, each once.
pub(super) fn people(text: &[u8]) -> Vec<Person> {
    let mut found: Vec<Person> = Vec::new();
    let Some((mailbox, address)) = PATTERNS.as_ref() else { return found };
    for mailbox in mailbox.find_iter(text).map(|found| found.as_bytes()) {
        // The name pattern is greedy and also takes letters of the address.
        let Some(whole) = address.find(mailbox) else { continue };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let address = text(whole.as_bytes()).trim_start_matches(['(', '<', '{']).to_owned();
        let person = Person { name: name(text(&mailbox[..whole.start()]).trim().trim_matches('"')), address };
        if !found.contains(&person) {
            found.push(person);
        }
    }
    found
}

/// The last two words of a possible name, or the last three if they start with an initial or have one in the middle.
fn name(text: &str) -> String {
    let is_sign = |word: &str| matches!(word, "'" | "," | "." | "+" | "-");
    let is_part = |letter: char| letter.is_alphabetic() || matches!(letter, '\'' | ',' | '.' | '+' | '-');
    let words: Vec<&str> = text.split(|letter| !is_part(letter)).filter(|word| !is_sign(word)).collect();
    let is_initial = |word: &str| word.chars().count() == 1 || (word.chars().count() == 2 && word.ends_with('.'));
    let name = match words.as_slice() {
        [.., first, middle, last] if is_initial(first) || is_initial(middle) => format!("{first} {middle} {last}"),
        [.., _, middle, last] => format!("{middle} {last}"),
        few => few.join(" "),
    };
    let name = name.strip_suffix([',', '.']).unwrap_or(&name);
    name.strip_prefix([',', '.']).unwrap_or(name).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_names_people() {
        let text = "$id: http://example.org/lamp.yaml#\nmaintainers:\n  - Ada Lamp <ada@example.org>\n  - Bo J. Bulb <bo@example.org>\n\
                    description: |\n  Ask the very kind Cy Socket, cy@example.org\n";
        let found: Vec<String> = people(text.as_bytes()).iter().map(Person::mailbox).collect();
        assert_eq!(
            found,
            ["Ada Lamp <ada@example.org>", "\"Bo J. Bulb\" <bo@example.org>", "Cy Socket <cy@example.org>"]
        );
    }
}
