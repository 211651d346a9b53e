//! Claims: writes that make the function refuse the next mapping, as in `if (lamp->owner) return -EBUSY; lamp->owner = current;`.

use super::Lowerer;
use super::conditions::{Member, is_zero};
use crate::rules::Idiom;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::visit::{self, Seen};
use crate::vma::event::{Event, EventKind};

/// An object, as written, and a value with which the function refuses a mapping.
#[derive(Debug)]
pub(super) struct Refusal {
    object: String,
    refused: Refused,
}

/// Values of an object. Constants are as written.
#[derive(Debug, PartialEq, Eq)]
enum Refused {
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
    /// The objects with whose values a function refuses a mapping.
    pub(super) fn refusals(&self, body: &[Statement]) -> Vec<Refusal> {
        let mut found = Vec::new();
        visit::each_block(body, &mut |block| {
            for statement in block {
                match &statement.kind {
                    S::If { condition, then, otherwise } => {
                        found.extend(self.refused_by(condition, [then, otherwise], body));
                    }
                    S::Switch { value, arms, labels, .. } => {
                        let failing = arms.iter().zip(labels).filter(|(arm, _)| self.fails(arm, body));
                        for (_, label) in failing {
                            let others = labels.iter().flatten().map(|other| self.bare_text(other));
                            let refused = match label {
                                Some(label) => Refused::Equal(self.bare_text(label)),
                                None => Refused::Other(others.collect()),
                            };
                            found.extend(self.object_of(value).map(|object| Refusal { object, refused }));
                        }
                    }
                    _ => {}
                }
            }
        });
        found
    }

    /// The refusals of an `if` with its two arms.
    fn refused_by(
        &self,
        condition: &Expression,
        [then, otherwise]: [&[Statement]; 2],
        body: &[Statement],
    ) -> Vec<Refusal> {
        let mut refused = Vec::new();
        if self.fails(then, body) {
            self.tested(condition, true, &mut refused);
        } else if self.fails(otherwise, body) || (otherwise.is_empty() && clears_error(then, body)) {
            self.tested(condition, false, &mut refused);
        }
        let is_compared = |refusal: &Refusal| refusal.refused == Refused::Compared;
        let compared: Vec<String> =
            refused.iter().filter(|refusal| is_compared(refusal)).map(|refusal| refusal.object.clone()).collect();
        refused.retain(|refusal| is_compared(refusal) || !compared.contains(&refusal.object));
        united(refused)
    }

    /// Whether a write gives an object a value with which the function refuses the next mapping.
    pub(super) fn is_claim(&self, operator: &str, object: &str, value: &Expression) -> bool {
        let written = self.bare_text(value);
        let mut refusals = self.refusals_of(object).peekable();
        if refusals.peek().is_some() && operator == "=" && self.is_computed_from(value, bare_name(object)) {
            return true;
        }
        refusals.any(|refused| match (refused, operator) {
            (Refused::NonZero, "=" | "|=") => !is_zero(value),
            (Refused::Zero, "=") => is_zero(value),
            (Refused::Equal(constant), "=") => written == *constant,
            (Refused::Other(constants), "=") => {
                !constants.contains(&written) && (self.is_fixed(value) || is_zero(value))
            }
            (Refused::Bit(bit), "|=") | (Refused::NoBit(bit), "&=") => written.contains(bit.as_str()),
            _ => false,
        })
    }

    /// Whether a value is made from what an object holds: `max(lamp->count, 0) + 1`, or a local that is.
    fn is_computed_from(&self, value: &Expression, object: &str) -> bool {
        let is_made = |part: &Expression| self.is_computed_from(part, object);
        match &value.bare().kind {
            E::Field { .. } => self.bare_text(value) == object,
            E::Binary { left, right, .. } => is_made(left) || is_made(right),
            E::Call { callee, arguments } => {
                let computes = |name: &str| name != "sizeof" && self.context.rules.is_silent(name);
                callee.name().is_some_and(computes) && arguments.iter().any(is_made)
            }
            E::Name(name) => {
                let values = self.locals.pointers.get(name).into_iter().flatten();
                let computed = |value: &Expression| matches!(value.kind, E::Binary { .. });
                // Its text alone: a local may be made from itself.
                values.filter(|value| computed(value)).any(|value| self.bare_text(value).contains(object))
            }
            _ => false,
        }
    }

    /// Whether the function takes from what an object holds, and refuses a mapping for which that does not suffice.
    pub(super) fn is_spent(&self, object: &str) -> bool {
        let gives_back =
            |event: &Event| matches!(&event.kind, EventKind::Take { object: taken, .. } if taken == object);
        self.refusals_of(object).next().is_some() && !self.out.events.iter().any(gives_back)
    }

    /// Whether the function refuses a mapping if a member has been made.
    pub(super) fn refuses_made(&self, member: &Member) -> bool {
        let Member::Named(member) = member else { return false };
        self.refusals_of(member).any(|refused| matches!(refused, Refused::NonZero | Refused::Other(_)))
    }

    /// Whether the function refuses a mapping if a bit is set: `test_bit(BUSY, &lamp->flags)`.
    pub(super) fn is_claimed_bit(&self, bit: &Expression, object: &str) -> bool {
        let bit = self.bare_text(bit);
        self.refusals_of(object).any(|refused| *refused == Refused::Bit(bit.clone()))
    }

    fn refusals_of(&self, object: &str) -> impl Iterator<Item = &Refused> {
        let bare = bare_name(object);
        let object = self.copied(bare).unwrap_or_else(|| bare.to_owned());
        self.refusals.iter().filter(move |refusal| refusal.object == object).map(|refusal| &refusal.refused)
    }

    /// Collects the values of objects that a condition needs in order to hold, or not to hold.
    fn tested(&self, condition: &Expression, holds: bool, found: &mut Vec<Refusal>) {
        let condition = condition.bare();
        let mut add = |object: &Expression, refused: Refused| {
            let refused = if holds { refused } else { refused.opposite() };
            if let Some(object) = self.object_of(object) {
                found.push(Refusal { object, refused });
            }
        };
        match &condition.kind {
            E::Unary { operator, operand } if operator == "!" => self.tested(operand, !holds, found),
            E::Binary { operator, left, right } => match operator.as_str() {
                "&&" | "||" => {
                    self.tested(left, holds, found);
                    self.tested(right, holds, found);
                }
                "==" if is_zero(right) => self.tested(left, !holds, found),
                "!=" if is_zero(right) => self.tested(left, holds, found),
                ">" if is_zero(right) => add(left, Refused::NonZero),
                "==" if self.is_fixed(right) => add(left, Refused::Equal(self.bare_text(right))),
                "!=" if self.is_fixed(right) => add(left, Refused::Other(vec![self.bare_text(right)])),
                "==" | "!=" | "<" | ">" | "<=" | ">=" => {
                    add(left, Refused::Compared);
                    add(right, Refused::Compared);
                }
                "&" if self.is_constant(right) => add(left, Refused::Bit(self.bare_text(right))),
                _ => {}
            },
            E::Call { callee, arguments } => match (callee.name(), arguments.as_slice()) {
                (Some(name), [argument, ..]) if self.context.rules.idiom(name).is_some_and(Idiom::is_truth) => {
                    self.tested(argument, holds, found);
                }
                (Some("test_bit"), [bit, object]) => add(object, Refused::Bit(self.bare_text(bit))),
                _ => add(condition, Refused::NonZero),
            },
            _ => add(condition, Refused::NonZero),
        }
    }

    /// Text of the object that an expression reads: `lamp->owner` for itself, `READ_ONCE(lamp->owner)` and `atomic_read(&lamp->owner)`.
    fn object_of(&self, value: &Expression) -> Option<String> {
        let value = value.bare();
        match &value.kind {
            E::Name(name) => Some(self.copied(name).unwrap_or_else(|| name.clone())),
            E::Field { .. } | E::Index { .. } => Some(self.bare_text(value)),
            E::Unary { operator, operand } if operator == "&" || operator == "*" => self.object_of(operand),
            E::Call { callee, arguments } => match arguments.as_slice() {
                [object]
                    if callee.name().and_then(|name| self.context.rules.idiom(name)).is_some_and(Idiom::is_load) =>
                {
                    self.object_of(object)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn bare_text(&self, value: &Expression) -> String {
        bare_name(&value.bare().text(self.text)).to_owned()
    }

    /// The member that a local is a copy of, or points to: `int busy = lamp->busy`, `int *busy = &lamp->busy`.
    fn copied(&self, local: &str) -> Option<String> {
        match self.locals.pointers.get(local).map(Vec::as_slice) {
            Some([copy @ Expression { kind: E::Field { .. }, .. }, ..]) => Some(self.bare_text(copy)),
            _ => None,
        }
    }

    /// Whether a value is a constant, or a name that is no local: of an `enum`.
    fn is_fixed(&self, value: &Expression) -> bool {
        self.is_constant(value) || value.name().is_some_and(|name| self.scope.get(name).is_none())
    }

    /// Whether statements leave the function with an error number, at their end or behind the label to which they go.
    fn fails(&self, statements: &[Statement], body: &[Statement]) -> bool {
        match statements.last().map(|last| &last.kind) {
            Some(S::Return(Some(value))) => {
                let is_other_truth = || {
                    let last = body.last().and_then(Statement::returned).and_then(Expression::name);
                    matches!((value.name(), last), (Some("false"), Some("true")) | (Some("true"), Some("false")))
                };
                value.is_error_number() || (value.name().is_some() && names_error(statements)) || is_other_truth()
            }
            Some(S::Goto(label)) => names_error(statements) || names_error(behind(label, body)),
            Some(S::Block(inner)) => self.fails(inner, body),
            Some(S::Expression(_)) => names_error(&statements[statements.len() - 1..]),
            _ => false,
        }
    }
}

/// Refusals in which all values that one object may have stand together: `mode != OFF && mode != ON`.
fn united(refusals: Vec<Refusal>) -> Vec<Refusal> {
    let mut united: Vec<Refusal> = Vec::new();
    for refusal in refusals {
        let known = united.iter_mut().find(|known| known.object == refusal.object);
        match (known.map(|known| &mut known.refused), refusal.refused) {
            (Some(Refused::Other(known)), Refused::Other(more)) => known.extend(more),
            (_, refused) => united.push(Refusal { object: refusal.object, refused }),
        }
    }
    united
}

/// The statements behind a label of a function, as far as its return.
fn behind<'s>(label: &str, body: &'s [Statement]) -> &'s [Statement] {
    let is_label = |statement: &Statement| matches!(&statement.kind, S::Label(name) if name == label);
    let Some(start) = body.iter().position(is_label) else { return &[] };
    let rest = &body[start..];
    let end = rest.iter().position(|statement| matches!(statement.kind, S::Return(_)));
    &rest[..end.map_or(rest.len(), |end| end + 1)]
}

/// Whether statements set a variable to zero that holds an error number before: `int ret = -EBUSY; if (!lamp->busy) { ...; ret = 0; }`.
fn clears_error(statements: &[Statement], body: &[Statement]) -> bool {
    let mut cleared = Vec::new();
    visit::statements(statements, &mut |seen| match seen {
        Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) if is_zero(value) => {
            cleared.extend(target.name());
        }
        _ => {}
    });
    let mut is_set = false;
    visit::statements(body, &mut |seen| {
        is_set |= match seen {
            Seen::Declared(declared) => {
                declared.value.as_ref().is_some_and(Expression::is_error_number)
                    && cleared.contains(&declared.name.as_str())
            }
            Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) => {
                value.is_error_number() && target.name().is_some_and(|name| cleared.contains(&name))
            }
            Seen::Expression(_) => false,
        };
    });
    is_set
}

/// Whether an error number stands among statements.
fn names_error(statements: &[Statement]) -> bool {
    let mut found = false;
    visit::statements(statements, &mut |seen| {
        found |= matches!(seen, Seen::Expression(value) if value.is_error_number());
    });
    found
}

/// The text of an object or a constant without its address operator and outer parentheses.
fn bare_name(object: &str) -> &str {
    object.trim_start_matches(['&', '*', '(']).trim_end_matches(')')
}
