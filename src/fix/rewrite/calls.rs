//! Rewrites calls: by a template, as a call of what takes a desc, or not at all.

use super::marks::{FILE, filled};
use crate::fix::rewrite::function::DescHelper;
use crate::fix::rewrite::rewriter::{Populated, Rewriter, Use};
use crate::rules::template::{argument, keys};
use crate::rules::{Call, CallEffect, Idiom};
use crate::source::ast::Expression;
use crate::source::{Span, closing};

/// What is called with the desc.
struct DescCallee {
    /// Its name; `None` if it is a hook, which is renamed wherever it stands.
    name: Option<String>,
    /// The position of the file argument that it does not take.
    without_file: Option<usize>,
    /// Whether it may populate.
    populates: bool,
}

impl Rewriter<'_> {
    pub(super) fn call(&mut self, whole: &Expression, callee: &Expression, arguments: &[Expression]) {
        let name = callee.name().unwrap_or_default().to_owned();
        if self.late_call(whole.span, callee, arguments) {
            return;
        }
        if let Some(texts) = self.call_form(whole.span, &name, arguments) {
            match texts.as_slice() {
                [text] => self.replace(whole.span, self.needed_parentheses(whole.span, text)),
                _ => self.open(whole.span.start, "needs several statements in the middle of an expression"),
            }
            return;
        }
        if matches!(self.conversion.rules.idiom(&name), Some(Idiom::Load | Idiom::Store))
            && arguments.iter().any(|argument| self.is_field(argument, "vm_flags"))
        {
            return self.open(whole.span.start, "accesses the flags in one piece; no desc helper does that");
        }
        let takes_vma = arguments.iter().any(|argument| argument.name() == Some(self.vma));
        if takes_vma {
            return match self.desc_callee(callee) {
                Some(called) => self.call_with_desc(whole, callee, arguments, &called),
                None if self.hook_or_old(whole, callee, arguments) || self.hook_by_macro(arguments) => {}
                None => self.call_without_twin(whole, callee, &name),
            };
        }
        if self.conversion.helpers.get(&name).is_some_and(|helper| !helper.old_stays) {
            self.open(whole.span.start, &format!("{name} is also called with another VMA"));
        }
        self.expression(callee, Use::Value);
        arguments.iter().for_each(|argument| self.expression(argument, Use::Value));
    }

    /// The text of a sum, without its outer parentheses where nothing beside it binds tighter than a comparison.
    fn needed_parentheses(&self, span: Span, text: &str) -> String {
        let code = self.conversion.code;
        let (before, behind) =
            (code[..span.start as usize].trim_ascii_end(), code[span.end as usize..].trim_ascii_start());
        let is_shift = |sign: &[u8]| sign == b"<<" || sign == b">>";
        let opens = before.ends_with(b"return")
            || matches!(before, [.., b'(' | b',' | b'='])
            || matches!(before, [.., b'&', b'&'] | [.., b'|', b'|'])
            || matches!(before, [.., first, b'<' | b'>'] if *first != b'-' && !is_shift(&before[before.len() - 2..]));
        let closes = matches!(behind, [b')' | b',' | b';' | b'?', ..])
            || matches!(behind, [b'&', b'&', ..] | [b'|', b'|', ..] | [b'=' | b'!', b'=', ..])
            || matches!(behind, [b'<' | b'>', ..] if !is_shift(&behind[..behind.len().min(2)]));
        let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let is_one = closing(text.as_bytes(), 0) == Some(text.len()) && !text.contains(">>");
        inner.filter(|_| opens && closes && is_one).unwrap_or(text).to_owned()
    }

    /// Rewrites the arguments of a macro that is given the name of a hook and calls it with the mapping. Returns whether it is one.
    fn hook_by_macro(&mut self, arguments: &[Expression]) -> bool {
        let named = |argument: &Expression| self.conversion.hooks.get(&argument.span).cloned();
        let Some(hook) = arguments.iter().find_map(named) else { return false };
        for argument in arguments {
            if argument.name() == Some(self.vma) {
                self.replace(argument.span, "desc".to_owned());
            } else if self.conversion.hooks.contains_key(&argument.span) {
                self.replace(argument.span, hook.name.clone());
            } else {
                self.expression(argument, Use::Value);
            }
        }
        if hook.without_file.is_some() {
            self.open(arguments[0].span.start, "a macro passes the file to the hook, which finds it in the desc");
        }
        true
    }

    /// What is called with the desc in place of a function or a hook.
    fn desc_callee(&self, callee: &Expression) -> Option<DescCallee> {
        if let Some((_, hook)) = self.hook(callee.bare()).filter(|(_, hook)| hook.old.is_none()) {
            return Some(DescCallee { name: None, without_file: hook.without_file, populates: hook.populates });
        }
        let name = callee.name()?;
        if let Some(hook) = self.pointers.get(name) {
            return Some(DescCallee {
                name: Some(name.to_owned()),
                without_file: hook.without_file,
                populates: hook.populates,
            });
        }
        let DescHelper { name: new, without_file, .. } = self.conversion.helpers.get(name)?.clone();
        let populates = self.conversion.populating.contains(name) || self.conversion.rules.populates(name);
        Some(DescCallee { name: Some(new), without_file, populates })
    }

    /// Rewrites a call for the desc.
    fn call_with_desc(
        &mut self,
        whole: &Expression,
        callee: &Expression,
        arguments: &[Expression],
        called: &DescCallee,
    ) {
        let text = callee.text(self.conversion.source);
        if self.populated > Populated::Nothing {
            let text = format!("{text} gets the mapping after a populating call; an action has not set its flags yet");
            self.open(whole.span.start, &text);
        }
        if called.populates && self.conversion.rewrite.finish.is_none() {
            if self.loops > 0 {
                self.open(whole.span.start, &format!("{text} may populate more than once; an action populates once"));
            }
            if self.passed_on != Some(callee.span) {
                self.open(whole.span.start, &format!("{text} populates, and uses of its error are not followed"));
            } else if let Some(message) = self.message.take() {
                self.out
                    .remarks
                    .insert(format!("{message}() does not report an error of the action, which comes later"));
            }
            self.populated = self.populated.max(Populated::Pages);
        }
        match &called.name {
            Some(name) => self.replace(callee.span, name.clone()),
            None => self.expression(callee, Use::Value),
        }
        for (position, argument) in arguments.iter().enumerate() {
            if argument.name() == Some(self.vma) {
                self.replace(argument.span, "desc".to_owned());
            } else if called.without_file == Some(position) {
                self.drop_file(argument, arguments.get(position + 1));
            } else {
                self.expression(argument, Use::Value);
            }
        }
    }

    /// Leaves a call that takes the VMA to a person.
    fn call_without_twin(&mut self, whole: &Expression, callee: &Expression, name: &str) {
        let rule = self.conversion.rules.call(name);
        let called = callee.text(self.conversion.source);
        let has_action = |action: &String| self.conversion.rewrite.actions.contains_key(action);
        let text = match rule {
            Some(rule) if rule.does == CallEffect::Populate => match rule.action.as_ref().is_some_and(has_action) {
                true => {
                    format!("{name} populates, and its result is used otherwise than in an if that returns an error")
                }
                false => format!("{name} populates, but this target has no template for it"),
            },
            Some(Call { twin: Some(twin), .. }) => {
                format!("{called} takes the VMA; this target has no template for its desc twin {twin}")
            }
            _ if self.conversion.dead_calls.contains(&whole.span) => {
                format!("nothing implements {called}: its call has to go")
            }
            _ => format!("{called} takes the VMA and has no desc twin"),
        };
        self.open(whole.span.start, &text);
    }

    /// Drops the argument of a function that finds the file of the mapping by itself.
    fn drop_file(&mut self, argument: &Expression, next: Option<&Expression>) {
        match next {
            Some(next) if self.is_own_file(argument) => {
                self.implied_file = true;
                self.replace(Span { start: argument.span.start, end: next.span.start }, String::new());
            }
            _ => self.open(argument.span.start, "the callee would take the file of the mapping instead"),
        }
    }

    /// Whether an expression is the file of the mapping.
    fn is_own_file(&self, expression: &Expression) -> bool {
        expression.name().is_some_and(|name| self.file == Some(name)) || self.is_field(expression, "vm_file")
    }

    /// Statements that replace a call of `name`; `None` if no rule covers it.
    pub(in crate::fix) fn call_form(
        &mut self,
        whole: Span,
        name: &str,
        arguments: &[Expression],
    ) -> Option<Vec<String>> {
        let form = self.conversion.rewrite.call(name)?.clone();
        if let Some(first) =
            arguments.first().filter(|_| self.conversion.rules.call(name).is_some_and(|rule| rule.vma == Some(1)))
        {
            // The twin of a helper that also takes a file finds the file of the mapping by itself.
            if !self.is_own_file(first) {
                return None;
            }
            self.implied_file = true;
        }
        if self.conversion.rules.call(name).is_some_and(|rule| rule.clear.is_some()) {
            self.flags_after_populate(whole);
        }
        if let Some(twin) = self.conversion.rules.twin(self.conversion.target, name) {
            self.out.twins.insert(name.to_owned(), twin.to_owned());
        }
        // A call with another VMA, or without one, stays.
        let has_vma =
            arguments.iter().any(|argument| argument.name() == Some(self.vma) || self.vma_field(argument).is_some());
        if !has_vma {
            return None;
        }
        let of = |key: &str| key.strip_prefix("bits:").and_then(|number| arguments.get(number.parse::<usize>().ok()?));
        let mut used = form.to.iter().flat_map(|template| keys(template)).filter_map(of);
        let lists = used.all(|argument| self.bits(argument).is_some());
        let templates = if lists { &form.to } else { &form.otherwise };
        self.lost_argument(name, arguments, templates);
        let mut texts = Vec::new();
        for template in templates {
            // Setting or clearing no flags needs no statement.
            let of_flags = |key: &str| {
                of(key)
                    .or_else(|| key.strip_suffix('!').and_then(|number| arguments.get(number.parse::<usize>().ok()?)))
            };
            let mut lists = keys(template).filter_map(of_flags).filter_map(|argument| self.bits(argument));
            if lists.any(|bits| bits.is_empty()) {
                continue;
            }
            texts.push(filled(template, &mut |key| self.filled(key, whole, arguments)));
        }
        (!texts.is_empty()).then_some(texts)
    }

    /// Text for `{key}` in the form of a call.
    fn filled(&mut self, key: &str, whole: Span, arguments: &[Expression]) -> Option<String> {
        if let Some(number) = key.strip_prefix("bits:") {
            let argument = arguments.get(number.parse::<usize>().ok()?)?;
            return self.bits(argument).map(|bits| bits.join(", "));
        }
        if key == "file" {
            return Some(self.file_in_template(whole));
        }
        if let Some(first) = key.strip_suffix("...").and_then(|number| number.parse::<usize>().ok()) {
            let rest = arguments.get(first..)?.iter();
            return Some(rest.map(|argument| self.text(argument, Use::Value)).collect::<Vec<_>>().join(", "));
        }
        let argument = arguments.get(key.trim_end_matches('!').parse::<usize>().ok()?)?;
        let text = self.text(argument, Use::Value);
        let is_plain = !key.ends_with('!') || argument.name().is_some();
        Some(if is_plain { text } else { format!("({text})") })
    }

    /// Adds an open point for an argument that the new form does not take.
    fn lost_argument(&mut self, name: &str, arguments: &[Expression], templates: &[String]) {
        let (file, is_file_implied) = (self.conversion.rules.call(name).and_then(|rule| rule.vma), self.implied_file);
        let is_used = |position: usize| {
            templates.iter().flat_map(|template| keys(template)).any(|key| {
                argument(key).is_some_and(|place| place == position || (key.ends_with("...") && place < position))
            })
        };
        let is_vma = |argument: &Expression| argument.name() == Some(self.vma);
        let is_kept = |(position, argument): &(usize, &Expression)| {
            is_used(*position)
                || is_vma(argument)
                || self.vma_field(argument).is_some()
                || (is_file_implied && *position == 0 && file == Some(1))
        };
        let lost = arguments.iter().enumerate().find(|argument| !is_kept(argument));
        if let Some((_, argument)) = lost {
            let text = format!("the replacement of {name} does not take {}", argument.text(self.conversion.source));
            self.open(argument.span.start, &text);
        }
    }

    /// Spelling of the file in a template: as in the handler's own body, or as the field of the desc.
    fn file_in_template(&mut self, call: Span) -> String {
        match self.file {
            Some(_) => {
                self.out.file_uses.insert(call);
                FILE.to_owned()
            }
            None => "desc->file".to_owned(),
        }
    }
}
