//! A function of another module that has users beside the tables: the tables get a new function, and the old one becomes a bridge over it, so that the
//! body does not stand twice.

use super::HandlerConversion;
use crate::fix::hooks::bridge::{Around, passed, returned};
use crate::fix::rewrite::function::Conversion;
use crate::fix::text::edit::{Edit, applied, sorted};
use crate::fix::text::mentions::{Mention, mentions};
use crate::index::ItemId;
use crate::source::Span;
use crate::verdict::Verdict;

impl HandlerConversion<'_, '_> {
    /// Whether the old function has to stay: another module defines it, and something other than a table uses it.
    pub(super) fn keeps_old(&self) -> bool {
        let findings = self.candidate.findings.iter().map(|finding| &self.shared.findings[*finding]);
        let is_foreign = findings.clone().any(|finding| finding.verdict == Verdict::Blocked);
        is_foreign && {
            let name = &self.candidate.fix.name;
            let index = self.shared.context.index;
            self.files_naming(name, self.is_static()).into_iter().any(|file| {
                let source = index.file(file);
                let code = self.shared.lookup.code(file);
                let is_use = |(at, mention): (usize, Mention)| match mention {
                    Mention::Code(Some(number)) => {
                        !self.is_registration(file, at) && !self.registers(source, number, at)
                    }
                    Mention::Code(None) => !self.is_registration(file, at),
                    _ => false,
                };
                self.means_handler(file) && mentions(source, &code, name).into_iter().any(is_use)
            })
        }
    }

    /// Adds the new function to one file, and makes a bridge of the old one.
    pub(super) fn add_beside_old(&mut self, file: u32, conversion: &Conversion) {
        let source = self.shared.context.index.file(file);
        let (name, new_name) = (&self.candidate.fix.name, &self.candidate.fix.new_name);
        let all = self.mentions_in(file);
        let export =
            all.iter().find(|(_, mention)| *mention == Mention::Export).and_then(|(at, _)| source.item_at(*at as u32));
        let export = export.map(|item| source.items[item as usize].span);
        for (at, mention) in all {
            match mention {
                _ if self.is_registration(file, at) => {}
                Mention::Definition(number) => {
                    let item = &source.items[number];
                    let id = ItemId { file, item: number as u32 };
                    let Some(bridge) = self.bridge_of(id) else {
                        return self
                            .refuse(format!("{name} has other users, and no bridge over its twin can be written"));
                    };
                    let done = conversion.function(item, name, new_name, true);
                    self.check(file, &done.text, new_name, item.name.start);
                    self.open_points.extend(done.open_points.into_iter().map(|point| (file, point)));
                    self.remarks.extend(done.remarks);
                    self.remarks.insert(format!("{name}() stays for its other users, as a bridge over {new_name}()"));
                    self.add(file, [Edit { span: item.span, text: bridge }]);
                    let exported = export.map(|span| {
                        let text = String::from_utf8_lossy(span.of(&source.text)).into_owned();
                        format!("\n{}", text.replacen(name.as_str(), new_name, 1))
                    });
                    let at = export.map_or(item.span.end, |span| span.end) as usize;
                    let text = format!("\n\n{}{}", done.text, exported.unwrap_or_default());
                    self.add(file, [Edit::new(at, at, text)]);
                }
                Mention::Prototype => self.add_prototype(file, at, conversion),
                Mention::Alias(_) => {
                    self.refuse(format!("{name} has other users and a macro of its name in {}", source.path))
                }
                Mention::Code(Some(number)) if self.registers(source, number, at) => self.register_in_macro(file, at),
                _ => {}
            }
        }
    }

    fn add_prototype(&mut self, file: u32, at: usize, conversion: &Conversion) {
        let source = self.shared.context.index.file(file);
        let (name, new_name) = (&self.candidate.fix.name, &self.candidate.fix.new_name);
        let item = source.item_at(at as u32).map(|item| source.items[item as usize].span);
        let written = item.and_then(|span| {
            let edits = sorted(conversion.prototype(at, name, new_name, true)?).ok()?;
            Some((span, String::from_utf8(applied(&source.text, span, &edits)).ok()?))
        });
        match written {
            Some((span, text)) => {
                let end = span.end as usize;
                self.add(file, [Edit::new(end, end, format!("\n{}", text.trim_start()))]);
            }
            None => self.refuse(format!("its prototype in {} could not be parsed", source.path)),
        }
    }

    /// The old function as a bridge over the new one.
    fn bridge_of(&self, id: ItemId) -> Option<String> {
        let form = self.shared.rewrite.bridge.as_ref()?;
        let source = self.shared.context.index.file(id.file);
        let item = &source.items[id.item as usize];
        let syntax = self.shared.context.function(id);
        let [function] = syntax.variants.as_slice() else { return None };
        let parameter = |tag: &str| function.parameters.iter().find(|parameter| parameter.ty.points_to(tag));
        let vma = &parameter("vm_area_struct")?.name;
        let file = parameter("file").map_or_else(|| format!("{vma}->vm_file"), |file| file.name.clone());
        let head =
            String::from_utf8_lossy(Span { start: item.span.start, end: item.body }.of(&source.text)).into_owned();
        let Around { before, seed, after } = Around::new(form, &file, vma);
        let passed = passed(&function.parameters, |number| function.parameters[number].name.clone());
        let call = format!("err = {}({});", self.candidate.fix.new_name, passed.join(", "));
        let mut lines =
            ["struct vm_area_desc desc;", "int err;", "", &before, &seed, &call].map(str::to_owned).to_vec();
        lines.extend(returned("err", &after));
        let lines: Vec<String> =
            lines.into_iter().map(|line| if line.is_empty() { line } else { format!("\t{line}") }).collect();
        Some(format!("{head}{{\n{}\n}}", lines.join("\n")))
    }
}
