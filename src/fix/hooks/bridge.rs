//! Callers of a retyped hook. A caller keeps its VMA; a bridge builds a desc from it and applies the hook's result to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::fix::hooks::retyping::{PRIVATE, Retyping};
use crate::fix::hooks::site::Site;
use crate::fix::hooks::twin::{is_copied, tested};
use crate::fix::text::edit::Edit;
use crate::fix::text::layout::{columns, laid_out, on_one_line};
use crate::index::{Handler, ItemId, Scope, SourceFile};
use crate::rules::BridgeForm;
use crate::source::ast::{Expression, ExpressionKind as E, Function, Parameter, Statement, StatementKind as S, Type};
use crate::source::visit::{self, Seen};
use crate::source::{Item, Span, find_word, words};

/// Usual names of error variables.
pub(in crate::fix) const ERRORS: &[&str] = &["err", "ret", "rc", "error", "retval", "res"];

/// A function that calls a hook, or tests whether it is set.
pub(in crate::fix) struct Caller<'r, 'p, 'a> {
    pub(super) retyping: &'r Retyping<'p, 'a>,
    pub(super) source: &'r SourceFile,
    pub(super) code: &'r [u8],
    id: ItemId,
    function: &'r Function,
    scope: Scope,
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
        let ty = shared.context.types.of(base, &self.scope, self.id.file);
        let is_ours = match ty.as_ref().and_then(|ty| ty.tag()) {
            Some(tag) => tag == hook.record,
            None => marks.are_in(&self.source.text),
        };
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
                S::Return(Some(value)) => self.call(statement, value, None)?,
                S::Expression(Expression { kind: E::Assign { operator, target, value }, .. }) if operator == "=" => {
                    if let Some(name) = target.name() {
                        self.call(statement, value, Some(name))?;
                    }
                }
                S::If { then, otherwise, .. } => {
                    self.statements(then)?;
                    self.statements(otherwise)?;
                }
                S::Loop { body, .. } | S::Block(body) => self.statements(body)?,
                S::Switch { arms, .. } => arms.iter().try_for_each(|arm| self.statements(arm))?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Renames the member wherever else it is read, or tests the new member too. Fails if it is called without a bridge, or set outside a registration.
    pub(in crate::fix) fn others(&mut self) -> Result<(), String> {
        let (mut called, mut set, mut named, mut unknown) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), None);
        let mut spans: BTreeMap<Span, Span> = BTreeMap::new();
        visit::statements(&self.function.body, &mut |seen| {
            let Seen::Expression(expression) = seen else { return };
            if let Some(place) = self.hook(expression) {
                named.insert(place);
                spans.insert(place, self.without_parentheses(expression.bare().span, place));
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
            return Err(format!("{} may be called at {}, by a table of unknown type", hook.name(), self.source.at(at)));
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
        Ok(())
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

    /// Bridges a call of the hook whose value is returned, or stored in `kept_in`.
    fn call(&mut self, statement: &Statement, value: &Expression, kept_in: Option<&str>) -> Result<(), String> {
        let Some(Called { place, callee, arguments, inner }) = self.called(value, kept_in) else { return Ok(()) };
        let Retyping { hook, new_name, .. } = self.retyping;
        let refuse = |why: &str| Err(format!("{} is called at {} {why}", hook.name(), self.source.at(place.start)));
        let Bridge { before: build, after, passed, is_declared: is_desc } = self.bridge(arguments, place)?;
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
        let indent = if is_twin && kept_in.is_some() { format!("{}\t", site.indent) } else { site.indent.clone() };
        let mut lines = build;
        lines.push(laid_out(&call, columns(indent.as_bytes())));
        if let Some(inner) = inner {
            lines.extend([format!("if (!{error})"), format!("\t{error} = {after};")]);
            lines.push(self.with_result(statement, inner, &error, &indent));
        } else if kept_in.is_some() {
            lines.extend([format!("if (!{error})"), format!("\t{error} = {after};")]);
        } else {
            lines.extend(returned(&error, &after));
        }
        let mut declared: Vec<String> = if is_desc { Vec::new() } else { vec!["struct vm_area_desc desc;".to_owned()] };
        declared.extend(is_new.then(|| format!("int {error};")));
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

    /// Declares a variable for the table that a call gives: `READ_ONCE(sock->ops)->`. Returns how the new code reaches the table. `None` if statements
    /// before the call may change what the call gives.
    fn hoisted(&mut self, statement: &Statement, callee: &str) -> Option<String> {
        let first = self.function.body.iter().find(|statement| !matches!(statement.kind, S::Declaration(_)))?;
        let table = callee.strip_suffix("->")?;
        let is_free = find_word(self.id_item().span.of(self.code), b"ops", 0).is_none()
            || words(self.id_item().span.of(self.code), b"ops")
                .all(|at| self.id_item().span.of(self.code)[..at].ends_with(b">"));
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

    pub(super) fn id_item(&self) -> &'r Item {
        &self.source.items[self.id.item as usize]
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
}

/// A call of the hook in a statement.
struct Called<'e> {
    /// The member's name.
    place: Span,
    callee: &'e Expression,
    arguments: &'e [Expression],
    /// The call, if its value is an argument of another call.
    inner: Option<Span>,
}

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
    /// The call of the hook whose value a statement returns or keeps, or gives to another call and returns that one's.
    fn called<'e>(&self, value: &'e Expression, kept_in: Option<&str>) -> Option<Called<'e>> {
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
        let is_declared = self.scope.get("desc").is_some_and(|ty| ty.tag() == Some("vm_area_desc") && ty.pointers == 0);
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
        let Around { before, seed, after } = Around::new(form, &file, vma);
        let above = &self.code[self.id_item().body as usize..place.start as usize];
        // A twin that is written later may leave the private data as the caller has set them.
        let has_private = self.retyping.is_twin || self.retyping.has_private || find_word(above, PRIVATE, 0).is_some();
        let before = std::iter::once(before).chain(has_private.then_some(seed)).collect();
        Ok(Bridge { before, after, passed: passed(parameters, false, |number| text(&arguments[number])), is_declared })
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
    pub(in crate::fix) seed: String,
    /// Applies it to the VMA.
    pub(in crate::fix) after: String,
}

impl Around {
    pub(in crate::fix) fn new(form: &BridgeForm, file: &str, vma: &str) -> Around {
        let filled = |template: &str| template.replace("{desc}", "desc").replace("{file}", file).replace("{vma}", vma);
        Around { before: filled(&form.before), seed: filled(&form.seed), after: filled(&form.after) }
    }
}

/// The arguments of a function that takes a desc, from the parameters of the one that takes a VMA and their arguments by number. Hooks find the file in the
/// desc, helpers still get it.
pub(in crate::fix) fn passed(
    parameters: &[Parameter],
    gets_file: bool,
    argument: impl Fn(usize) -> String,
) -> Vec<String> {
    let passed = parameters.iter().enumerate().filter(|(_, parameter)| gets_file || !parameter.ty.points_to("file"));
    let text = |(number, parameter): (usize, &Parameter)| match parameter.ty.points_to("vm_area_struct") {
        true => "&desc".to_owned(),
        false => argument(number),
    };
    passed.map(text).collect()
}

/// The lines that return an error of the hook, or the result of what it asked for.
pub(in crate::fix) fn returned(error: &str, after: &str) -> [String; 4] {
    [format!("if ({error})"), format!("\treturn {error};"), String::new(), format!("return {after};")]
}

/// The lines that keep the result of the old hook if a table has it, and else that of the new one. A table macro may set the new hook, and a driver the
/// old one at run time: the old one then counts.
fn instead_of_old(test: &str, mut declared: Vec<String>, lines: Vec<String>, old_call: &str) -> Vec<String> {
    if !declared.is_empty() {
        declared.push(String::new());
    }
    let inner = declared.into_iter().chain(lines);
    let indented = inner.map(|line| if line.is_empty() { line } else { format!("\t{line}") });
    let mut all = vec![format!("if ({test}) {{"), format!("\t{}", deeper(old_call)), "} else {".to_owned()];
    all.extend(indented);
    all.push("}".to_owned());
    all
}

/// A statement whose further lines are indented by a tab more.
fn deeper(statement: &str) -> String {
    statement.replace('\n', "\n\t")
}
