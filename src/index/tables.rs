//! Reads the initialiser of a table for the hooks it sets.

use super::{Hook, Index, Types};
use crate::source::Span;
use crate::source::ast::{Entry, Expression, ExpressionKind as E};
use crate::source::operator::Prefix;

/// Handler of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handler {
    /// A function, by name.
    Function(String),
    /// `NULL`.
    Null,
    /// The handler of another table: `other_fops.mmap`.
    OfTable {
        /// Variable of the other table.
        table: String,
        /// Member that is read.
        member: String,
    },
    /// Text of any other expression.
    Other(String),
}

/// A hook that an initialiser or an assignment sets.
#[derive(Debug)]
pub struct Found {
    pub hook: Hook,
    pub handler: Handler,
    /// Range of the entry that sets it.
    pub span: Span,
}

/// Contents of an initialiser.
#[derive(Debug, Default)]
pub struct Table {
    /// Hooks that it sets, including those of nested members and of array elements.
    pub found: Vec<Found>,
    /// Ranges of the entries that were read, whatever they set.
    pub covered: Vec<Span>,
}

/// Reads initialisers of tables.
pub struct Entries<'i> {
    pub index: &'i Index,
    pub types: Types<'i>,
    pub file: u32,
    /// Text that the initialiser was parsed from: the file's, or an expansion.
    pub text: &'i [u8],
}

impl Entries<'_> {
    /// Reads an initialiser of `struct tag`.
    pub fn read(&self, tag: Option<&str>, value: &Expression) -> Table {
        let mut table = Table::default();
        self.list(tag, value, &mut table);
        table
    }

    fn list(&self, tag: Option<&str>, value: &Expression, table: &mut Table) {
        let E::Initializer { ty, entries } = &value.bare().kind else { return };
        let own = ty.as_ref().and_then(|ty| self.types.tag_of(ty, self.file));
        for entry in entries {
            table.covered.push(entry.span);
            self.entry(own.as_deref().or(tag), entry, table);
        }
    }

    fn entry(&self, tag: Option<&str>, entry: &Entry, table: &mut Table) {
        let Some((last, outer)) = entry.members.split_last() else {
            // An element of an array of tables, or a positional member, whose type is not followed.
            return self.list(tag, &entry.value, table);
        };
        let mut record = tag.map(str::to_owned);
        for member in outer {
            record = record
                .and_then(|record| self.types.member(&record, member, self.file))
                .and_then(|ty| ty.tag().map(str::to_owned));
        }
        if let E::Initializer { .. } = entry.value.bare().kind {
            let inner = record
                .and_then(|record| self.types.member(&record, last, self.file))
                .and_then(|ty| ty.tag().map(str::to_owned));
            return self.list(inner.as_deref(), &entry.value, table);
        }
        // `&(struct file_operations){ ... }`
        if let E::Unary { operand, .. } = &entry.value.bare().kind
            && matches!(operand.kind, E::Initializer { .. })
        {
            return self.list(None, operand, table);
        }
        let hook = match &record {
            Some(record) => self.index.hooks().find(record, last),
            // If the type of the record is unknown, a single hook of that name is meant.
            None => {
                self.index.hooks().with_member(last).first().filter(|_| self.index.hooks().with_member(last).len() == 1)
            }
        };
        if let Some(hook) = hook {
            for value in alternatives(&entry.value) {
                table.found.push(Found { hook: hook.clone(), handler: handler(value, self.text), span: entry.span });
            }
        }
    }
}

/// Possible values of an initialiser: both arms of a `?:`, and the argument of a macro such as `PTR_IF(x, f)`.
pub fn alternatives(value: &Expression) -> Vec<&Expression> {
    match &value.kind {
        E::Conditional { then: Some(then), otherwise, .. } => vec![then, otherwise],
        E::Call { arguments, .. } => {
            vec![arguments.iter().rfind(|argument| argument.name().is_some()).unwrap_or(value)]
        }
        _ => vec![value],
    }
}

/// Handler that a value names.
pub fn handler(value: &Expression, file: &[u8]) -> Handler {
    let bare = match &value.bare().kind {
        E::Unary { operator: Prefix::Address, operand } => operand,
        _ => value.bare(),
    };
    match &bare.kind {
        E::Name(name) if name == "NULL" => Handler::Null,
        E::Name(name) => Handler::Function(name.clone()),
        E::Number(_) if bare.is_zero() => Handler::Null,
        E::Field { base, name, arrow: false } if base.name().is_some() => {
            Handler::OfTable { table: base.name().unwrap_or_default().to_owned(), member: name.clone() }
        }
        _ => Handler::Other(value.text(file)),
    }
}
