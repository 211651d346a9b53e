//! Refusals: values of objects with which a function refuses a mapping, as in `if (lamp->owner) return -EBUSY;`.

mod failing;
mod reader;

use memchr::memmem;

use self::reader::Reader;
use super::Lowerer;
use crate::index::{ItemId, Scope};
use crate::source::ast::{Expression, ExpressionKind as E, Function};
use crate::source::operator::Prefix;
use crate::source::visit::{self, Seen};
use crate::source::{identifier_end, identifiers, spelled};

/// An object and a value with which the function refuses a mapping.
#[derive(Debug)]
pub(super) struct Refusal {
    /// Name of the object, without the local pointers that lead to it.
    pub(super) object: String,
    pub(super) refused: Refused,
    /// The called function that refuses, if it is not the function itself.
    pub(super) by: Option<String>,
}

/// Values of an object. Constants are as written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    NonZero,
    Zero,
    Equal(String),
    /// Any but these.
    Other(Vec<String>),
    Bit(String),
    NoBit(String),
    /// What decides is another value, which a mapping may bring again: `lamp->file != file`, `lamp->left < pages`.
    Compared,
}

impl Refused {
    fn opposite(self) -> Refused {
        match self {
            Refused::NonZero => Refused::Zero,
            Refused::Zero => Refused::NonZero,
            Refused::Equal(value) => Refused::Other(vec![value]),
            Refused::Other(mut values) => values.pop().map_or(Refused::Compared, Refused::Equal),
            Refused::Bit(bit) => Refused::NoBit(bit),
            Refused::NoBit(bit) => Refused::Bit(bit),
            Refused::Compared => Refused::Compared,
        }
    }
}

impl Lowerer<'_> {
    /// The objects with whose values a function refuses a mapping: by itself, or by a function of the driver that it calls.
    pub(super) fn refusals(&self, function: &Function) -> Vec<Refusal> {
        let own = Reader { lowerer: self, scope: &self.scope, body: &function.body, is_called: false };
        let mut found = own.refusals();
        visit::statements(&function.body, &mut |seen| {
            if let Seen::Expression(Expression { kind: E::Call { callee, arguments }, .. }) = seen
                && let Some(name) = callee.name()
            {
                self.each_callee(name, may_refuse, |callee, scope| {
                    let reader = Reader { lowerer: self, scope, body: &callee.body, is_called: true };
                    let refusals = reader.refusals().into_iter();
                    found.extend(refusals.filter_map(|refusal| in_words_of_caller(refusal, callee, arguments)));
                });
            }
        });
        found.into_iter().map(|refusal| Refusal { object: self.canonical(refusal.object), ..refusal }).collect()
    }

    /// Visits the functions of the driver that a name means, if their text is worth it.
    pub(super) fn each_callee(
        &self,
        name: &str,
        is_worth: impl Fn(&[u8]) -> bool,
        mut see: impl FnMut(&Function, &Scope),
    ) {
        if self.scope.get(name).is_some() {
            return;
        }
        let index = self.context.index;
        let worth = |id: &ItemId| is_worth(index.item(*id).span.of(&index.file(id.file).text));
        for id in self.driver_functions(name).into_iter().filter(worth) {
            for function in &self.context.function(id).variants {
                see(function, &Scope::of(function));
            }
        }
    }

    /// Whether a value is a constant, or a name that is no local: of an `enum`.
    pub(super) fn is_fixed(&self, value: &Expression) -> bool {
        self.is_constant(value) || value.name().is_some_and(|name| self.scope.get(name).is_none())
    }

    /// Name of an object without the local pointers and copies that lead to it: `lamp->busy` for `*busy` after `busy = &lamp->busy`.
    pub(super) fn canonical(&self, mut object: String) -> String {
        const DEPTH: usize = 4;
        object = member_path(&object);
        for _ in 0..DEPTH {
            let (root, rest) = object.split_at(identifier_end(object.as_bytes(), 0));
            let values = self.locals.pointers.get(root).map_or(&[][..], Vec::as_slice);
            let value = match values {
                [only] => only,
                // Another value may come later. The first is a copy all the same.
                [first, ..] if rest.is_empty() => first,
                _ => break,
            };
            let is_path = matches!(value.kind, E::Field { .. }) || (value.name().is_some() && !rest.is_empty());
            // `lamp = lamp->next` leads nowhere.
            let is_own = |path: &String| identifiers(path.as_bytes()).next() == Some(root);
            let Some(path) = spelled(value).filter(|path| is_path && !is_own(path)) else { break };
            object = format!("{}{rest}", member_path(&path));
        }
        object
    }
}

/// Whether the text of a function may refuse something. This is much faster than a look at its syntax.
fn may_refuse(text: &[u8]) -> bool {
    [&b"-E"[..], b"false", b"true"].iter().any(|sign| memmem::find(text, sign).is_some())
}

/// Name of an object in the words of a function, without its address operator.
pub(super) fn named(object: &Expression) -> Option<String> {
    match &object.bare().kind {
        E::Unary { operator: Prefix::Address | Prefix::Target, operand } => named(operand),
        E::Name(_) | E::Field { .. } | E::Index { .. } => spelled(object.bare()),
        _ => None,
    }
}

/// Text of a constant, or of an expression with one.
pub(super) fn constant(value: &Expression) -> String {
    spelled(value.bare()).unwrap_or_default()
}

/// A path to a member in one spelling: `lamp.state.busy` for `lamp->state.busy`, and for `state->busy` with `state = &lamp->state`.
fn member_path(path: &str) -> String {
    path.replace("->", ".")
}

/// A refusal of a called function in the words of its caller. `None` if its object does not lead from an argument.
fn in_words_of_caller(refusal: Refusal, callee: &Function, arguments: &[Expression]) -> Option<Refusal> {
    let object = argument_path(&refusal.object, callee, arguments)?;
    Some(Refusal { object, by: Some(callee.name.clone()), ..refusal })
}

/// The path to a member of an argument, from its path in the called function.
pub(super) fn argument_path(path: &str, callee: &Function, arguments: &[Expression]) -> Option<String> {
    let (root, rest) = path.split_at(identifier_end(path.as_bytes(), 0));
    let position = callee.parameters.iter().position(|parameter| parameter.name == root)?;
    let argument = arguments.get(position)?.bare();
    let (name, is_address) = (named(argument)?, matches!(argument.kind, E::Unary { .. }));
    let member = rest.strip_prefix("->").or_else(|| rest.strip_prefix('.'))?;
    Some(format!("{name}{}{member}", if is_address { "." } else { "->" }))
}
