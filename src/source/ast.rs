//! Syntax of one slice, reduced to the needs of the analysis and free of the grammar's node names.

use super::conditional::Assumed;
use super::lex::is_error_number;
use super::operator::{Arithmetic, Binary, Prefix};
use super::span::Span;
use super::visit::{self, Seen};

/// A C type, reduced to the needs of the analysis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Type {
    /// The name without qualifiers: `struct vm_area_struct`, `pgoff_t`, `unsigned long`.
    pub name: String,
    /// Number of `*` before the declared identifier. For a function or a function pointer: those of its return type.
    pub pointers: u8,
    /// Parameters, if it is a function or a function pointer.
    pub function: Option<Vec<Parameter>>,
    /// Whether it is an array.
    pub is_array: bool,
}

impl Type {
    /// The tag of a struct or union type, without the keyword.
    pub fn tag(&self) -> Option<&str> {
        self.name.strip_prefix("struct ").or_else(|| self.name.strip_prefix("union "))
    }

    /// Whether this is an integer type that holds every size of a mapping.
    pub fn is_wide_integer(&self) -> bool {
        let is_long = self.name.split_whitespace().any(|word| word == "long");
        self.pointers == 0 && (is_long || WIDE.contains(&self.name.as_str()))
    }

    /// Whether this is an integer type that holds fewer values than `unsigned long`.
    pub fn is_narrow_integer(&self) -> bool {
        self.narrow_integer().is_some()
    }

    /// The name and the length in bytes of an integer type that holds fewer values than `unsigned long`, whatever it is called.
    pub fn narrow_integer(&self) -> Option<(&'static str, u8)> {
        let (_, name, bytes) =
            NARROW.iter().find(|(names, ..)| self.pointers == 0 && names.contains(&self.name.as_str()))?;
        Some((*name, *bytes))
    }

    /// Whether this is a pointer to `struct TAG`.
    pub fn points_to(&self, tag: &str) -> bool {
        self.pointers == 1 && self.function.is_none() && self.tag() == Some(tag)
    }
}

/// Integer types as wide as `unsigned long`, or wider, beside those that are called so.
const WIDE: &[&str] =
    &["size_t", "u64", "__u64", "uint64_t", "s64", "loff_t", "pgoff_t", "phys_addr_t", "resource_size_t", "dma_addr_t"];

/// Integer types that hold fewer values than `unsigned long`: a name, the type that it is, and its length in bytes.
const NARROW: &[(&[&str], &str, u8)] = &[
    (&["int", "signed", "signed int", "s32", "__s32", "int32_t"], "int", 4),
    (&["unsigned int", "unsigned", "u32", "__u32", "uint32_t"], "unsigned int", 4),
    (&["short", "short int", "s16", "__s16", "int16_t"], "short", 2),
    (&["unsigned short", "unsigned short int", "u16", "__u16", "uint16_t"], "unsigned short", 2),
    (&["char", "signed char", "s8", "__s8", "int8_t"], "signed char", 1),
    (&["unsigned char", "u8", "__u8", "uint8_t"], "unsigned char", 1),
];

/// A parameter of a function, or a member of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Its name; empty if the prototype omits it.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// A function definition.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its parameters in order.
    pub parameters: Vec<Parameter>,
    /// Its return type.
    pub returns: Type,
    /// Whether it is `static`.
    pub is_static: bool,
    /// Its statements.
    pub body: Vec<Statement>,
    /// The conditions of `#if` inside it under which it is this.
    pub assumed: Assumed,
}

/// A declared variable and its initialiser.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Its initialiser.
    pub value: Option<Expression>,
    /// Whether it is `static`. A static local outlives the call and is shared by all calls.
    pub is_static: bool,
    /// The name in its `__free(...)`: the cleanup that runs at the end of its scope.
    pub cleanup: Option<String>,
    /// The bytes of its declarator.
    pub span: Span,
}

/// A statement and the bytes it covers.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Kind of the statement.
    pub kind: StatementKind,
    /// Its range of bytes in the file.
    pub span: Span,
}

impl Statement {
    /// The target and the value, if the statement is `target = value;`.
    pub fn assignment(&self) -> Option<(&Expression, &Expression)> {
        let StatementKind::Expression(expression) = &self.kind else { return None };
        match &expression.kind {
            ExpressionKind::Assign { operator: None, target, value } => Some((target, value)),
            _ => None,
        }
    }

    /// The value, if the statement is `return value;`.
    pub fn returned(&self) -> Option<&Expression> {
        match &self.kind {
            StatementKind::Return(value) => value.as_ref(),
            _ => None,
        }
    }
}

/// One arm of a `switch`, with its label.
#[derive(Clone, Debug)]
pub struct SwitchArm {
    /// Its label.
    pub label: Label,
    /// The statements up to the next label.
    pub body: Vec<Statement>,
}

/// Label of an arm.
#[derive(Clone, Debug)]
pub enum Label {
    /// `case VALUE:`.
    Case(Expression),
    /// `case LEAST ... GREATEST:`.
    Range(Expression, Expression),
    /// `default:`.
    Default,
    /// None: statements before the first label, or behind a macro for one.
    Missing,
}

impl Label {
    /// The values in the label.
    pub fn values(&self) -> impl Iterator<Item = &Expression> {
        let (one, other) = match self {
            Label::Case(value) => (Some(value), None),
            Label::Range(least, greatest) => (Some(least), Some(greatest)),
            Label::Default | Label::Missing => (None, None),
        };
        one.into_iter().chain(other)
    }
}

/// Whether one of the arms is `default`.
pub fn has_default(arms: &[SwitchArm]) -> bool {
    arms.iter().any(|arm| matches!(arm.label, Label::Default))
}

/// C statements, reduced to the needs of the analysis.
#[derive(Clone, Debug)]
pub enum StatementKind {
    /// An expression statement.
    Expression(Expression),
    /// Declarations.
    Declaration(Vec<Declared>),
    /// `if`, and its `else` arm.
    If {
        /// The condition.
        condition: Expression,
        /// The arm taken if it holds.
        then: Vec<Statement>,
        /// The arm taken if it does not.
        otherwise: Vec<Statement>,
    },
    /// Any loop. The initialiser of a `for` is a separate statement before it.
    Loop {
        /// The condition, or the arguments of a macro that heads the loop.
        condition: Option<Expression>,
        /// The body, followed by the step of a `for`.
        body: Vec<Statement>,
        /// Whether it is a `do` loop: the body runs before the condition is tested.
        is_do: bool,
        /// The macro that heads the loop, if no keyword does: `list_for_each_entry`, `scoped_guard`.
        head: Option<String>,
    },
    /// `switch`.
    Switch {
        /// The controlling expression.
        value: Expression,
        /// The arms in order; an arm without a `break` falls through to the next.
        arms: Vec<SwitchArm>,
    },
    /// `return`.
    Return(Option<Expression>),
    /// `goto`.
    Goto(String),
    /// A label; the labelled statement follows it.
    Label(String),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// A nested block.
    Block(Vec<Statement>),
    /// A statement that the parser did not understand.
    Unknown,
}

/// An expression and the bytes it covers.
#[derive(Clone, Debug)]
pub struct Expression {
    /// Kind of the expression.
    pub kind: ExpressionKind,
    /// Its range of bytes in the file.
    pub span: Span,
}

/// C expressions, reduced to the needs of the analysis.
#[derive(Clone, Debug)]
pub enum ExpressionKind {
    /// An identifier.
    Name(String),
    /// A number, as written.
    Number(String),
    /// A string or character literal, or a `sizeof`, `alignof` or `offsetof` expression.
    Literal,
    /// A call.
    Call {
        /// The callee.
        callee: Box<Expression>,
        /// The arguments.
        arguments: Vec<Expression>,
    },
    /// `base.name` or `base->name`.
    Field {
        /// The struct or union, or the pointer to it.
        base: Box<Expression>,
        /// The member.
        name: String,
        /// Whether the operator is `->`.
        arrow: bool,
    },
    /// `base[index]`.
    Index {
        /// The array.
        base: Box<Expression>,
        /// The index.
        index: Box<Expression>,
    },
    /// A prefix operator.
    Unary {
        /// The operator.
        operator: Prefix,
        /// The operand.
        operand: Box<Expression>,
    },
    /// `++` or `--`, prefix or postfix.
    Step {
        /// Whether it is `++`.
        up: bool,
        /// Whether it stands before the operand, so that its value is the new one.
        is_prefix: bool,
        /// The operand.
        operand: Box<Expression>,
    },
    /// A binary operator.
    Binary {
        /// The operator.
        operator: Binary,
        /// Left operand.
        left: Box<Expression>,
        /// Right operand.
        right: Box<Expression>,
    },
    /// An assignment, plain or compound.
    Assign {
        /// The operator of a compound assignment: that of `|` for `|=`.
        operator: Option<Arithmetic>,
        /// The left side.
        target: Box<Expression>,
        /// The right side.
        value: Box<Expression>,
    },
    /// `condition ? then : otherwise`; `then` is `None` in `a ?: b`.
    Conditional {
        /// The condition.
        condition: Box<Expression>,
        /// The value if it holds.
        then: Option<Box<Expression>>,
        /// The value if it does not.
        otherwise: Box<Expression>,
    },
    /// A cast.
    Cast {
        /// The type.
        ty: Type,
        /// The operand.
        value: Box<Expression>,
    },
    /// `{ ... }`, with a type if it is a compound literal.
    Initializer {
        /// The type of a compound literal.
        ty: Option<Type>,
        /// The entries in order.
        entries: Vec<Entry>,
    },
    /// `({ ... })`.
    Statements(Vec<Statement>),
    /// Anything else: its parts.
    Other(Vec<Expression>),
}

/// An entry of an initialiser.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Designated members, outermost first; empty for a positional entry and for an array index.
    pub members: Vec<String>,
    /// The value.
    pub value: Expression,
    /// The bytes of the whole entry.
    pub span: Span,
}

impl Function {
    /// Whether it changes a variable, or takes its address.
    pub fn changes(&self, name: &str) -> bool {
        let mut changes = false;
        visit::statements(&self.body, &mut |seen| {
            changes |= matches!(seen, Seen::Expression(expression) if expression.changed_variable() == Some(name));
        });
        changes
    }
}

impl Expression {
    /// The variable that the expression itself changes, or takes the address of.
    pub fn changed_variable(&self) -> Option<&str> {
        match &self.kind {
            ExpressionKind::Assign { target, .. } => target.name(),
            ExpressionKind::Step { operand, .. } => operand.name(),
            _ => self.address_of()?.name(),
        }
    }

    /// The identifier, if the expression is one. Casts and parentheses are ignored.
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            ExpressionKind::Name(name) => Some(name),
            ExpressionKind::Cast { value, .. } => value.name(),
            _ => None,
        }
    }

    /// Whether it is the number 0: `0` or `0x0`, with any suffix. `NULL` is a name and does not count.
    pub fn is_zero(&self) -> bool {
        let ExpressionKind::Number(number) = &self.kind else { return false };
        matches!(number.trim_end_matches(['u', 'U', 'l', 'L']), "0" | "0x0")
    }

    /// Whether it is a negative error number: `-EBUSY`.
    pub fn is_error_number(&self) -> bool {
        match &self.bare().kind {
            ExpressionKind::Unary { operator: Prefix::Minus, operand } => operand.name().is_some_and(is_error_number),
            _ => false,
        }
    }

    /// The expression without its outer casts.
    pub fn bare(&self) -> &Expression {
        match &self.kind {
            ExpressionKind::Cast { value, .. } => value.bare(),
            _ => self,
        }
    }

    /// The conditions that all have to hold: the operands of `&&`.
    pub fn conjuncts(&self) -> Vec<&Expression> {
        match &self.bare().kind {
            ExpressionKind::Binary { operator: Binary::Both, left, right } => {
                [left.conjuncts(), right.conjuncts()].concat()
            }
            _ => vec![self.bare()],
        }
    }

    /// The value of a member in an initialiser, without a leading `&`.
    pub fn member(&self, name: &str) -> Option<&Expression> {
        let ExpressionKind::Initializer { entries, .. } = &self.kind else { return None };
        let entry = entries.iter().find(|entry| entry.members.last().is_some_and(|member| member == name))?;
        Some(entry.value.address_of().unwrap_or(&entry.value))
    }

    /// The operand, if the expression is `&operand`.
    pub fn address_of(&self) -> Option<&Expression> {
        self.prefixed(Prefix::Address)
    }

    /// The operand, if the expression is that of a prefix operator, without casts around it.
    pub fn prefixed(&self, prefix: Prefix) -> Option<&Expression> {
        match &self.kind {
            ExpressionKind::Unary { operator, operand } if *operator == prefix => Some(operand),
            _ => None,
        }
    }

    /// The base variable of an access: `a` in `a->b.c[i]`.
    pub fn root(&self) -> Option<&str> {
        let mut expression = self;
        loop {
            expression = match &expression.kind {
                ExpressionKind::Name(name) => return Some(name),
                ExpressionKind::Field { base, .. } | ExpressionKind::Index { base, .. } => base,
                ExpressionKind::Unary { operand, .. } | ExpressionKind::Step { operand, .. } => operand,
                ExpressionKind::Cast { value, .. } => value,
                _ => return None,
            };
        }
    }

    /// The source text of the expression, with runs of whitespace collapsed.
    pub fn text(&self, file: &[u8]) -> String {
        String::from_utf8_lossy(self.span.of(file)).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
