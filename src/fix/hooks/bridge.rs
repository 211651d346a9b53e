//! Bridges around the calls of a retyped hook. The caller keeps its VMA; a bridge builds a desc from it and applies the hook's result to
//! it.

use crate::fix::hooks::caller::{Called, Caller};
use crate::fix::hooks::retyping::{PRIVATE, Retyping};
use crate::fix::hooks::site::Site;
use crate::fix::text::edit::Edit;
use crate::fix::text::layout::{columns, indented, laid_out, on_one_line};
use crate::rules::BridgeForm;
use crate::rules::template::fill;
use crate::source::ast::{Expression, Parameter, Statement, StatementKind as S, Type};
use crate::source::{Span, find_word, words};

/// Usual names of error variables.
pub(in crate::fix) const ERRORS: &[&str] = &["err", "ret", "rc", "error", "retval", "res"];

/// What stands around the call of a hook that takes a desc.
pub(super) struct Bridge {
    /// Builds the desc.
    pub(super) before: Vec<String>,
    /// Applies the desc to the VMA.
    pub(super) after: String,
    /// The arguments of the new hook.
    pub(super) passed: Vec<String>,
    /// Whether the function has a desc already.
    pub(super) is_declared: bool,
}

impl Caller<'_, '_, '_> {
    /// Bridges a call of the hook whose value is returned, or stored in `kept_in`. `arm` is the condition of the new hook, if the statement
    /// is all that runs where the table has the old one.
    pub(super) fn call(
        &mut self,
        statement: &Statement,
        value: &Expression,
        kept_in: Option<&str>,
        arm: Option<&str>,
    ) -> Result<(), String> {
        let Some(Called { place, callee, arguments, inner }) = self.called(value, kept_in) else { return Ok(()) };
        let Retyping { hook, new_name, .. } = self.retyping;
        let refuse = |why: &str| Err(format!("{} is called at {} {why}", hook.name(), self.source.at(place.start)));
        let Bridge { before: mut lines, after, passed, is_declared } = self.bridge(arguments, place)?;
        let is_twin = self.retyping.is_twin;
        let Some(site) = Site::of(self.source, self.code, statement) else {
            return refuse("in a statement that shares its line, or whose else cannot be given braces");
        };
        let callee = Span { start: callee.span.start, end: place.start };
        let mut callee = String::from_utf8_lossy(callee.of(&self.source.text)).into_owned();
        let mut old_call = statement.span.of(&self.source.text).to_vec();
        if is_twin && callee.contains('(') {
            // Whatever the table is found by, is asked once.
            let Some(found) = self.hoisted(statement, &callee) else {
                return refuse("by way of a call that a test of the new hook would repeat");
            };
            let start = place.start as usize - statement.span.start as usize - callee.len();
            old_call.splice(start..start + callee.len(), found.bytes());
            callee = found;
        }
        if callee.contains("++") || callee.contains("--") {
            return refuse("by way of a step that a test of the new hook would repeat");
        }
        let (error, is_new) = match kept_in {
            Some(name) => (name.to_owned(), false),
            None => self.error(),
        };
        if inner.is_some() && find_word(statement.span.of(self.code), error.as_bytes(), 0).is_some() {
            return refuse(&format!("beside a use of {error}"));
        }
        let call = format!("{error} = {callee}{new_name}({});", passed.join(", "));
        let is_deeper = is_twin && kept_in.is_some() && arm.is_none();
        let indent = if is_deeper { format!("{}\t", site.indent) } else { site.indent.clone() };
        lines.push(laid_out(&call, columns(indent.as_bytes())));
        if inner.is_some() || kept_in.is_some() {
            lines.extend([format!("if (!{error})"), format!("\t{error} = {after};")]);
        } else {
            lines.extend(returned(&error, &after));
        }
        lines.extend(inner.map(|inner| self.with_result(statement, inner, &error, &indent)));
        let mut declared: Vec<String> = Vec::new();
        declared.extend((!is_declared).then(|| format!("struct {} desc;", self.retyping.form.tag)));
        declared.extend(is_new.then(|| format!("int {error};")));
        if let Some(condition) = arm {
            declared.extend((!declared.is_empty()).then(String::new));
            declared.extend(lines);
            self.edits.extend(site.with_arm(&String::from_utf8_lossy(&old_call), condition, &declared));
            self.bridged.insert(place);
            return Ok(());
        }
        if is_twin {
            let test = format!("{callee}{}", hook.member);
            let old_call = String::from_utf8_lossy(&old_call).into_owned();
            if kept_in.is_some() {
                lines = instead_of_old(&test, std::mem::take(&mut declared), lines, &old_call);
            } else {
                lines.splice(0..0, [format!("if ({test})"), format!("\t{}", deeper(&old_call)), String::new()]);
            }
        }
        self.write(&site, declared, lines);
        self.bridged.insert(place);
        Ok(())
    }

    /// Declares a variable for the table that a call gives: `READ_ONCE(sock->ops)->`. Returns how the new code reaches the table. `None` if
    /// statements before the call may change what the call gives.
    fn hoisted(&mut self, statement: &Statement, callee: &str) -> Option<String> {
        let first = self.function.body.iter().find(|statement| !matches!(statement.kind, S::Declaration(_)))?;
        let table = callee.strip_suffix("->")?;
        let own = self.id_item().span.of(self.code);
        let is_free = words(own, b"ops").all(|at| own[..at].ends_with(b">"));
        if first.span != statement.span || !is_free {
            return None;
        }
        self.declare(&[format!("const struct {} *ops = {table};", self.retyping.hook.record)]);
        Some("ops->".to_owned())
    }

    /// Writes the lines of a bridge and their declarations.
    fn write(&mut self, site: &Site, mut declared: Vec<String>, mut lines: Vec<String>) {
        match (declared.is_empty(), site.is_bare) {
            (true, _) => {}
            (false, true) => {
                declared.push(String::new());
                lines.splice(0..0, declared);
            }
            (false, false) => self.declare(&declared),
        }
        self.edits.extend(site.edits(&lines));
    }

    /// Name of the function's error variable, and whether it has to be declared.
    pub(super) fn error(&self) -> (String, bool) {
        let declared = self.function.body.iter().filter_map(|statement| match &statement.kind {
            S::Declaration(variables) => Some(variables),
            _ => None,
        });
        let is_int = |ty: &Type| ty.name == "int" && ty.pointers == 0 && !ty.is_array && ty.function.is_none();
        let kept = declared.flatten().find(|variable| is_int(&variable.ty) && ERRORS.contains(&variable.name.as_str()));
        let body = self.id_item().span.of(self.code);
        let is_free = |name: &&&str| find_word(body, name.as_bytes(), 0).is_none();
        match kept {
            Some(variable) => (variable.name.clone(), false),
            None => (ERRORS.iter().find(is_free).unwrap_or(&ERRORS[0]).to_string(), true),
        }
    }

    /// Declares variables after the declarations at the start of the function.
    fn declare(&mut self, lines: &[String]) {
        let first = self.function.body.iter().take_while(|statement| matches!(statement.kind, S::Declaration(_)));
        let mut text: String = lines.iter().map(|line| format!("\n\t{line}")).collect();
        let at = match first.last() {
            Some(last) => last.span.end as usize,
            None => {
                text.push('\n');
                self.id_item().body as usize + 1
            }
        };
        self.edits.insert(Edit::new(at, at, text));
    }

    /// The bridge for a call with these arguments at a place.
    pub(super) fn bridge(&self, arguments: &[Expression], place: Span) -> Result<Bridge, String> {
        let Retyping { hook, form, parameters, .. } = self.retyping;
        let refuse = |why: &str| Err(format!("{} is called at {} {why}", hook.name(), self.source.at(place.start)));
        let handed = |tag: &str| parameters.iter().position(|parameter| parameter.ty.points_to(tag));
        let vma = handed("vm_area_struct").and_then(|number| arguments.get(number)?.name());
        let (Some(vma), true) = (vma, arguments.len() == parameters.len()) else {
            return refuse("with a VMA that is not a plain variable");
        };
        let body = &self.code[self.id_item().body as usize..self.id_item().span.end as usize];
        // The bridge of another hook may have declared `desc` already; this one refills it.
        let is_declared = self.scope.get("desc").is_some_and(|ty| ty.tag() == Some(&*form.tag) && ty.pointers == 0);
        if find_word(body, b"desc", 0).is_some() && !is_declared {
            return refuse("where the name desc is already used");
        }
        let text = |expression: &Expression| expression.text(&self.source.text);
        let file = handed("file").map(|number| text(&arguments[number])).or_else(|| {
            let own = self.function.parameters.iter().find(|parameter| parameter.ty.points_to("file"));
            own.map(|parameter| parameter.name.clone())
        });
        let file = file.unwrap_or_else(|| format!("{vma}->vm_file"));
        if file == "NULL" {
            return refuse("without a file");
        }
        let Around { before, seed, after, argument } = Around::new(form, &file, vma);
        let above = &self.code[self.id_item().body as usize..place.start as usize];
        // A twin that is written later may leave the private data as the caller has set them.
        // So may the callers of a function that is no handler.
        let has_private = self.retyping.is_twin
            || self.retyping.has_private
            || !self.retyping.shared.is_registered(self.id)
            || find_word(above, PRIVATE, 0).is_some();
        let before = std::iter::once(before).chain(seed.filter(|_| has_private)).collect();
        let passed = passed(parameters, &argument, false, |number| text(&arguments[number]));
        Ok(Bridge { before, after, passed, is_declared })
    }

    /// A statement in which a variable stands for the value of a call.
    fn with_result(&self, statement: &Statement, call: Span, variable: &str, indent: &str) -> String {
        let mut text = statement.span.of(&self.source.text).to_vec();
        let start = (call.start - statement.span.start) as usize;
        text.splice(start..start + (call.end - call.start) as usize, variable.bytes());
        let text = on_one_line(&String::from_utf8_lossy(&text));
        laid_out(&text, columns(indent.as_bytes()))
    }
}

/// The code around the call of a hook that takes a desc, for a file and a VMA.
pub(in crate::fix) struct Around {
    /// Builds the desc.
    pub(in crate::fix) before: String,
    /// Gives it the private data of the VMA.
    pub(in crate::fix) seed: Option<String>,
    /// Applies it to the VMA.
    pub(in crate::fix) after: String,
    /// Passes it to the hook.
    pub(in crate::fix) argument: String,
}

impl Around {
    pub(in crate::fix) fn new(form: &BridgeForm, file: &str, vma: &str) -> Around {
        let filled = |template: &str| {
            fill(template, &mut |key| match key {
                "desc" => Some("desc".to_owned()),
                "file" => Some(file.to_owned()),
                "vma" => Some(vma.to_owned()),
                _ => None,
            })
        };
        Around {
            before: filled(&form.before),
            seed: form.seed.as_deref().map(filled),
            after: filled(&form.after),
            argument: filled(&form.argument),
        }
    }
}

/// The arguments of a function that takes a desc, from the parameters of the one that takes a VMA and their arguments by number. Hooks find
/// the file in the desc, helpers still get it.
pub(in crate::fix) fn passed(
    parameters: &[Parameter],
    desc: &str,
    gets_file: bool,
    argument: impl Fn(usize) -> String,
) -> Vec<String> {
    let passed = parameters.iter().enumerate().filter(|(_, parameter)| gets_file || !parameter.ty.points_to("file"));
    let text = |(number, parameter): (usize, &Parameter)| match parameter.ty.points_to("vm_area_struct") {
        true => desc.to_owned(),
        false => argument(number),
    };
    passed.map(text).collect()
}

/// The lines that return an error of the hook, or the result of what it asked for.
pub(in crate::fix) fn returned(error: &str, after: &str) -> [String; 4] {
    [format!("if ({error})"), format!("\treturn {error};"), String::new(), format!("return {after};")]
}

/// The lines that keep the result of the old hook if a table has it, and else that of the new one. A table macro may set the new hook, and
/// a driver the old one at run time: the old one then counts.
fn instead_of_old(test: &str, mut declared: Vec<String>, lines: Vec<String>, old_call: &str) -> Vec<String> {
    if !declared.is_empty() {
        declared.push(String::new());
    }
    let inner = declared.into_iter().chain(lines);
    let mut all = vec![format!("if ({test}) {{"), format!("\t{}", deeper(old_call)), "} else {".to_owned()];
    all.extend(inner.map(|line| indented(&line, "\t")));
    all.push("}".to_owned());
    all
}

/// A statement whose further lines are indented by a tab more.
fn deeper(statement: &str) -> String {
    statement.replace('\n', "\n\t")
}
