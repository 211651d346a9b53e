//! People in MAINTAINERS, and their current names in `.mailmap`, both read as scripts/get_maintainer.pl reads them.

use rustc_hash::FxHashMap;

use super::Tree;

/// Maximum length in bytes of MAINTAINERS and of .mailmap. A kernel's MAINTAINERS has one million.
pub(super) const LENGTH_LIMIT: usize = 8 << 20;

/// A name, which may be empty, and an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Name, without quotes.
    pub name: String,
    /// Address.
    pub address: String,
}

impl Person {
    /// Parses `Name <address>`, `<address>` or `address`; `None` without an `@`.
    pub fn parse(text: &str) -> Option<Person> {
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => (name, rest.rsplit_once('>').map_or(rest, |(address, _)| address)),
            None => ("", text.split_whitespace().next().unwrap_or_default()),
        };
        let name = name.trim().trim_matches('"').to_owned();
        let address = address.trim().to_owned();
        address.contains('@').then_some(Person { name, address })
    }

    /// Formats the person for a mail header. A name with special characters is quoted.
    pub fn mailbox(&self) -> String {
        const SPECIAL: [char; 12] = ['(', ')', ',', '.', ':', ';', '@', '[', ']', '<', '>', '\\'];
        match self.name.as_str() {
            "" => self.address.clone(),
            name if name.contains(SPECIAL) || name.contains('"') => {
                let name = name.replace('\\', "\\\\").replace('"', "\\\"");
                format!("\"{name}\" <{}>", self.address)
            }
            name => format!("{name} <{}>", self.address),
        }
    }
}

/// Current names and addresses of people.
#[derive(Debug, Default)]
pub struct Mailmap {
    /// Current person by old address, then by old name. An empty old name stands for all names of the address.
    entries: FxHashMap<String, FxHashMap<String, Person>>,
}

impl Mailmap {
    /// Reads the `.mailmap` of a tree. Without one, all people keep their names.
    pub fn read(tree: &Tree) -> Mailmap {
        let mut entries: FxHashMap<String, FxHashMap<String, Person>> = FxHashMap::default();
        for line in tree.short_text(".mailmap", LENGTH_LIMIT).unwrap_or_default().lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            // `Name <new>`, `<new> <old>`, `Name <new> <old>`, `Name <new> Old Name <old>`
            let mut people = line.split_inclusive('>').filter_map(Person::parse);
            let (new, old) = match (people.next(), people.next()) {
                (Some(only), None) => {
                    let old = Person { name: String::new(), address: only.address.clone() };
                    (Person { address: String::new(), ..only }, old)
                }
                (Some(new), Some(old)) => (new, old),
                _ => continue,
            };
            let entry = entries.entry(old.address).or_default().entry(old.name).or_default();
            if !new.name.is_empty() {
                entry.name = new.name;
            }
            if !new.address.is_empty() {
                entry.address = new.address;
            }
        }
        Mailmap { entries }
    }

    /// Current name and address of a person.
    pub fn current(&self, person: Person) -> Person {
        let known = self.entries.get(&person.address);
        let called = |name: &str| known.and_then(|known| known.get(name));
        let Some(entry) = called(&person.name).or_else(|| called("")) else { return person };
        let or = |new: &String, old: &String| if new.is_empty() { old.clone() } else { new.clone() };
        Person { name: or(&entry.name, &person.name), address: or(&entry.address, &person.address) }
    }
}
