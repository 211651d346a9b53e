//! The value of an expression.

use super::arithmetic::{is_long_zero, number_of, operation};
use super::outcome::{Effect, EffectKind, Gap};
use super::state::State;
use super::store::{member_of, target_of};
use super::term::{Operation, Part, Term};
use super::trace::Event;
use super::walk::{Walk, cut, narrowed};
use crate::index::{Hook, Scope, Takes};
use crate::rules::unprepared;
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind, Type};
use crate::source::operator::{Binary, Prefix};
use crate::source::visit;

/// States with the value that an expression has in each.
pub(super) type Values = Vec<(State, Term)>;

impl Walk<'_, '_> {
    /// Evaluates an expression.
    pub(super) fn value(&mut self, expression: &Expression, state: State) -> Values {
        let values = self.values(expression, state);
        self.bounded(values)
    }

    fn values(&mut self, expression: &Expression, state: State) -> Values {
        match &expression.kind {
            E::Name(name) => match self.reading.constants.values.get(name) {
                Some(constant)
                    if self.may_expand() && !state.locals.contains_key(name) && self.flags_named(name).is_none() =>
                {
                    self.expand(|walk| walk.value(constant, state))
                }
                _ => {
                    let value = self.named(name, &state);
                    vec![(state, value)]
                }
            },
            E::Number(number) => {
                let value = number_of(number).map_or_else(|| Part::Name(number.clone()).into(), Term::constant);
                vec![(state, value)]
            }
            E::Literal => {
                let text = self.text_of(expression);
                vec![(state, Part::Name(self.sized(&text).unwrap_or(text)).into())]
            }
            E::Initializer { .. } => vec![(state, Part::Name(self.text_of(expression)).into())],
            E::Call { .. } => self.call(expression, state, false),
            E::Field { base, name, .. } if self.is_dead_hook(base, name) => vec![(state, Term::constant(0))],
            E::Field { base, name, .. } => {
                let values = self.value(base, state).into_iter();
                values
                    .map(|(mut state, base)| {
                        let value = self.member(&base, name, &state);
                        if state.stale.contains(&value) {
                            state.read_again.insert(value.clone());
                        }
                        (state, value)
                    })
                    .collect()
            }
            E::Index { .. } => {
                let places = self.place(expression, state).into_iter();
                places
                    .map(|(state, place)| {
                        let value = state.memory.get(&place).cloned().unwrap_or(place);
                        (state, value)
                    })
                    .collect()
            }
            E::Unary { operator, operand } => self.unary(*operator, operand, expression, state),
            E::Binary { operator: Binary::Comma, left, right } => {
                let before = self.call(left, state, true).into_iter();
                before.flat_map(|(state, _)| self.value(right, state)).collect()
            }
            E::Binary { operator: Binary::Arithmetic(operator), left, right } => {
                self.both(left, right, state, |left, right| operation(*operator, left, right))
            }
            E::Binary { operator: Binary::Comparison(_) | Binary::Both | Binary::Either, .. } => {
                self.as_number(expression, state)
            }
            E::Assign { operator, target, value } => self.assign(*operator, target, value, expression.span, state),
            E::Step { up, is_prefix, operand } => self.step(*up, *is_prefix, operand, expression.span, state),
            E::Conditional { condition, then: Some(then), otherwise } => {
                let mut values = Vec::new();
                for (state, holds) in self.condition(condition, state) {
                    values.extend(self.value(if holds { then } else { otherwise }, state));
                }
                values
            }
            E::Conditional { condition, then: None, otherwise } => self.value_or(condition, otherwise, state),
            E::Cast { ty, value } => {
                let is_cut = self.cuts_off(ty, value);
                let values = self.value(value, state).into_iter();
                values
                    .map(|(state, value)| (state, if is_cut { cut(ty, value) } else { narrowed(ty, value) }))
                    .collect()
            }
            E::Statements(statements) => self.last_value(statements, state),
            E::Other(parts) => {
                let mut has_local = false;
                for part in parts {
                    visit::expression(part, &mut |part| {
                        has_local |= part.name().is_some_and(|name| state.locals.contains_key(name));
                    });
                }
                if has_local {
                    self.miss(Gap::NotEvaluated);
                }
                vec![(state, Part::Name(self.text_of(expression)).into())]
            }
        }
    }

    /// `({ ...; value; })`
    fn last_value(&mut self, statements: &[Statement], state: State) -> Values {
        let Some((Statement { kind: StatementKind::Expression(value), .. }, before)) = statements.split_last() else {
            self.miss(Gap::NotEvaluated);
            return vec![(state, Term::default())];
        };
        let exits = self.statements(before, vec![state]);
        if !(exits.returns.is_empty() && exits.breaks.is_empty() && exits.continues.is_empty()) {
            self.miss(Gap::NotEvaluated);
        }
        exits.next.into_iter().flat_map(|state| self.value(value, state)).collect()
    }

    /// `sizeof(struct lamp)` for the size of a variable of that type, or of what it points to.
    fn sized(&self, text: &str) -> Option<String> {
        let operand = text.strip_prefix("sizeof")?.trim_matches([' ', '(', ')']);
        let name = operand.trim_start_matches('*');
        let ty = self.frame().types.get(name).filter(|ty| !ty.is_array && ty.function.is_none())?;
        let pointers = usize::from(ty.pointers).checked_sub(operand.len() - name.len())?;
        Some(format!("sizeof({}{}{})", ty.name, if pointers > 0 { " " } else { "" }, "*".repeat(pointers)))
    }

    /// The text of an expression.
    pub(super) fn text_of(&self, expression: &Expression) -> String {
        expression.text(&self.functions.context.index.file(self.frame().file).text)
    }

    /// `value ?: otherwise`, which evaluates the first once.
    fn value_or(&mut self, value: &Expression, otherwise: &Expression, state: State) -> Values {
        let mut values = Vec::new();
        for (state, value) in self.value(value, state) {
            for (state, holds) in self.truth(&value, state) {
                match holds {
                    true => values.push((state, value.clone())),
                    false => values.extend(self.value(otherwise, state)),
                }
            }
        }
        values
    }

    /// Whether a cast cuts off bits of a member of a wider type: `(u32)lamp->base`.
    fn cuts_off(&self, ty: &Type, value: &Expression) -> bool {
        if !ty.is_narrow_integer() || !matches!(value.bare().kind, E::Field { .. }) {
            return false;
        }
        let frame = self.frame();
        let held = self.functions.context.types.of(value, &Scope::from(frame.types.clone()), frame.file);
        held.is_some_and(|held| held.is_wide_integer())
    }

    /// Whether a member is a hook that nothing implements: it is NULL in every table.
    fn is_dead_hook(&self, base: &Expression, member: &str) -> bool {
        let context = &self.functions.context;
        let hooks = context.index.hooks().with_member(member);
        let is_dead = |hook: &Hook| hook.takes == Takes::Vma && !context.index.is_implemented(hook);
        if !hooks.iter().any(is_dead) {
            return false;
        }
        let frame = self.frame();
        let ty = context.types.of(base, &Scope::from(frame.types.clone()), frame.file);
        let record = ty.as_ref().and_then(|ty| ty.tag());
        record.and_then(|record| context.index.hooks().find(record, member)).is_some_and(is_dead)
    }

    /// Evaluates two operands, left before right.
    pub(super) fn both(
        &mut self,
        left: &Expression,
        right: &Expression,
        state: State,
        join: impl Fn(&Term, &Term) -> Term,
    ) -> Values {
        let mut values = Vec::new();
        for (state, left) in self.value(left, state) {
            values.extend(self.value(right, state).into_iter().map(|(state, right)| {
                let value = join(&left, &right);
                (state, value)
            }));
        }
        values
    }

    /// A condition whose value is used: 1 or 0.
    fn as_number(&mut self, condition: &Expression, state: State) -> Values {
        let answers = self.condition(condition, state).into_iter();
        answers.map(|(state, holds)| (state, Term::constant(holds.into()))).collect()
    }

    fn named(&self, name: &str, state: &State) -> Term {
        if let Some(value) = state.locals.get(name) {
            return value.clone();
        }
        match name {
            "NULL" | "false" => return Term::default(),
            "true" => return Term::constant(1),
            "PAGE_SIZE" => return Term::page_size(),
            _ => {}
        }
        if let Some(flags) = self.flags_named(name) {
            return Part::Flags(flags).into();
        }
        // A macro may get the name of a hook.
        Part::Name(self.shared_name(name)).into()
    }

    /// The value of a member.
    pub(super) fn member(&self, base: &Term, name: &str, state: &State) -> Term {
        if let Some(field) = self.mapping_field(base, name) {
            // mm/vma.c: __mmap_region() maps in the address space of the running process.
            if field == "vm_mm" && self.is_in_mmap {
                return member_of(&Part::Name("current".to_owned()).into(), "mm");
            }
            return state.field(&field);
        }
        // A hook and the one that takes a desc instead are read alike.
        let place = member_of(base, &self.shared_name(name));
        if let Some(value) = state.memory.get(&place) {
            return value.clone();
        }
        // A struct that was written as a whole, behind its address.
        let whole = match base.as_part() {
            Some(Part::Address(whole)) => state.memory.get(whole.as_ref()),
            _ => None,
        };
        whole.map_or(place, |whole| member_of(whole, name))
    }

    /// The name that a hook shares with the one that takes a desc instead.
    fn shared_name(&self, name: &str) -> String {
        if self.reading.is_shown { name.to_owned() } else { unprepared(name) }
    }

    /// The field of the VMA that `base->name` is.
    pub(super) fn mapping_field(&self, base: &Term, name: &str) -> Option<String> {
        if !matches!(base.as_part(), Some(Part::Mapping)) || name == "action" {
            return None;
        }
        let rules = self.functions.context.rules;
        Some(rules.desc_field(name).unwrap_or_else(|| rules.vma_field(name)).to_owned())
    }

    fn unary(&mut self, operator: Prefix, operand: &Expression, whole: &Expression, state: State) -> Values {
        match operator {
            Prefix::Not => self.as_number(whole, state),
            Prefix::Address => {
                let places = self.place(operand, state).into_iter();
                places
                    .map(|(state, place)| {
                        let address = self.address_of(place);
                        (state, address)
                    })
                    .collect()
            }
            Prefix::Complement if matches!(&operand.bare().kind, E::Number(number) if is_long_zero(number)) => {
                vec![(state, Part::Name("ULONG_MAX".to_owned()).into())]
            }
            Prefix::Minus | Prefix::Plus | Prefix::Target | Prefix::Complement => {
                let values = self.value(operand, state).into_iter();
                let applied = |value: Term| match operator {
                    Prefix::Minus => value.times(-1).unwrap_or_default(),
                    Prefix::Target => target_of(value),
                    Prefix::Complement => Part::Operation(Operation::Complement, vec![value]).into(),
                    _ => value,
                };
                values
                    .map(|(state, value)| {
                        let value = applied(value);
                        let value = state.memory.get(&value).cloned().unwrap_or(value);
                        (state, value)
                    })
                    .collect()
            }
        }
    }

    pub(super) fn add_effect(&self, kind: EffectKind, span: Span, state: &mut State) {
        let is_looped = self.frames.iter().any(|frame| frame.loops > 0);
        let effect = Effect { kind, is_looped, gets_mapping: false, place: self.at(span) };
        state.trace.push(Event::Does(effect.clone()));
        state.effects.push(effect);
    }
}
