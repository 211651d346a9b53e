//! Old functions as bridges over their twins: where that is possible, and their text.

use std::collections::BTreeSet;

use super::HandlerConversion;
use super::over_new::Kept;
use crate::fix::hooks::bridge::{Around, ERRORS, passed, returned};
use crate::fix::text::layout::{indented, laid_out};
use crate::index::ItemId;
use crate::rules::CallEffect;
use crate::source::ast::{Expression, ExpressionKind as E, Function};
use crate::source::operator::Prefix;
use crate::source::visit::each_block;
use crate::source::{ItemKind, Span, find_word};

impl HandlerConversion<'_, '_> {
    /// Whether the old form of a helper becomes a bridge, if it has to stay. A bridge writes to the VMA as a whole: its callers have to be
    /// about to map it.
    pub(super) fn is_bridged(&self, id: ItemId) -> bool {
        let context = self.shared.context;
        let syntax = context.function(id);
        let [function] = syntax.variants.as_slice() else { return false };
        !self.is_reader(id)
            && self.shared.rewrite.bridge.is_some()
            && !context.index.file(id.file).is_header()
            && function.returns.name == "int"
            && function.returns.pointers == 0
            && function.parameters.iter().all(|parameter| parameter.name != "desc")
            && self.returns_errors(function)
            && self.remaining_users_map(id)
    }

    /// Whether a function returns 0 or an error, and no count.
    fn returns_errors(&self, function: &Function) -> bool {
        let mut is_error = true;
        each_block(&function.body, &mut |list| {
            for statement in list {
                if let Some(value) = statement.returned() {
                    is_error &= self.is_error(value);
                }
            }
        });
        is_error
    }

    fn is_error(&self, value: &Expression) -> bool {
        match &value.bare().kind {
            E::Number(number) => number == "0",
            // Other variables may hold a count.
            E::Name(name) => ERRORS.contains(&name.as_str()) || matches!(name.as_str(), "r" | "status"),
            E::Unary { operator, .. } => *operator == Prefix::Minus,
            E::Conditional { then, otherwise, .. } => {
                then.as_deref().is_none_or(|then| self.is_error(then)) && self.is_error(otherwise)
            }
            E::Call { callee, .. } => {
                let rule = callee.name().and_then(|name| self.shared.context.rules.call(name));
                !rule.is_some_and(|rule| rule.does == CallEffect::Access)
            }
            _ => false,
        }
    }

    /// Whether all users that keep their VMA are about to map it: handlers, and functions that only such functions call.
    fn remaining_users_map(&self, id: ItemId) -> bool {
        const DEPTH: usize = 4;
        let mut users = self.users(id).into_iter().filter(|user| !self.converted.contains(user));
        users.all(|user| self.maps(user, DEPTH))
    }

    fn maps(&self, id: ItemId, depth: usize) -> bool {
        let context = self.shared.context;
        let source = context.index.file(id.file);
        let name = source.name(context.index.item(id));
        if context.index.item(id).kind == ItemKind::Macro {
            return depth > 0 && self.users(id).into_iter().all(|user| self.maps(user, depth - 1));
        }
        let takes_vma = context
            .function(id)
            .variants
            .iter()
            .all(|function| function.parameters.iter().any(|parameter| parameter.ty.points_to("vm_area_struct")));
        if !takes_vma || self.shared.lookup.is_vm_hook(id.file, &name) {
            return false;
        }
        if self.shared.is_registered(id) {
            return true;
        }
        let users = self.users(id);
        depth > 0 && !users.is_empty() && users.into_iter().all(|user| self.maps(user, depth - 1))
    }

    /// The functions that name a function, and the macros that call it.
    pub(super) fn users(&self, id: ItemId) -> BTreeSet<ItemId> {
        let index = self.shared.context.index;
        let name = index.file(id.file).name(index.item(id));
        let users = self.shared.lookup.users_of(&name);
        let in_files = users.chunk_by(|user, next| user.file == next.file);
        let meant = in_files.filter(|users| {
            let file = users[0].file;
            (index.is_visible_elsewhere(id) || file == id.file) && !self.means_another(id, &name, file)
        });
        meant.flatten().copied().collect()
    }

    /// The old function as a bridge over the new one.
    pub(super) fn bridge_of(&self, id: ItemId, kept: &Kept) -> Option<String> {
        let form = self.shared.rewrite.bridge.as_ref()?;
        let source = self.shared.context.index.file(id.file);
        let item = &source.items[id.item as usize];
        let syntax = self.shared.context.function(id);
        let [function] = syntax.variants.as_slice() else { return None };
        if function.returns.name != "int" || function.returns.pointers != 0 {
            return None;
        }
        let parameter = |tag: &str| function.parameters.iter().find(|parameter| parameter.ty.points_to(tag));
        let vma = &parameter("vm_area_struct")?.name;
        // A helper may be given another file than that of the mapping.
        let file = parameter("file").filter(|_| kept.is_handler);
        let file = file.map_or_else(|| format!("{vma}->vm_file"), |file| file.name.clone());
        let body = Span { start: item.body, end: item.span.end }.of(&source.text);
        if kept.is_handler && parameter("file").is_some() && find_word(body, b"vm_file", 0).is_some() {
            // The two may differ for a caller by hand.
            return None;
        }
        let is_free = |name: &&&str| function.parameters.iter().all(|parameter| parameter.name != **name);
        let error = ERRORS.iter().find(is_free)?;
        let head =
            String::from_utf8_lossy(Span { start: item.span.start, end: item.body }.of(&source.text)).into_owned();
        let Around { before, seed, after, argument } = Around::new(form, &file, vma);
        let named = |number: usize| function.parameters[number].name.clone();
        let passed = passed(&function.parameters, &argument, !kept.is_handler, named);
        let call = laid_out(&format!("{error} = {}({});", kept.second.unwrap_or(kept.new_name), passed.join(", ")), 8);
        let declared = format!("int {error};");
        let mut lines = vec![format!("struct {} desc;", form.tag), declared, String::new(), before];
        lines.extend(seed);
        lines.push(call);
        lines.extend(returned(error, &after));
        let lines: Vec<String> = lines.iter().map(|line| indented(line, "\t")).collect();
        Some(format!("{head}{{\n{}\n}}", lines.join("\n")))
    }
}
