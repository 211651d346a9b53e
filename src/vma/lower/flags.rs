//! VMA flags that an expression sets, clears or tests.

use super::{Context, Lowerer};
use crate::rules::CallValue;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::Prefix;
use crate::source::{ItemKind, find_word, identifiers};
use crate::vma::flow::FieldUse;

/// Flags that an expression sets and clears relative to the flags it starts from.
#[derive(Clone, Debug, Default)]
pub(super) struct FlagSets {
    pub sets: Vec<FieldUse>,
    pub clears: Vec<FieldUse>,
}

impl Lowerer<'_> {
    /// Whether an expression is the VMA's flags, or a local copy.
    pub(super) fn is_flags(&self, expression: &Expression) -> bool {
        if let E::Call { callee, arguments } = &expression.bare().kind
            && let [argument] = arguments.as_slice()
        {
            // `vma_flags_to_legacy(desc->vma_flags)`
            let value = callee.name().and_then(|name| self.context.rules.value(name));
            return value == Some(CallValue::Argument) && self.is_flags(argument);
        }
        self.is_field_of_vma(expression, "vm_flags")
            || expression.name().is_some_and(|name| self.locals.flags.contains_key(name))
    }

    /// The flags in an expression: those it sets, and those it clears by `& ~X`.
    pub(super) fn flag_sets(&self, value: &Expression) -> FlagSets {
        let mut found = FlagSets::default();
        self.add_flag_sets(value, false, &mut found);
        found
    }

    pub(super) fn add_flag_sets(&self, value: &Expression, negated: bool, found: &mut FlagSets) {
        match &value.bare().kind {
            E::Unary { operator: Prefix::Complement, operand } => self.add_flag_sets(operand, !negated, found),
            E::Binary { left, right, .. } => {
                self.add_flag_sets(left, negated, found);
                self.add_flag_sets(right, negated, found);
            }
            E::Conditional { then, otherwise, .. } => {
                if let Some(then) = then {
                    self.add_flag_sets(then, negated, found);
                }
                self.add_flag_sets(otherwise, negated, found);
            }
            E::Call { arguments, .. } => {
                arguments.iter().for_each(|argument| self.add_flag_sets(argument, negated, found))
            }
            E::Name(name) => {
                if let Some(flag) = flag_name(value).filter(|_| self.context.rules.mask(name).is_none()) {
                    let named = FieldUse { name: flag, span: value.span };
                    if negated { found.clears.push(named) } else { found.sets.push(named) }
                } else if let Some(flags) = named_mask(&self.context, name, self.file) {
                    let named = flags.into_iter().map(|name| FieldUse { name, span: value.span });
                    if negated { found.clears.extend(named) } else { found.sets.extend(named) }
                } else if let Some(local) = self.locals.flags.get(name) {
                    found.sets.extend(local.sets.iter().cloned());
                    found.clears.extend(local.clears.iter().cloned());
                }
            }
            _ => {}
        }
    }

    /// Records the flags in a mask as tested.
    pub(super) fn tested_flags(&mut self, mask: &Expression) {
        let found = self.flag_sets(mask);
        self.out.tests.extend(found.sets);
        self.out.tests.extend(found.clears);
    }
}

/// Whether a call asks for all flags that it names, and not for any: `vma_desc_test_all()`, `vma_desc_test_all_mask()`.
pub fn tests_all(name: &str) -> bool {
    name.trim_end_matches("_mask").ends_with("_all")
}

/// The flags of a named mask, as a file means it: from the rules, from a constant such as `#define MY_FLAGS (VM_IO | VM_PFNMAP)`, or from a
/// constant variable of the file.
pub fn named_mask(context: &Context, name: &str, file: u32) -> Option<Vec<String>> {
    if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return constant_mask(context, name, file);
    }
    if let Some(flags) = context.rules.mask(name) {
        return Some(flags.to_vec());
    }
    let body = context.index.constant(name, file)?;
    let flags: Vec<String> = identifiers(body).filter_map(flag_of).collect();
    (!flags.is_empty()).then_some(flags)
}

/// The flags of a variable: `static const vma_flags_t my_flags = mk_vma_flags(VMA_IO_BIT);`.
fn constant_mask(context: &Context, name: &str, file: u32) -> Option<Vec<String>> {
    let source = context.index.file(file);
    let item = &source.items[source.named(ItemKind::Variable, name).next()? as usize];
    let head = item.head().of(&source.text);
    let is_mask = |word: &[u8]| find_word(head, word, 0).is_some();
    if !(is_mask(b"const") && (is_mask(b"vma_flags_t") || is_mask(b"vm_flags_t"))) {
        return None;
    }
    Some(identifiers(&source.text[item.body as usize..item.span.end as usize]).filter_map(flag_of).collect())
}

/// The flag that an expression names.
pub(super) fn flag_name(expression: &Expression) -> Option<String> {
    flag_of(expression.name()?)
}

/// The flag that a word names: `VM_IO` for both `VM_IO` and `VMA_IO_BIT`.
pub fn flag_of(name: &str) -> Option<String> {
    if let Some(bit) = name.strip_prefix("VMA_").and_then(|rest| rest.strip_suffix("_BIT")) {
        return Some(format!("VM_{bit}"));
    }
    let is_upper = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    (name.starts_with("VM_") && !name.starts_with("VM_FAULT") && is_upper).then(|| name.to_owned())
}
