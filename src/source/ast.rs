//! The syntax of one slice: what the analysis reads, without the grammar's node names.

use super::span::Span;

/// A type as far as the analysis needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Type {
    /// The name without qualifiers: `struct vm_area_struct`, `pgoff_t`, `unsigned long`.
    pub name: String,
    /// How many `*` stand between the name and the declared identifier.
    pub pointers: u8,
    /// The parameters of a function or of a pointer to one.
    pub function: Option<Vec<Parameter>>,
    /// Whether it is an array.
    pub is_array: bool,
}

impl Type {
    /// The tag of a struct or union type, without the keyword.
    pub fn tag(&self) -> Option<&str> {
        self.name.strip_prefix("struct ").or_else(|| self.name.strip_prefix("union "))
    }

    /// Whether this is a pointer to `struct TAG`.
    pub fn points_to(&self, tag: &str) -> bool {
        self.pointers == 1 && self.function.is_none() && self.tag() == Some(tag)
    }
}

/// A parameter of a function, or a member of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Its name; empty where the prototype gives none.
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
    /// What it returns.
    pub returns: Type,
    /// Whether it is `static`.
    pub is_static: bool,
    /// Its statements.
    pub body: Vec<Statement>,
}

/// A variable that is declared, with what it starts as.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Its initialiser.
    pub value: Option<Expression>,
    /// Whether it outlives the function, and is shared by all who call it.
    pub is_static: bool,
    /// The name in its `__free(...)`: what is done to it where its scope ends.
    pub cleanup: Option<String>,
    /// Where it is declared.
    pub span: Span,
}

/// A statement and the bytes it covers.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// The bytes of the file it covers.
    pub span: Span,
}

/// The statements of C, as few as the analysis needs.
#[derive(Clone, Debug)]
pub enum StatementKind {
    /// An expression for its effects.
    Expression(Expression),
    /// Declarations.
    Declaration(Vec<Declared>),
    /// `if`, and its `else` arm.
    If {
        /// The condition.
        condition: Expression,
        /// The arm taken where it holds.
        then: Vec<Statement>,
        /// The arm taken where it does not.
        otherwise: Vec<Statement>,
    },
    /// Any loop; a `for` has its initialiser before it.
    Loop {
        /// The condition, or the arguments of a macro that heads the loop.
        condition: Option<Expression>,
        /// The body, followed by the step of a `for`.
        body: Vec<Statement>,
        /// Whether the body runs before the condition is read.
        is_do: bool,
        /// The macro that heads the loop, where it is no keyword: `list_for_each_entry`, `scoped_guard`.
        head: Option<String>,
    },
    /// `switch`, one list of statements for each run of labels.
    Switch {
        /// What is chosen by.
        value: Expression,
        /// The arms in order; an arm without a `break` runs into the next.
        arms: Vec<Vec<Statement>>,
        /// Whether one of them is `default`.
        has_default: bool,
    },
    /// `return`.
    Return(Option<Expression>),
    /// `goto`.
    Goto(String),
    /// A label; what it labels follows it.
    Label(String),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// A block of its own.
    Block(Vec<Statement>),
    /// Something the parser did not understand.
    Unknown,
}

/// An expression and the bytes it covers.
#[derive(Clone, Debug)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// The bytes of the file it covers.
    pub span: Span,
}

/// The expressions of C, as few as the analysis needs.
#[derive(Clone, Debug)]
pub enum ExpressionKind {
    /// An identifier.
    Name(String),
    /// A number, as written.
    Number(String),
    /// A string or character literal.
    Literal,
    /// A call.
    Call {
        /// What is called.
        callee: Box<Expression>,
        /// The arguments.
        arguments: Vec<Expression>,
    },
    /// `base.name` or `base->name`.
    Field {
        /// What the member belongs to.
        base: Box<Expression>,
        /// The member.
        name: String,
        /// Whether it is reached by `->`.
        arrow: bool,
    },
    /// `base[index]`.
    Index {
        /// The array.
        base: Box<Expression>,
        /// The index.
        index: Box<Expression>,
    },
    /// A prefix operator: `-`, `!`, `~`, `*`, `&`, `sizeof`.
    Unary {
        /// The operator.
        operator: String,
        /// The operand.
        operand: Box<Expression>,
    },
    /// `++` or `--`, before or behind.
    Step {
        /// `++` or `--`.
        operator: String,
        /// What is stepped.
        operand: Box<Expression>,
    },
    /// A binary operator.
    Binary {
        /// The operator.
        operator: String,
        /// Left operand.
        left: Box<Expression>,
        /// Right operand.
        right: Box<Expression>,
    },
    /// An assignment, plain or compound.
    Assign {
        /// `=`, `|=`, ...
        operator: String,
        /// What is assigned to.
        target: Box<Expression>,
        /// What is assigned.
        value: Box<Expression>,
    },
    /// `condition ? then : otherwise`; `then` is the condition itself in `a ?: b`.
    Conditional {
        /// The condition.
        condition: Box<Expression>,
        /// The value where it holds.
        then: Option<Box<Expression>>,
        /// The value where it does not.
        otherwise: Box<Expression>,
    },
    /// A cast.
    Cast {
        /// The type.
        ty: Type,
        /// What is cast.
        value: Box<Expression>,
    },
    /// `{ ... }`, with a type where it is a compound literal.
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
    /// The members named before the value, outermost first; empty for a positional entry and for an array index.
    pub members: Vec<String>,
    /// The value.
    pub value: Expression,
    /// The whole entry.
    pub span: Span,
}

impl Expression {
    /// The identifier, where the expression is one (casts and parentheses looked through).
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            ExpressionKind::Name(name) => Some(name),
            ExpressionKind::Cast { value, .. } => value.name(),
            _ => None,
        }
    }

    /// Whether it is the number 0, however that is written. What else means nothing, as `NULL` does, is a name.
    pub fn is_zero(&self) -> bool {
        let ExpressionKind::Number(number) = &self.kind else { return false };
        matches!(number.trim_end_matches(['u', 'U', 'l', 'L']), "0" | "0x0")
    }

    /// The expression below casts.
    pub fn bare(&self) -> &Expression {
        match &self.kind {
            ExpressionKind::Cast { value, .. } => value.bare(),
            _ => self,
        }
    }

    /// What an initialiser gives a member.
    pub fn member(&self, name: &str) -> Option<&Expression> {
        let ExpressionKind::Initializer { entries, .. } = &self.kind else { return None };
        let entry = entries.iter().find(|entry| entry.members.last().is_some_and(|member| member == name))?;
        Some(match &entry.value.kind {
            ExpressionKind::Unary { operator, operand } if operator == "&" => operand,
            _ => &entry.value,
        })
    }

    /// The outermost variable that the expression reaches through: `a` in `a->b.c[i]`.
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

    /// The text of the expression in its file, blanks squeezed.
    pub fn text(&self, file: &[u8]) -> String {
        String::from_utf8_lossy(self.span.of(file)).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
