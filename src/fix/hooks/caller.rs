//! A function that calls a hook, or tests whether it is set: finds the calls, and renames the member elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::fix::hooks::retyping::Retyping;
use crate::fix::hooks::twin::{is_copied, tested};
use crate::fix::text::edit::Edit;
use crate::fix::text::layout::on_one_line;
use crate::index::{Handler, ItemId, Scope, SourceFile};
use crate::source::ast::{Expression, ExpressionKind as E, Function, Statement, StatementKind as S};
use crate::source::visit::{self, Seen};
use crate::source::{Item, Span, closing, words};

/// A function that calls a hook, or tests whether it is set.
pub(in crate::fix) struct Caller<'r, 'p, 'a> {
    pub(super) retyping: &'r Retyping<'p, 'a>,
    pub(super) source: &'r SourceFile,
    pub(super) code: &'r [u8],
    pub(super) id: ItemId,
    pub(super) function: &'r Function,
    pub(super) scope: Scope,
    /// Bridged calls, as the spans of the member's name.
    pub(super) bridged: BTreeSet<Span>,
    pub(in crate::fix) edits: BTreeSet<Edit>,
}

impl<'r, 'p, 'a> Caller<'r, 'p, 'a> {
    pub(in crate::fix) fn new(
        retyping: &'r Retyping<'p, 'a>,
        source: &'r SourceFile,
        code: &'r [u8],
        id: ItemId,
        function: &'r Function,
    ) -> Self {
        let scope = Scope::of(function);
        Caller { retyping, source, code, id, function, scope, bridged: BTreeSet::new(), edits: BTreeSet::new() }
    }

    /// Span of the member's name, if an expression is the hook.
    pub(super) fn hook(&self, expression: &Expression) -> Option<Span> {
        let Retyping { shared, hook, marks, .. } = self.retyping;
        let E::Field { base, name, .. } = &expression.bare().kind else { return None };
        if *name != hook.member {
            return None;
        }
        let is_ours = marks.may_type(shared.context, base, &self.scope, self.id.file);
        // The span of an expression includes its parentheses.
        let span = expression.bare().span;
        let at = words(span.of(self.code), name.as_bytes()).last()?;
        let start = span.start as usize + at;
        is_ours.then(|| Span::new(start, start + name.len()))
    }

    /// Bridges the calls that form a statement of their own.
    pub(in crate::fix) fn statements(&mut self, statements: &[Statement]) -> Result<(), String> {
        for (number, statement) in statements.iter().enumerate() {
            match &statement.kind {
                S::Declaration(variables) => self.pointer(variables, &statements[number + 1..])?,
                S::Return(_) | S::Expression(_) => {
                    if let Some((value, kept_in)) = result(statement) {
                        self.call(statement, value, kept_in, None)?;
                    }
                }
                S::If { condition, then, otherwise } => {
                    if !self.arm(condition, then)? {
                        self.statements(then)?;
                    }
                    self.statements(otherwise)?;
                }
                S::Loop { body, .. } | S::Block(body) => self.statements(body)?,
                S::Switch { arms, .. } => arms.iter().try_for_each(|arm| self.statements(&arm.body))?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Adds an arm for the new hook to an `if` that asks for the old one and then only calls it. Returns whether it did.
    fn arm(&mut self, condition: &Expression, then: &[Statement]) -> Result<bool, String> {
        let [statement] = then else { return Ok(false) };
        let Some((value, kept_in)) = result(statement).filter(|_| self.retyping.is_twin) else { return Ok(false) };
        let Some(Called { callee, .. }) = self.called(value, kept_in) else { return Ok(false) };
        let text =
            |expression: &Expression| within_parentheses(expression.bare().span, self.code).of(&self.source.text);
        let asked = condition.conjuncts();
        let Some(hook) = asked.iter().find(|asked| text(asked) == text(callee)) else { return Ok(false) };
        let Some(place) = self.hook(hook).filter(|_| asked.iter().all(|asked| is_plain(asked))) else {
            return Ok(false);
        };
        let whole = within_parentheses(condition.bare().span, self.code);
        let mut new = whole.of(&self.source.text).to_vec();
        let start = (place.start - whole.start) as usize;
        new.splice(start..start + place.len(), self.retyping.new_name.bytes());
        self.call(statement, value, kept_in, Some(&on_one_line(&String::from_utf8_lossy(&new))))?;
        self.bridged.insert(place);
        Ok(true)
    }

    /// Renames the member wherever else it is read, or tests the new member too. Returns all places that name it. Fails if it is called
    /// without a bridge, or set outside a registration.
    pub(in crate::fix) fn others(&mut self) -> Result<BTreeSet<Span>, String> {
        let (mut called, mut set, mut named, mut unknown) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), None);
        let mut spans: BTreeMap<Span, Span> = BTreeMap::new();
        visit::statements(&self.function.body, &mut |seen| {
            let Seen::Expression(expression) = seen else { return };
            if let Some(place) = self.hook(expression) {
                named.insert(place);
                spans.insert(place, self.without_parentheses(expression.bare().span, place));
            } else if self.may_be_hook(expression) {
                unknown.get_or_insert(expression.span.start);
            }
            match &expression.kind {
                E::Call { callee, arguments } => {
                    called.extend(self.hook(callee));
                    if self.may_call(callee, arguments) {
                        unknown.get_or_insert(expression.span.start);
                    }
                }
                E::Assign { target, .. } => set.extend(self.hook(target)),
                _ => {}
            }
        });
        let Retyping { shared, hook, new_name, .. } = self.retyping;
        if let Some(at) = unknown {
            return Err(format!("{} may be used at {}, by a table of unknown type", hook.name(), self.source.at(at)));
        }
        for place in named.difference(&self.bridged) {
            let refuse = |what: &str| Err(format!("{} is {what} at {}", hook.name(), self.source.at(place.start)));
            let is_registered = || {
                shared.context.index.registrations().iter().any(|registration| {
                    registration.file == self.id.file
                        && registration.span.contains(place.start)
                        && matches!(registration.handler, Handler::Function(_))
                })
            };
            if called.contains(place) {
                return refuse("called in an expression that cannot be bridged");
            }
            if !set.contains(place) {
                let test =
                    spans.get(place).and_then(|whole| tested(&self.source.text, self.code, *place, *whole, new_name));
                if spans.get(place).is_some_and(|whole| is_copied(self.code, *whole)) {
                    return refuse("copied");
                }
                let Some(test) = test else { return refuse("read in an expression that is no test") };
                if self.retyping.is_twin {
                    self.edits.insert(test);
                    continue;
                }
                self.edits.insert(Edit { span: *place, text: new_name.clone() });
            } else if !is_registered() {
                return refuse("set to something other than a function");
            }
        }
        Ok(named)
    }

    /// Whether an expression may be the hook: a call gives the table, and neither its type is known nor does the file name the struct.
    fn may_be_hook(&self, expression: &Expression) -> bool {
        let Retyping { shared, hook, marks, .. } = self.retyping;
        let E::Field { base, name, .. } = &expression.bare().kind else { return false };
        *name == hook.member
            && matches!(base.bare().kind, E::Call { .. })
            && !marks.are_in(&self.source.text)
            && shared.context.types.of(base, &self.scope, self.id.file).as_ref().and_then(|ty| ty.tag()).is_none()
    }

    /// Whether a call may be one of the hook, by way of a table whose type is not known, in a file that does not name the struct.
    fn may_call(&self, callee: &Expression, arguments: &[Expression]) -> bool {
        let Retyping { shared, hook, parameters, marks, .. } = self.retyping;
        let E::Field { base, name, .. } = &callee.bare().kind else { return false };
        let vma = parameters.iter().position(|parameter| parameter.ty.points_to("vm_area_struct"));
        let gets_vma = || {
            let argument = vma.and_then(|position| arguments.get(position)?.name());
            argument.and_then(|name| self.scope.get(name)).is_some_and(|ty| ty.points_to("vm_area_struct"))
        };
        *name == hook.member
            && arguments.len() == parameters.len()
            && gets_vma()
            && !marks.are_in(&self.source.text)
            && shared.context.types.of(base, &self.scope, self.id.file).as_ref().and_then(|ty| ty.tag()).is_none()
    }

    /// The span of `x->hook` without parentheses around it; `place` is that of the member.
    fn without_parentheses(&self, span: Span, place: Span) -> Span {
        let mut start = span.start as usize;
        let depth = |start: usize| {
            let text = &self.code[start..place.end as usize];
            text.iter()
                .filter(|byte| **byte == b'(')
                .count()
                .saturating_sub(text.iter().filter(|byte| **byte == b')').count())
        };
        while depth(start) > 0 && matches!(self.code[start], b'(' | b' ' | b'\t' | b'\n') {
            start += 1;
        }
        Span::new(start, place.end as usize)
    }

    /// The call of the hook whose value a statement returns or keeps, or gives to another call and returns that one's.
    pub(super) fn called<'e>(&self, value: &'e Expression, kept_in: Option<&str>) -> Option<Called<'e>> {
        let E::Call { callee, arguments } = &value.bare().kind else { return None };
        if let Some(place) = self.hook(callee) {
            return Some(Called { place, callee, arguments, inner: None });
        }
        let (inner, others): (Vec<&Expression>, Vec<&Expression>) =
            arguments.iter().partition(|argument| matches!(argument.bare().kind, E::Call { .. }));
        let ([inner], None) = (inner.as_slice(), kept_in) else { return None };
        let E::Call { callee, arguments } = &inner.bare().kind else { return None };
        let is_plain = |argument: &&Expression| matches!(argument.bare().kind, E::Name(_) | E::Number(_) | E::Literal);
        let place = self.hook(callee).filter(|_| others.iter().all(is_plain))?;
        Some(Called { place, callee, arguments, inner: Some(inner.span) })
    }

    pub(super) fn id_item(&self) -> &'r Item {
        &self.source.items[self.id.item as usize]
    }
}

/// The value that a statement returns, or stores in a variable, and the variable.
fn result(statement: &Statement) -> Option<(&Expression, Option<&str>)> {
    match &statement.kind {
        S::Return(Some(value)) => Some((value, None)),
        _ => statement.assignment().and_then(|(target, value)| Some((value, Some(target.name()?)))),
    }
}

/// A span without the parentheses around the whole of it.
fn within_parentheses(mut span: Span, code: &[u8]) -> Span {
    while code[span.start as usize] == b'(' && closing(code, span.start as usize) == Some(span.end as usize) {
        let inner = &code[span.start as usize + 1..span.end as usize - 1];
        let blanks = inner.len() - inner.trim_ascii_start().len();
        span = Span::new(span.start as usize + 1 + blanks, span.start as usize + 1 + inner.trim_ascii_end().len());
    }
    span
}

/// Whether a condition can be asked twice.
fn is_plain(condition: &Expression) -> bool {
    let mut is_plain = true;
    visit::expression(condition, &mut |part| {
        is_plain &= matches!(part.kind, E::Name(_) | E::Number(_) | E::Field { .. } | E::Unary { .. });
    });
    is_plain
}

/// A call of the hook in a statement.
pub(super) struct Called<'e> {
    /// The member's name.
    pub(super) place: Span,
    pub(super) callee: &'e Expression,
    pub(super) arguments: &'e [Expression],
    /// The call, if its value is an argument of another call.
    pub(super) inner: Option<Span>,
}
