//! People as MAINTAINERS names them, and as `.mailmap` says that they are called now, both as scripts/get_maintainer.pl reads them.

use rustc_hash::FxHashMap;

use super::Tree;

/// A MAINTAINERS or a .mailmap longer than this many bytes is not read: that of a kernel has one million.
pub(super) const LENGTH_LIMIT: usize = 8 << 20;

/// A name, which may be empty, and an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The name, without quotes.
    pub name: String,
    /// The address.
    pub address: String,
}

impl Person {
    /// Reads `Name <address>`, `<address>` or `address`; what has no `@` is nobody.
    pub fn parse(text: &str) -> Option<Person> {
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => (name, rest.rsplit_once('>').map_or(rest, |(address, _)| address)),
            None => ("", text.split_whitespace().next().unwrap_or_default()),
        };
        let name = name.trim().trim_matches('"').to_owned();
        let address = address.trim().to_owned();
        address.contains('@').then_some(Person { name, address })
    }

    /// As a mail's header has it: a name with signs that mean something there is quoted.
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

/// What people are called now.
#[derive(Debug, Default)]
pub struct Mailmap {
    /// By the address that they had: the name that they had with it, empty for all of that address, and what they are called now.
    entries: FxHashMap<String, FxHashMap<String, Person>>,
}

impl Mailmap {
    /// Reads the `.mailmap` of a tree; a tree without one calls nobody anything else.
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

    /// What somebody is called now.
    pub fn current(&self, person: Person) -> Person {
        let known = self.entries.get(&person.address);
        let called = |name: &str| known.and_then(|known| known.get(name));
        let Some(entry) = called(&person.name).or_else(|| called("")) else { return person };
        let or = |new: &String, old: &String| if new.is_empty() { old.clone() } else { new.clone() };
        Person { name: or(&entry.name, &person.name), address: or(&entry.address, &person.address) }
    }
}
