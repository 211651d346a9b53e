//! Rewrites expressions for a desc.

use super::marks::{FILE, filled, plain};
use crate::fix::rewrite::function::DescHook;
use crate::fix::rewrite::rewriter::{Populated, Rewriter, Use};
use crate::fix::text::edit::{Edit, applied, sorted};
use crate::rules::CallValue;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::{Arithmetic, Binary, Prefix};
use crate::source::{Span, words};

impl Rewriter<'_> {
    /// Text of an expression, rewritten for a desc.
    pub(in crate::fix) fn text(&mut self, expression: &Expression, used: Use) -> String {
        let outer = std::mem::take(&mut self.out.edits);
        self.expression(expression, used);
        let inner = std::mem::replace(&mut self.out.edits, outer);
        let text = match sorted(inner) {
            Ok(edits) => applied(self.conversion.source, expression.span, &edits),
            Err(span) => {
                self.open(span.start, "two edits overlap here");
                expression.span.of(self.conversion.source).to_vec()
            }
        };
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Rewrites the condition of an `if` or a loop. Its parentheses belong to the statement.
    pub(in crate::fix) fn condition(&mut self, condition: &Expression) {
        let inner = self.without_parentheses(condition);
        self.expression(&inner, Use::Truth);
    }

    /// An expression without the parentheses around it.
    pub(in crate::fix) fn without_parentheses(&self, expression: &Expression) -> Expression {
        let text = expression.span.of(self.conversion.source);
        let mut inner = expression.clone();
        if text.first() == Some(&b'(') && text.last() == Some(&b')') && !matches!(expression.kind, E::Cast { .. }) {
            let (start, end) = (expression.span.start as usize + 1, expression.span.end as usize - 1);
            let body = &self.conversion.source[start..end];
            let before = body.len() - body.trim_ascii_start().len();
            let after = body.len() - body.trim_ascii_end().len();
            inner.span = Span::new(start + before, end - after);
        }
        inner
    }

    pub(in crate::fix) fn expression(&mut self, expression: &Expression, used: Use) {
        if self.flag_test(expression, used) || self.size(expression) || self.field(expression) {
            return;
        }
        match &expression.kind {
            // A test whether there is a mapping at all.
            E::Name(name) if name == self.vma && used == Use::Truth => {
                self.replace(expression.span, "desc".to_owned());
            }
            E::Name(name) => self.name(name, expression.span),
            E::Number(_) | E::Literal => {}
            E::Call { callee, arguments } => self.call(expression, callee, arguments),
            E::Field { base, .. } => {
                if let Some((place, hook)) = self.hook(expression) {
                    if hook.old.is_some() {
                        return self.old_or_new(expression, place, &hook, used);
                    }
                    self.replace(place, hook.name);
                }
                self.expression(base, Use::Value);
            }
            E::Unary { operator: Prefix::Address, operand } if self.is_field(operand, "vm_flags") => {
                self.open(expression.span.start, "takes the address of the flags");
            }
            E::Unary { operator, operand } => {
                if *operator == Prefix::Address && operand.name().is_some() {
                    self.forget(operand);
                }
                self.expression(operand, if *operator == Prefix::Not { Use::Truth } else { Use::Value })
            }
            E::Step { operand, .. } => {
                self.forget(operand);
                self.expression(operand, Use::Value);
            }
            E::Cast { value: operand, .. } => self.expression(operand, Use::Value),
            E::Index { base, index } => {
                self.expression(base, Use::Value);
                self.expression(index, Use::Value);
            }
            E::Binary { operator, left, right } => {
                let used = if matches!(operator, Binary::Both | Binary::Either) { Use::Truth } else { Use::Value };
                if matches!(operator, Binary::Comparison(comparison) if !comparison.is_order())
                    && [left, right].iter().any(|side| self.is_field(side, "vm_file"))
                {
                    // In stacked callers the two differ, and `file` of a desc stands for both.
                    self.open(expression.span.start, "compares vm_file with the file of the hook");
                }
                self.expression(left, used);
                self.expression(right, used);
            }
            E::Assign { operator, target, value } => self.assign(expression, *operator, target, value),
            E::Conditional { condition, then, otherwise } => {
                self.expression(condition, Use::Truth);
                if let Some(then) = then {
                    self.expression(then, used);
                }
                self.expression(otherwise, used);
            }
            E::Initializer { entries, .. } => {
                entries.iter().for_each(|entry| self.expression(&entry.value, Use::Value))
            }
            E::Statements(inner) => self.statements(inner),
            E::Other(parts) => parts.iter().for_each(|part| self.expression(part, Use::Value)),
        }
    }

    /// Rewrites a name by itself: the file becomes a field of the desc, the VMA has no equivalent.
    fn name(&mut self, name: &str, span: Span) {
        if self.file == Some(name) {
            self.out.file_uses.insert(span);
            self.replace(span, FILE.to_owned());
        } else if name == self.vma {
            self.open(span.start, "uses the VMA itself, which a desc cannot replace");
        }
    }

    fn assign(&mut self, whole: &Expression, operator: Option<Arithmetic>, target: &Expression, value: &Expression) {
        self.forget(target);
        let flags = self.is_field(target, "vm_flags");
        if flags && operator != Some(Arithmetic::Or) {
            self.flags_after_populate(whole.span);
        }
        let (template, flags_value) = match (operator, &value.bare().kind) {
            (Some(Arithmetic::Or), _) if flags => (self.conversion.rewrite.set.clone(), Some(value)),
            (Some(Arithmetic::And), E::Unary { operator: Prefix::Complement, operand }) if flags => {
                (self.conversion.rewrite.clear.clone(), Some(&**operand))
            }
            _ => (None, None),
        };
        if let (Some(template), Some(list)) = (template, flags_value.and_then(|value| self.bits(value))) {
            let text = filled(&template, &mut |key| (key == "bits").then(|| list.join(", ")));
            return self.replace(whole.span, text);
        }
        if flags {
            match self.conversion.rewrite.set {
                Some(_) => self.open(whole.span.start, "writes the flags in a form that no desc helper covers"),
                None => self.expression(value, Use::Value),
            }
        }
        if let Some(field) = self.vma_field(target)
            && !self.conversion.target.writes_field(&field)
        {
            self.open(target.span.start, &format!("writes {field}, which a desc does not allow"));
        }
        if self.is_field(target, "vm_file") {
            self.open(whole.span.start, "replaces vm_file; the core drops the old reference, so the handler must not");
            self.replace(target.span, "desc->vm_file".to_owned());
            return self.expression(value, Use::Value);
        }
        let is_bool = target.name().is_some_and(|name| self.locals.booleans.iter().any(|known| known == name));
        self.expression(target, Use::Value);
        self.expression(value, if is_bool { Use::Truth } else { Use::Value });
    }

    /// Rewrites `vma->vm_end - vma->vm_start`.
    fn size(&mut self, expression: &Expression) -> bool {
        let E::Binary { operator: Binary::Arithmetic(Arithmetic::Minus), left, right } = &expression.kind else {
            return false;
        };
        let size = self.conversion.rewrite.size.as_deref();
        let Some(template) = size.filter(|_| self.is_field(right, "vm_start")).map(plain) else {
            return false;
        };
        if self.is_field(left, "vm_end") {
            let is_one = !template.contains(" - ");
            let span = if is_one { expression.span } else { self.without_parentheses(expression).span };
            self.replace(span, template);
            return true;
        }
        // `from + vma->vm_end - vma->vm_start`, without parentheses.
        match &left.kind {
            E::Binary { operator: Binary::Arithmetic(Arithmetic::Plus), left: first, right: end }
                if self.is_field(end, "vm_end") && left.span.end == end.span.end =>
            {
                let span = Span { start: end.span.start, end: right.span.end };
                self.expression(first, Use::Value);
                self.replace(span, template);
                true
            }
            _ => false,
        }
    }

    /// Whether an expression is the size of the VMA in bytes, written out or kept in a variable.
    pub(in crate::fix) fn is_size(&self, expression: &Expression) -> bool {
        match &expression.bare().kind {
            E::Binary { operator: Binary::Arithmetic(operator), left, right } => match operator {
                Arithmetic::Minus => self.is_end(left) && self.is_start(right),
                Arithmetic::ShiftLeft => right.name() == Some("PAGE_SHIFT") && self.is_pages(left),
                Arithmetic::Times => right.name() == Some("PAGE_SIZE") && self.is_pages(left),
                _ => false,
            },
            E::Name(name) => self.locals.sizes.iter().any(|known| known == name),
            _ => false,
        }
    }

    /// Whether an expression is the first address of the VMA.
    pub(in crate::fix) fn is_start(&self, expression: &Expression) -> bool {
        let is_held = |name: &str| self.locals.starts.iter().any(|known| known == name);
        self.is_field(expression, "vm_start") || expression.bare().name().is_some_and(is_held)
    }

    /// Whether an expression is the address behind the VMA.
    pub(in crate::fix) fn is_end(&self, expression: &Expression) -> bool {
        let is_held = |name: &str| self.locals.ends.iter().any(|known| known == name);
        self.is_field(expression, "vm_end") || expression.bare().name().is_some_and(is_held)
    }

    /// Whether an expression is the size of the VMA in pages, as a call or kept in a variable.
    pub(in crate::fix) fn is_pages(&self, expression: &Expression) -> bool {
        match &expression.bare().kind {
            E::Call { callee, arguments } => {
                let value = callee.name().and_then(|name| self.conversion.rules.value(name));
                let is_vma = matches!(arguments.as_slice(), [only] if only.name() == Some(self.vma));
                value == Some(CallValue::Pages) && is_vma
            }
            E::Name(name) => self.locals.pages.iter().any(|known| known == name),
            _ => false,
        }
    }

    /// Name of the VMA field that an expression reads or writes.
    pub(in crate::fix) fn vma_field(&self, expression: &Expression) -> Option<String> {
        match &expression.kind {
            E::Field { base, name, .. } if base.name() == Some(self.vma) => {
                Some(self.conversion.rules.vma_field(name).to_owned())
            }
            _ => None,
        }
    }

    pub(in crate::fix) fn is_field(&self, expression: &Expression, field: &str) -> bool {
        self.vma_field(expression).is_some_and(|name| name == field)
    }

    /// Rewrites a field of the VMA.
    fn field(&mut self, expression: &Expression) -> bool {
        let Some(field) = self.vma_field(expression) else { return false };
        // In `&vma->vm_file->f_path` and the like, the code around the field stays.
        let E::Field { base, .. } = &expression.kind else { return false };
        if field == "vm_file" && self.has_new_file {
            self.open(base.span.start, "reads vm_file after it was replaced; the file of a desc stays");
            return true;
        }
        if field == "vm_flags" {
            self.flags_after_populate(expression.span);
            let Some(text) = self.conversion.rewrite.flags.as_deref().map(plain) else { return false };
            self.replace(expression.span, text);
            return true;
        }
        if field == "vm_pgoff" && self.populated == Populated::Range {
            let text =
                "behind a remap, which sets it to the first PFN for a private mapping; the offset of the desc stays";
            match self.is_in_message {
                true => drop(self.out.remarks.insert(format!("a message shows vm_pgoff {text}"))),
                false => self.open(base.span.start, &format!("reads vm_pgoff {text}")),
            }
        }
        match self.conversion.rules.field_on_desc(&field).filter(|_| self.conversion.target.reads_field(&field)) {
            Some(name) => self.replace(expression.span, format!("desc->{name}")),
            None => self.open(base.span.start, &format!("uses {field}, which a desc does not have")),
        }
        true
    }

    /// Adds an open point if flags are used after a populating call. A remap has set its flags by then, a requested action has not.
    pub(in crate::fix) fn flags_after_populate(&mut self, span: Span) {
        if self.populated > Populated::Nothing {
            self.open(span.start, "reads or clears flags after a populating call; an action has not set its flags yet");
        }
    }

    /// The place and the new form of a hook that an expression names: `ops->mmap`.
    pub(super) fn hook(&self, expression: &Expression) -> Option<(Span, DescHook)> {
        let E::Field { name, .. } = &expression.kind else { return None };
        let at = words(expression.span.of(self.conversion.code), name.as_bytes()).last()?;
        let start = expression.span.start as usize + at;
        let place = Span::new(start, start + name.len());
        Some((place, self.conversion.hooks.get(&place)?.clone()))
    }

    /// Adds an edit that replaces `span`.
    pub(in crate::fix) fn replace(&mut self, span: Span, text: String) {
        self.out.edits.push(Edit { span, text });
    }
}
