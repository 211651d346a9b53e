//! Claims: writes that make the function refuse the next mapping, as in `if (lamp->owner) return -EBUSY; lamp->owner = current;`.

use super::Lowerer;
use super::conditions::{Member, is_zero};
use super::refusals::{Refusal, Refused, argument_path, constant, named};
use crate::rules::Idiom;
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Function};
use crate::source::operator::{Arithmetic, Binary};
use crate::source::visit::{self, Seen};
use crate::vma::event::{Event, EventKind, Write};

/// How a value comes from what an object holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Made {
    /// Not at all.
    Otherwise,
    /// It is the same.
    Copied,
    /// It is a sum or a difference with it.
    Computed,
}

impl Lowerer<'_> {
    /// Whether a write gives an object a value with which the function refuses the next mapping.
    pub(super) fn is_claim(&self, operator: Option<Arithmetic>, object: &Expression, value: &Expression) -> bool {
        named(object).is_some_and(|object| self.is_claim_of(operator, object, value, None))
    }

    fn is_claim_of(
        &self,
        operator: Option<Arithmetic>,
        object: String,
        value: &Expression,
        writer: Option<&str>,
    ) -> bool {
        let written = constant(value);
        // A function that refuses and writes is judged by itself.
        let is_other = |refusal: &&Refusal| writer.is_none() || refusal.by.as_deref() != writer;
        let refusals = self.refusals_of(object.clone()).filter(is_other);
        let mut refusals = refusals.map(|refusal| &refusal.refused).peekable();
        if refusals.peek().is_some() && operator.is_none() && self.is_computed_from(value, &object) {
            return true;
        }
        refusals.any(|refused| match (refused, operator) {
            (Refused::NonZero, None | Some(Arithmetic::Or)) => !is_zero(value),
            (Refused::Zero, None) => is_zero(value),
            (Refused::Equal(constant), None) => written == *constant,
            (Refused::Other(constants), None) => {
                !constants.contains(&written) && (self.is_fixed(value) || is_zero(value))
            }
            (Refused::Bit(bit), Some(Arithmetic::Or)) | (Refused::NoBit(bit), Some(Arithmetic::And)) => {
                written.contains(bit.as_str())
            }
            _ => false,
        })
    }

    /// Reports the claims of a function of the driver that only its caller's refusals show: `lamp_set_owner(lamp, current)`.
    pub(super) fn claims_of_callee(&mut self, name: &str, arguments: &[Expression], span: Span) {
        if self.refusals.is_empty() {
            return;
        }
        let mut claimed = Vec::new();
        self.each_callee(
            name,
            |_| true,
            |callee, _| {
                visit::statements(&callee.body, &mut |seen| {
                    if let Seen::Expression(Expression { kind: E::Assign { operator, target, value }, .. }) = seen
                        && !self.is_given_own(target, callee, arguments)
                        && let Some(path) = named(target)
                        && let Some(object) = argument_path(&path, callee, arguments)
                        && self.is_claim_of(*operator, object.clone(), given(value, callee, arguments), Some(name))
                    {
                        claimed.push(object);
                    }
                });
            },
        );
        for object in claimed {
            self.event(EventKind::SharedWrite { object, write: Write::Refuses }, span);
        }
    }

    /// Whether a called function writes to an object of its caller's frame.
    fn is_given_own(&self, target: &Expression, callee: &Function, arguments: &[Expression]) -> bool {
        let root = target.root();
        let mut given = callee.parameters.iter().zip(arguments).filter(|(parameter, _)| root == Some(&parameter.name));
        given.any(|(_, argument)| self.points_to_own(argument))
    }

    /// Whether a value is computed from what an object holds: `max(lamp->count, 0) + 1`, or a local that is.
    pub(super) fn is_computed_from(&self, value: &Expression, object: &str) -> bool {
        self.is_made(value, &self.canonical(object.to_owned()), 0) == Made::Computed
    }

    fn is_made(&self, value: &Expression, object: &str, depth: usize) -> Made {
        const DEPTH: usize = 4;
        let made = |part: &Expression| self.is_made(part, object, depth);
        match &value.bare().kind {
            E::Field { .. } | E::Unary { .. } if named(value).is_some_and(|name| self.canonical(name) == object) => {
                Made::Copied
            }
            E::Binary { operator: Binary::Arithmetic(Arithmetic::Plus | Arithmetic::Minus), left, right } => {
                let is_made = made(left) != Made::Otherwise || made(right) != Made::Otherwise;
                if is_made { Made::Computed } else { Made::Otherwise }
            }
            E::Conditional { condition, then, otherwise } => {
                made(then.as_deref().unwrap_or(condition)).max(made(otherwise))
            }
            E::Call { callee, arguments } => {
                let is_load = |name: &str| self.context.rules.idiom(name).is_some_and(Idiom::is_load);
                let computes = |name: &str| name != "sizeof" && (self.context.rules.is_silent(name) || is_load(name));
                let is_known = callee.name().is_some_and(computes);
                arguments.iter().filter(|_| is_known).map(made).max().unwrap_or(Made::Otherwise)
            }
            E::Name(name) if depth < DEPTH => {
                let values = self.locals.pointers.get(name).into_iter().flatten();
                let made = values.map(|value| self.is_made(value, object, depth + 1)).max();
                match made.unwrap_or(Made::Otherwise) {
                    Made::Copied if self.locals.stepped.contains(name) => Made::Computed,
                    made => made,
                }
            }
            _ => Made::Otherwise,
        }
    }

    /// Whether the function takes from what an object holds, and refuses a mapping for which that does not suffice.
    pub(super) fn is_spent(&self, object: &Expression) -> bool {
        let text = self.written(object);
        let gives_back = |event: &Event| matches!(&event.kind, EventKind::Take { object: taken, .. } if *taken == text);
        let is_refused = named(object).is_some_and(|object| self.refusals_of(object).next().is_some());
        is_refused && !self.out.events.iter().any(gives_back)
    }

    /// Whether the function refuses a mapping if a member has been made.
    pub(super) fn refuses_made(&self, member: &Member) -> bool {
        let Member::Named(member) = member else { return false };
        let mut refusals = self.refusals_of(member.clone());
        refusals.any(|refusal| matches!(refusal.refused, Refused::NonZero | Refused::Other(_)))
    }

    /// Whether the function refuses a mapping if a bit is set: `test_bit(BUSY, &lamp->flags)`.
    pub(super) fn is_claimed_bit(&self, bit: &Expression, object: &Expression) -> bool {
        let bit = Refused::Bit(constant(bit));
        named(object).is_some_and(|object| self.refusals_of(object).any(|refusal| refusal.refused == bit))
    }

    fn refusals_of(&self, object: String) -> impl Iterator<Item = &Refusal> {
        let object = self.canonical(object);
        self.refusals.iter().filter(move |refusal| refusal.object == object)
    }
}

/// The value that a called function writes, in the words of its caller.
fn given<'e>(value: &'e Expression, callee: &Function, arguments: &'e [Expression]) -> &'e Expression {
    let is_it = |name: &str| callee.parameters.iter().position(|parameter| parameter.name == name);
    value.name().and_then(is_it).and_then(|position| arguments.get(position)).unwrap_or(value)
}
