//! Types of expressions, as far as declarations show.

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::includes::{candidates, includes};
use super::{Index, SourceFile};
use crate::kernel::{Layer, Tree};
use crate::rules::{Idiom, Rules};
use crate::source::ast::{Expression, ExpressionKind as E, Function, Parameter, Statement, Type};
use crate::source::operator::Prefix;
use crate::source::{ItemKind, Span, parse, visit};

/// Variables of a function.
#[derive(Debug, Default)]
pub struct Scope {
    variables: FxHashMap<String, Type>,
}

impl From<FxHashMap<String, Type>> for Scope {
    fn from(variables: FxHashMap<String, Type>) -> Scope {
        Scope { variables }
    }
}

impl Scope {
    /// Collects the parameters of a function and everything it declares. A name declared twice keeps its first type.
    pub fn of(function: &Function) -> Scope {
        let mut scope = Scope::default();
        for parameter in &function.parameters {
            let mut ty = parameter.ty.clone();
            // An array parameter is a pointer to the caller's array.
            if std::mem::take(&mut ty.is_array) {
                ty.pointers += 1;
            }
            scope.variables.insert(parameter.name.clone(), ty);
        }
        scope.declare(&function.body);
        scope
    }

    /// Adds everything that statements declare.
    pub fn declare(&mut self, statements: &[Statement]) {
        visit::statements(statements, &mut |seen| {
            if let visit::Seen::Declared(declared) = seen {
                self.variables.entry(declared.name.clone()).or_insert_with(|| declared.ty.clone());
            }
        });
    }

    /// Type of a variable of the function.
    pub fn get(&self, name: &str) -> Option<&Type> {
        self.variables.get(name)
    }
}

/// Types read so far: each struct is searched for once, and each header read once.
#[derive(Debug, Default)]
pub struct KnownTypes {
    members: RwLock<FxHashMap<String, Arc<Vec<Parameter>>>>,
    loaded: RwLock<FxHashMap<String, Option<Arc<SourceFile>>>>,
}

impl KnownTypes {
    /// Forgets the members of structs, because files added later may declare them. Headers stay known.
    pub(super) fn forget_members(&mut self) {
        *self.members.get_mut().unwrap_or_else(PoisonError::into_inner) = FxHashMap::default();
    }
}

/// Finds the types of expressions. Structs that no file of the index declares are looked up in the headers that the file includes.
#[derive(Clone, Copy, Debug)]
pub struct Types<'i> {
    index: &'i Index,
    tree: &'i Tree,
    known: &'i KnownTypes,
    rules: &'i Rules,
}

/// Maximum include depth in the search for a struct.
const INCLUDE_DEPTH: usize = 2;

impl<'i> Types<'i> {
    /// Types in an index of a tree.
    pub fn new(index: &'i Index, tree: &'i Tree, known: &'i KnownTypes, rules: &'i Rules) -> Types<'i> {
        Types { index, tree, known, rules }
    }

    /// Type of an expression in a function of `file`; `None` if the known declarations do not show it.
    pub fn of(&self, expression: &Expression, scope: &Scope, file: u32) -> Option<Type> {
        match &expression.kind {
            E::Name(name) => scope.get(name).cloned().or_else(|| self.of_global(name, file)),
            E::Field { base, name, .. } => {
                let base = self.of(base, scope, file)?;
                self.member(base.tag()?, name, file)
            }
            E::Index { base, .. } => self.of(base, scope, file).map(dereferenced),
            E::Unary { operator, operand } => {
                let ty = self.of(operand, scope, file)?;
                match operator {
                    Prefix::Target => Some(dereferenced(ty)),
                    Prefix::Address => Some(Type { pointers: ty.pointers + 1, ..ty }),
                    _ => None,
                }
            }
            E::Cast { ty, .. } => Some(ty.clone()),
            E::Call { callee, arguments } => self.of_call(callee.name()?, arguments, scope, file),
            E::Conditional { then, otherwise, .. } => match then {
                Some(then) => self.of(then, scope, file),
                None => self.of(otherwise, scope, file),
            },
            E::Assign { target, .. } => self.of(target, scope, file),
            _ => None,
        }
    }

    fn of_call(&self, name: &str, arguments: &[Expression], scope: &Scope, file: u32) -> Option<Type> {
        match self.rules.idiom(name) {
            Some(Idiom::Container) => container(arguments),
            Some(idiom) if idiom.is_value() => self.of(arguments.first()?, scope, file),
            _ => {
                let source = self.index.file(file);
                let Some(item) = source.named(ItemKind::Function, name).next() else {
                    return self.of_macro(name, arguments, file);
                };
                let head = [source.items[item as usize].head().of(&source.text), b"{}"].concat();
                parse::in_first_variant(&head, 0).syntax.into_iter().next().map(|function| function.returns)
            }
        }
    }

    /// Type of a macro that finds the object around another one: `#define to_lamp(x) container_of(x, struct lamp, node)`.
    fn of_macro(&self, name: &str, arguments: &[Expression], file: u32) -> Option<Type> {
        let expanded = self.index.expansions(name, file, arguments, true)?.pop()?;
        let E::Call { callee, arguments } = parse::expression(&expanded, Span::new(0, expanded.len()))?.kind else {
            return None;
        };
        let is_container = callee.name().and_then(|name| self.rules.idiom(name)) == Some(Idiom::Container);
        if is_container { container(&arguments) } else { None }
    }

    fn of_global(&self, name: &str, file: u32) -> Option<Type> {
        let source = self.index.file(file);
        let item = source.items.iter().find(|item| {
            matches!(item.kind, ItemKind::Variable | ItemKind::Other)
                && crate::source::find_word(item.head().of(&source.text), name.as_bytes(), 0).is_some()
        })?;
        let head = [item.head().of(&source.text).trim_ascii_end(), b";"].concat();
        parse::variables(&head, 0).syntax.into_iter().find(|declared| declared.name == name).map(|declared| declared.ty)
    }

    /// Type of a member of `struct tag`, as `file` sees the struct.
    pub fn member(&self, tag: &str, member: &str, file: u32) -> Option<Type> {
        let members = self.members_of(tag, file)?;
        let found = members.iter().find(|candidate| candidate.name == member)?.ty.clone();
        // Members of a struct without a tag are listed as those of the struct around it.
        Some(if found.tag() == Some("") { Type { name: format!("struct {tag}"), ..found } } else { found })
    }

    /// Tag of a struct type under any name: `struct file_operations`, a typedef of it, or a macro for it.
    pub fn tag_of(&self, ty: &Type, file: u32) -> Option<String> {
        if let Some(tag) = ty.tag() {
            return Some(tag.to_owned());
        }
        let name = ty.name.as_str();
        let is_name = !name.is_empty() && name.bytes().all(crate::source::is_identifier_byte);
        if !is_name
            || matches!(name, "int" | "char" | "long" | "short" | "void" | "bool" | "u8" | "u16" | "u32" | "u64")
        {
            return None;
        }
        if let Some(body) = self.index.constant(name, file) {
            return tag_in(body);
        }
        let near = std::iter::once(file).chain(self.index.neighbours(file));
        let known = near.into_iter().find_map(|file| typedef_in(self.index.file(file), name));
        known.or_else(|| self.in_includes(self.index.file(file), |header| typedef_in(header, name)))
    }

    fn members_of(&self, tag: &str, file: u32) -> Option<Arc<Vec<Parameter>>> {
        let source = self.index.file(file);
        // Two drivers may use the same tag, so members are cached by folder.
        let key = format!("{}:{tag}", source.folder());
        if let Some(known) = self.known.members.read().ok()?.get(&key) {
            return (!known.is_empty()).then(|| known.clone());
        }
        let found = Arc::new(self.declared_members(tag, file).unwrap_or_default());
        self.known.members.write().ok()?.insert(key, found.clone());
        (!found.is_empty()).then_some(found)
    }

    fn declared_members(&self, tag: &str, file: u32) -> Option<Vec<Parameter>> {
        let source = self.index.file(file);
        let known = self.index.records.called(tag, &self.index.files);
        let nearest = known.iter().max_by_key(|id| {
            (
                id.file == file,
                shared_folders(source, self.index.file(id.file)),
                self.index.file(id.file).is_shared_header(),
            )
        });
        if let Some(id) = nearest.filter(|id| {
            let candidate = self.index.file(id.file);
            let is_near = shared_folders(source, candidate) >= 2;
            let is_own = source.layer == Layer::Module && candidate.layer == Layer::Module;
            id.file == file || candidate.is_shared_header() || is_near || is_own
        }) {
            return Some(read_members(self.index.file(id.file), id.item));
        }
        self.included_members(tag, source)
    }

    fn included_members(&self, tag: &str, source: &SourceFile) -> Option<Vec<Parameter>> {
        self.in_includes(source, |header| {
            let is_whole = |item: &u32| {
                let item = header.items[*item as usize];
                item.body < item.span.end
            };
            header.named(ItemKind::Record, tag).find(is_whole).map(|item| read_members(header, item))
        })
    }

    /// First result of `find` in the headers that a file includes.
    fn in_includes<T>(&self, source: &SourceFile, find: impl Fn(&SourceFile) -> Option<T>) -> Option<T> {
        let mut seen: Vec<String> = Vec::new();
        let mut level = self.included_by(source);
        for _ in 0..INCLUDE_DEPTH {
            let mut next = Vec::new();
            for path in level {
                if seen.contains(&path) {
                    continue;
                }
                if let Some(header) = self.load(&path) {
                    if let Some(found) = find(&header) {
                        return Some(found);
                    }
                    next.extend(self.included_by(&header));
                }
                seen.push(path);
            }
            level = next;
        }
        None
    }

    /// Paths that the includes of a file can mean.
    fn included_by(&self, file: &SourceFile) -> Vec<String> {
        let added = if file.layer == Layer::Module { self.tree.module_folders() } else { &[] };
        includes(&file.text).iter().flat_map(|include| candidates(include, file.folder(), added)).collect()
    }

    /// A header of the index, or one that is read once because the index lacks it.
    fn load(&self, path: &str) -> Option<Arc<SourceFile>> {
        if let Some(kept) = self.index.header(path) {
            return Some(kept.clone());
        }
        if let Some(known) = self.known.loaded.read().ok()?.get(path) {
            return known.clone();
        }
        let text = self.tree.read(path).filter(|text| SourceFile::check(path, text).is_ok());
        let file = text.map(|text| Arc::new(SourceFile::of(self.tree, path, text)));
        self.known.loaded.write().ok()?.insert(path.to_owned(), file.clone());
        file
    }
}

/// Tag in `struct tag`.
fn tag_in(text: &[u8]) -> Option<String> {
    let mut words = crate::source::identifiers(text).skip_while(|word| matches!(*word, "typedef" | "const"));
    matches!(words.next(), Some("struct" | "union")).then(|| words.next().map(str::to_owned)).flatten()
}

/// Tag of the struct that a typedef of a file names `name`. If the struct has no tag, the name itself.
fn typedef_in(file: &SourceFile, name: &str) -> Option<String> {
    file.items.iter().find_map(|item| {
        let text = item.span.of(&file.text);
        let is_it = text.starts_with(b"typedef")
            && matches!(item.kind, ItemKind::Record | ItemKind::Other)
            && crate::source::identifier_before(text, text.len().saturating_sub(1))
                .is_some_and(|(start, end)| &text[start..end] == name.as_bytes());
        match item.kind {
            _ if !is_it => None,
            ItemKind::Record => Some(file.name(item)),
            _ => tag_in(text),
        }
    })
}

/// Type of `container_of(pointer, struct lamp, node)`. Masking removed `struct` from its argument.
fn container(arguments: &[Expression]) -> Option<Type> {
    Some(Type { name: format!("struct {}", arguments.get(1)?.name()?), pointers: 1, ..Type::default() })
}

fn dereferenced(ty: Type) -> Type {
    if ty.is_array { Type { is_array: false, ..ty } } else { Type { pointers: ty.pointers.saturating_sub(1), ..ty } }
}

fn shared_folders(left: &SourceFile, right: &SourceFile) -> usize {
    left.folder().split('/').zip(right.folder().split('/')).take_while(|(left, right)| left == right).count()
}

fn read_members(file: &SourceFile, item: u32) -> Vec<Parameter> {
    let span = file.items[item as usize].span;
    parse::members(span.of(&file.text), span.start).syntax
}
