//! The arguments of a populating call in the text of its replacement.

use memchr::memmem;

use crate::fix::rewrite::function::Conversion;
use crate::fix::rewrite::rewriter::{Rewriter, Use};
use crate::rules::template::keys;
use crate::rules::{Call, Idiom};
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::Prefix;
use crate::source::{Span, closing, identifier_end, macros, parse, visit};

impl Rewriter<'_> {
    /// Adds open points for arguments that the replacement does not use, unless they are the VMA's own, and for values that it lacks.
    pub(super) fn check_arguments(
        &mut self,
        call: &Expression,
        rule: &Call,
        arguments: &[Expression],
        is_all: bool,
        templates: &[&str],
    ) {
        let is_used = |key: &str| templates.iter().any(|template| keys(template).any(|used| used == key));
        // A template for the whole VMA implies its start and its size.
        let known = [
            (rule.vma, true),
            (rule.prot, true),
            (rule.start, is_all || is_used("start")),
            (rule.size, is_all || is_used("size")),
            (rule.frame, is_used("frame")),
            (rule.pages, is_used("pages")),
            (rule.count, is_used("count")),
        ];
        let is_known = |position: usize| known.iter().any(|(place, is_kept)| *is_kept && *place == Some(position));
        for argument in
            (0..arguments.len()).filter(|position| !is_known(*position)).map(|position| &arguments[position])
        {
            let text = format!("the action is not given {}", argument.text(self.conversion.source));
            self.open(argument.span.start, &text);
        }
        let told = [
            ("start", rule.start),
            ("size", rule.size),
            ("frame", rule.frame),
            ("pages", rule.pages),
            ("count", rule.count),
        ];
        for (key, _) in told.iter().filter(|(key, place)| place.is_none() && is_used(key)) {
            self.open(
                call.span.start,
                &format!("the action needs the {key}, which the rule of this call does not give"),
            );
        }
    }

    /// Text of an expression as an operand of another.
    pub(super) fn operand(&mut self, expression: &Expression) -> String {
        let text = self.text(expression, Use::Value);
        let is_one = match &expression.kind {
            E::Name(_) | E::Call { .. } => !self.is_open_macro(expression),
            E::Binary { .. } | E::Conditional { .. } | E::Assign { .. } => text.starts_with('(') && text.ends_with(')'),
            _ => true,
        };
        if is_one { text } else { format!("({text})") }
    }

    /// Text of a page count. A call may take its address, and leaves there the number of pages that were not mapped.
    pub(super) fn count(&mut self, argument: &Expression) -> String {
        match &argument.kind {
            E::Unary { operator: Prefix::Address, operand } => {
                if operand.name().is_none_or(|name| self.is_named_after(name, argument.span.end)) {
                    self.open(argument.span.start, "an action does not return the number of pages left over");
                }
                self.operand(operand)
            }
            _ => self.operand(argument),
        }
    }

    /// Adds open points for arguments that mean something else in a replacement: values that it computes twice, and pointers to which it
    /// adds the offset.
    pub(super) fn check_meaning(&mut self, rule: &Call, arguments: &[Expression], templates: &[&str]) {
        let places = [("frame", rule.frame), ("size", rule.size), ("pages", rule.pages), ("count", rule.count)];
        for (key, place) in places {
            let Some(argument) = place.and_then(|place| arguments.get(place)) else { continue };
            let uses = templates.iter().flat_map(|template| keys(template)).filter(|used| *used == key).count();
            if uses > 1 && !self.is_repeatable(argument) {
                let text = argument.text(self.conversion.source);
                self.open(argument.span.start, &format!("the replacement would compute {text} more than once"));
            }
        }
        if let Some(pages) = rule.pages.and_then(|place| arguments.get(place)).filter(|_| rule.adds_offset)
            && !self.is_page_array(pages)
        {
            let text = pages.text(self.conversion.source);
            self.open(
                pages.span.start,
                &format!("the type of {text} is not shown to be struct page **; the replacement adds the offset to it"),
            );
        }
    }

    /// Whether an expression has the type `struct page **`, in each of its values.
    fn is_page_array(&self, pages: &Expression) -> bool {
        if let E::Conditional { condition, then, otherwise } = &pages.bare().kind {
            return self.is_page_array(then.as_deref().unwrap_or(condition)) && self.is_page_array(otherwise);
        }
        let Conversion { context, number, .. } = self.conversion;
        let ty = context.types.of(pages, &self.scope, *number);
        ty.is_some_and(|ty| ty.tag() == Some("page") && ty.pointers + u8::from(ty.is_array) == 2)
    }

    /// Whether an expression may be computed twice with one result and no further effect.
    fn is_repeatable(&self, value: &Expression) -> bool {
        let rules = self.conversion.rules;
        let mut is_repeatable = true;
        visit::expression(value, &mut |part| {
            is_repeatable &= match &part.kind {
                E::Call { callee, arguments } => {
                    let is_plain = |name: &str| rules.is_silent(name) && !rules.idiom(name).is_some_and(Idiom::is_load);
                    callee.name().is_some_and(|name| is_plain(name) || self.is_repeatable_macro(name, arguments))
                }
                E::Assign { .. } | E::Step { .. } | E::Statements(_) | E::Other(_) => false,
                E::Name(name) => self.is_repeatable_constant(name),
                _ => true,
            };
        });
        is_repeatable
    }

    /// Whether a name is no macro that changes something: `#define NEXT i++`.
    fn is_repeatable_constant(&self, name: &str) -> bool {
        let body = self.conversion.context.index.constant(name, self.conversion.number);
        body.is_none_or(|body| !(memmem::find(body, b"++").is_some() || memmem::find(body, b"--").is_some()))
    }

    /// Whether a macro call computes the same each time.
    fn is_repeatable_macro(&self, name: &str, arguments: &[Expression]) -> bool {
        let index = self.conversion.context.index;
        let expanded = index.expansions(name, self.conversion.number, arguments, false).unwrap_or_default();
        let is_plain = |text: &Vec<u8>| {
            let Some(value) = parse::expression(text, Span::new(0, text.len())) else { return false };
            let mut calls = false;
            visit::expression(&value, &mut |part| calls |= matches!(part.kind, E::Call { .. }));
            !calls && self.is_repeatable(&value)
        };
        !expanded.is_empty() && expanded.iter().all(is_plain)
    }

    /// Whether a name stands for a macro whose value needs parentheses: `#define COUNT d->wide ? 4 : 8`.
    fn is_open_macro(&self, value: &Expression) -> bool {
        let name = match &value.kind {
            E::Name(name) => Some(name.as_str()),
            E::Call { callee, .. } => callee.name(),
            _ => None,
        };
        let index = self.conversion.context.index;
        let constant = name.and_then(|name| index.constant_item(name, self.conversion.number));
        let with_arguments = name.map(|name| index.macros_near(name, self.conversion.number)).unwrap_or_default();
        constant.into_iter().chain(with_arguments).any(|id| {
            let (text, item) = (&index.file(id.file).text, index.item(id));
            let body = macros::definition(text, item.span, item.name.end).body.of(text).trim_ascii();
            !is_closed(body)
        })
    }
}

/// Whether the text of a macro is one operand: a name, a number, a call, or something in parentheses.
fn is_closed(body: &[u8]) -> bool {
    match body.get(identifier_end(body, 0)) {
        None => true,
        Some(b'(') => closing(body, identifier_end(body, 0)) == Some(body.len()),
        Some(_) => false,
    }
}
