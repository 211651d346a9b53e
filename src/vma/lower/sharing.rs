//! Decides whether an object is shared: only writes to shared objects are state.

use super::Lowerer;
use super::conditions::is_zero;
use super::locals::has_arrow;
use crate::source::ast::{Expression, ExpressionKind as E, Type};
use crate::source::operator::{Arithmetic, Binary, Prefix};
use crate::source::visit;
use crate::vma::event::Write;

impl Lowerer<'_> {
    /// Records whether a local pointer points to own or fresh objects, by all its assignments.
    pub(super) fn note_pointer(&mut self, name: &str, assigned: &[(String, &Expression)]) {
        let mut values = assigned.iter().filter(|(other, _)| other == name).map(|(_, value)| *value);
        let is_parameter_or_global = self.scope.get(name).is_none_or(|ty| ty.pointers == 0);
        if is_parameter_or_global {
            return;
        }
        if values.clone().all(|value| self.is_own(value)) {
            self.ownership.own.insert(name.to_owned());
        } else if values.all(|value| is_zero(value) || self.allocates(value)) {
            self.ownership.fresh.insert(name.to_owned());
        }
    }

    fn allocates(&self, value: &Expression) -> bool {
        let E::Call { callee, .. } = &value.bare().kind else { return false };
        callee.name().is_some_and(|name| self.context.rules.allocates(name))
    }

    /// Whether an expression reaches a shared object: through a pointer, or a global.
    pub(super) fn is_shared(&self, target: &Expression) -> bool {
        // `to_lamp(file)->users`
        let Some(root) = target.root() else { return has_arrow(target) };
        if self.is_in_desc(target) {
            return false;
        }
        let reaches = matches!(target.kind, E::Field { .. } | E::Index { .. } | E::Unary { .. });
        match self.scope.get(root) {
            Some(_) if self.locals.statics.contains(root) => true,
            Some(ty)
                if is_result(target, ty)
                    && self.ownership.parameters.contains(root)
                    && !self.ownership.shared.contains(root) =>
            {
                false
            }
            // One pointer leads to the object itself, two lead to another object.
            Some(_)
                if (self.ownership.own.contains(root) || self.ownership.fresh.contains(root))
                    && pointers_followed(target) < 2 =>
            {
                false
            }
            Some(ty) => reaches && (ty.pointers > 0 || has_arrow(target)) && !ty.is_array,
            None => !self.aliases.is_alias(root),
        }
    }

    /// Whether an expression is a part of a desc, which belongs to one mapping: `desc->action.error_override`.
    fn is_in_desc(&self, mut part: &Expression) -> bool {
        while let E::Field { base, arrow, .. } = &part.kind {
            if self.aliases.is_desc(base) {
                return true;
            }
            if *arrow {
                return false;
            }
            part = base;
        }
        false
    }

    /// Whether an expression names an object on the stack of the function or its caller. Its counts and lists are not shared.
    pub(super) fn is_own(&self, object: &Expression) -> bool {
        match &object.bare().kind {
            E::Unary { operator: Prefix::Address, operand } => {
                let Some(root) = operand.root() else { return false };
                // A desc, and the action in it, belong to one mapping.
                if matches!(&operand.kind, E::Field { base, .. } if self.aliases.is_desc(base)) {
                    return true;
                }
                let is_here =
                    self.scope.get(root).is_some_and(|ty| ty.pointers == 0) || self.ownership.own.contains(root);
                is_here && !self.is_shared(operand)
            }
            E::Name(name) => self.ownership.own.contains(name),
            _ => false,
        }
    }

    /// Whether the caller of the hook passed an object, or one that leads to it.
    pub(super) fn is_callers(&self, object: &Expression) -> bool {
        object.root().is_some_and(|root| self.ownership.callers.contains(root) && !self.aliases.is_alias(root))
    }

    /// Whether an argument points into the function's own frame. A local array does too.
    pub(super) fn points_to_own(&self, argument: &Expression) -> bool {
        let is_array =
            |name: &str| !self.locals.statics.contains(name) && self.scope.get(name).is_some_and(|ty| ty.is_array);
        let is_variable = |operand: &Expression| {
            operand.name().is_some_and(|name| self.scope.get(name).is_some() && !self.locals.statics.contains(name))
        };
        let is_address =
            matches!(&argument.bare().kind, E::Unary { operator: Prefix::Address, operand } if is_variable(operand));
        is_address || self.is_own(argument) || argument.name().is_some_and(is_array)
    }

    /// Whether an expression is constant: a number, or a name written like a constant.
    pub(super) fn is_constant(&self, value: &Expression) -> bool {
        match &value.bare().kind {
            E::Number(_) => true,
            E::Name(name) => {
                let is_upper = name.bytes().all(|byte| !byte.is_ascii_lowercase());
                self.ownership.constants.contains(name)
                    || (is_upper && self.scope.get(name).is_none())
                    || name == "true"
            }
            E::Unary { operand, .. } => self.is_constant(operand),
            E::Binary { left, right, .. } => self.is_constant(left) && self.is_constant(right),
            E::Call { callee, arguments } => {
                matches!(callee.name(), Some("BIT" | "BIT_ULL"))
                    && arguments.iter().all(|argument| self.is_constant(argument))
            }
            _ => false,
        }
    }

    /// Effect of a write to an object that others see.
    pub(super) fn write_of(
        &self,
        operator: Option<Arithmetic>,
        object: &Expression,
        member: Option<&str>,
        value: &Expression,
    ) -> Write {
        if self.is_claim(operator, object, value) {
            return Write::Refuses;
        }
        if self.is_address(value) {
            return Write::Locates;
        }
        if member.is_some_and(|member| self.close_writes(member)) {
            return Write::UndoneByClose;
        }
        let is_mark =
            matches!(operator, Some(Arithmetic::Or | Arithmetic::Xor)) || (self.is_constant(value) && !is_zero(value));
        let is_of_mapping =
            || self.made_from(value).iter().any(|name| self.aliases.is_alias(name)) && !self.is_pointer_of_vma(value);
        if !self.is_far && (is_mark || is_of_mapping()) { Write::Claim } else { Write::Value }
    }

    /// Whether a value is an address in the mapping: its start or end, and what is added to it. A difference of both is a size.
    fn is_address(&self, value: &Expression) -> bool {
        match &value.bare().kind {
            E::Field { base, name, .. } => {
                (self.aliases.is_vma(base) || self.aliases.is_desc(base))
                    && matches!(name.as_str(), "vm_start" | "vm_end" | "start" | "end")
            }
            E::Binary { operator: Binary::Arithmetic(Arithmetic::Plus | Arithmetic::Minus), left, right } => {
                self.is_address(left) != self.is_address(right)
            }
            E::Name(name) => {
                let values = self.locals.pointers.get(name).map_or(&[][..], Vec::as_slice);
                matches!(values, [only @ Expression { kind: E::Field { .. }, .. }] if self.is_address(only))
            }
            _ => false,
        }
    }

    /// Whether a value is `vm_mm` or `vm_file` of the VMA, or a member reached through one.
    fn is_pointer_of_vma(&self, value: &Expression) -> bool {
        match &value.bare().kind {
            E::Field { base, name, .. } => {
                (self.aliases.is_vma(base) && matches!(name.as_str(), "vm_mm" | "vm_file"))
                    || self.is_pointer_of_vma(base)
            }
            _ => false,
        }
    }
}

/// Whether a target is an output parameter: `*length = x`.
fn is_result(target: &Expression, ty: &Type) -> bool {
    let is_scalar = ty.tag().is_none() || ty.pointers > 1;
    is_scalar && matches!(&target.kind, E::Unary { operator: Prefix::Target, operand } if operand.name().is_some())
}

/// Number of pointers that an expression follows.
fn pointers_followed(target: &Expression) -> usize {
    let mut followed = 0;
    visit::expression(target, &mut |part| {
        followed += match &part.kind {
            E::Field { arrow: true, .. } => 1,
            E::Unary { operator: Prefix::Target, .. } => 1,
            _ => 0,
        };
    });
    followed
}
