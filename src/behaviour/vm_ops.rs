//! The vm_ops that a handler and its conversion install, compared member by member.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Functions;
use super::conversion::{followed, written};
use super::term::{Part, Term};
use crate::rules::{StateEffect, StateKind};

/// Looks up the tables of a handler and of its conversion.
pub(super) struct VmOps<'f, 'a> {
    /// The functions before, and the file of the handler.
    old: (&'f Functions<'a>, u32),
    /// The functions after, and the file of the conversion.
    new: (&'f Functions<'a>, u32),
    /// The pairs of tables that were compared.
    known: RefCell<BTreeMap<(Term, Term), Differing>>,
}

/// The members in which two tables differ; `None` if a table is not found.
type Differing = Option<Rc<[Member]>>;

/// A member that has another function than before.
pub(super) struct Member {
    pub name: String,
    pub old: Option<String>,
    pub new: Option<String>,
}

impl<'f, 'a> VmOps<'f, 'a> {
    /// Tables of a handler and of its conversion, as their files mean them.
    pub(super) fn new(old: (&'f Functions<'a>, u32), new: (&'f Functions<'a>, u32)) -> VmOps<'f, 'a> {
        VmOps { old, new, known: RefCell::default() }
    }

    /// The members in which two tables differ, but for `mapped`: state per mapping moves there. `None` if a table is not found. A function
    /// of another name is the same if the old name is gone and the new one was not there.
    pub(super) fn differences(&self, old: &Term, new: &Term) -> Differing {
        let mut known = self.known.borrow_mut();
        known.entry((old.clone(), new.clone())).or_insert_with(|| self.compared(old, new)).clone()
    }

    fn compared(&self, old: &Term, new: &Term) -> Differing {
        let (old, new) = (members(self.old, old)?, members(self.new, new)?);
        let has = |(functions, file): (&Functions, u32), name: &str| functions.own(name, file).is_some();
        // The conversion may be a function of another file.
        let path = &self.old.0.context.index.file(self.old.1).path;
        let same_file = self.new.0.context.index.numbered(path).map(|file| (self.new.0, file));
        let is_gone = |was: &str| !has(self.new, was) && !same_file.is_some_and(|new| has(new, was));
        let is_new = |is: &str| !has(self.old, is);
        let is_renamed = |was: &str, is: &str| has(self.old, was) && is_gone(was) && is_new(is);
        let is_same = |was: Option<&String>, is: Option<&String>| match (was, is) {
            (Some(was), Some(is)) => was == is || is_renamed(was, is),
            (was, is) => was.is_none() && is.is_none(),
        };
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).filter(|name| *name != "mapped").collect();
        let differ = names.into_iter().filter(|name| !is_same(old.get(*name), new.get(*name)));
        let member =
            |name: &String| Member { name: name.clone(), old: old.get(name).cloned(), new: new.get(name).cloned() };
        let differ: Vec<Member> = differ.map(member).collect();
        let kept = ["open", "close"].into_iter().filter(|name| !differ.iter().any(|member| member.name == *name));
        let lost: Vec<Member> = kept.filter_map(|name| self.lost_call(name, old.get(name)?, new.get(name)?)).collect();
        Some(differ.into_iter().chain(lost).collect())
    }

    /// A member whose function takes or gives back less than before: `close` without its `kref_put()`.
    fn lost_call(&self, member: &str, was: &str, is: &str) -> Option<Member> {
        let (before, after) = (Effects::of(self.old, was)?, Effects::of(self.new, is)?);
        let called = before.calls.iter().find(|(_, kind)| !after.calls.iter().any(|(_, other)| other == kind));
        let written = || before.members.difference(&after.members).next().map(|member| format!("changes {member}"));
        let what = called.map(|(call, _)| format!("calls {call}()")).or_else(written)?;
        let (old, new) = (format!("{was}, which {what}"), format!("{is}, which does not"));
        Some(Member { name: member.to_owned(), old: Some(old), new: Some(new) })
    }
}

/// What a function changes, by itself or by the driver's own functions.
struct Effects {
    /// The calls that take or give back state, each with the kind and whether it gives back.
    calls: Vec<(String, (StateKind, bool))>,
    /// The members that it writes.
    members: BTreeSet<String>,
}

impl Effects {
    /// Effects of a function; `None` if it is not found.
    fn of((functions, file): (&Functions, u32), name: &str) -> Option<Effects> {
        let id = functions.own_item(name, file)?;
        let callees = functions.callees(id, &|_| true);
        let members = followed(functions, id, &callees).iter().flat_map(|function| written(&function.body)).collect();
        let kind = |name: &str| match functions.context.rules.state(name)? {
            StateEffect::Takes(taking) => Some((taking.kind, false)),
            StateEffect::Undoes(kind, _) => Some((kind, true)),
        };
        let calls = callees.others.into_iter().filter_map(|name| kind(&name).map(|kind| (name, kind))).collect();
        Some(Effects { calls, members })
    }
}

/// The functions in a table, by member.
fn members((functions, file): (&Functions, u32), table: &Term) -> Option<BTreeMap<String, String>> {
    let Part::Address(table) = table.as_part()? else { return None };
    functions.context.index.table_members(table.as_name()?, file)
}
