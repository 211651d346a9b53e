//! An action that a later action replaces, or that a later error drops.

use crate::behaviour::{Literal, Returned};
use crate::index::Takes;
use crate::lint::{Facts, Found, HandlerView, Variant};
use crate::rules::CallEffect;
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S, SwitchArm, has_default};
use crate::source::visit;
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        for (body, variant) in handler.variants() {
            let mut walk = Walk { variant, depth: 0, hazards: Vec::new() };
            walk.block(&variant.function.body, Flow::default());
            for (span, message) in walk.hazards {
                if may_follow(facts, handler, Place { file: body.file(), span }) {
                    found.at(body.file(), span, format!("{} {message}", handler.name()));
                }
            }
        }
    }
}

/// Whether a path goes on from an action to an error, or to another action. Not all paths of some handlers are known.
fn may_follow(facts: &Facts, handler: &HandlerView, action: Place) -> bool {
    let behaviours = facts.behaviours(&handler.key);
    if behaviours.iter().any(|behaviour| behaviour.gap.is_some()) {
        return true;
    }
    let outcomes = behaviours.iter().flat_map(|behaviour| &behaviour.outcomes);
    outcomes.into_iter().any(|outcome| {
        let is_action_error = outcome.condition.iter().any(Literal::says_failed);
        let is_error = outcome.result != Returned::Success && !is_action_error;
        let requests = outcome.populates().filter(|(_, effect)| effect.place == action).count();
        requests > 0 && (is_error || outcome.populates().count() > 1)
    })
}

/// State of the control flow.
#[derive(Clone, Copy, Default)]
struct Flow {
    /// Requested action, and the number of arms around it.
    action: Option<(Span, usize)>,
    /// Whether the code is unreachable.
    left: bool,
}

struct Walk<'v> {
    variant: &'v Variant<'v>,
    /// Number of arms around the statement.
    depth: usize,
    hazards: Vec<(Span, &'static str)>,
}

impl Walk<'_> {
    fn block(&mut self, statements: &[Statement], mut flow: Flow) -> Flow {
        for statement in statements {
            flow = self.statement(&statement.kind, flow);
        }
        flow
    }

    fn arm(&mut self, statements: &[Statement], flow: Flow) -> Flow {
        self.depth += 1;
        let flow = self.block(statements, flow);
        self.depth -= 1;
        flow
    }

    fn statement(&mut self, statement: &S, flow: Flow) -> Flow {
        match statement {
            // Any code may run before a label; unknown code is no hazard.
            S::Label(_) => Flow::default(),
            _ if flow.left => flow,
            S::Expression(value) => self.expression(value, flow),
            S::Declaration(variables) => {
                let values = variables.iter().filter_map(|variable| variable.value.as_ref());
                values.fold(flow, |flow, value| self.expression(value, flow))
            }
            S::If { condition, then, otherwise } => {
                let flow = self.expression(condition, flow);
                joined(self.arm(then, flow), self.arm(otherwise, flow))
            }
            S::Switch { arms, .. } => self.switch(arms, flow),
            S::Loop { body, .. } => joined(flow, self.arm(body, flow)),
            S::Block(inner) => self.block(inner, flow),
            S::Return(value) => {
                let flow = value.as_ref().map_or(flow, |value| self.expression(value, flow));
                // A later check, in an arm of its own, may fail on purpose.
                if let (Some((action, depth)), Some(value)) = (flow.action, value)
                    && self.variant.is_error(value)
                    && self.depth < depth
                {
                    self.hazards.push((
                        action,
                        "requests an action and then returns an error: a return is missing after the request",
                    ));
                }
                Flow { left: true, ..flow }
            }
            S::Goto(_) | S::Break | S::Continue => Flow { left: true, ..flow },
            S::Unknown => flow,
        }
    }

    fn switch(&mut self, arms: &[SwitchArm], flow: Flow) -> Flow {
        let nowhere = Flow { left: true, ..flow };
        let (mut end, mut fallen) = (if has_default(arms) { nowhere } else { flow }, nowhere);
        for arm in arms {
            // A fall-through counts as coming from an arm inside the next one.
            let deeper = fallen.action.map(|(action, depth)| (action, depth + 1));
            let after = self.arm(&arm.body, joined(flow, Flow { action: deeper, ..fallen }));
            if matches!(arm.body.last().map(|last| &last.kind), Some(S::Break)) {
                end = joined(end, Flow { left: false, ..after });
                fallen = nowhere;
            } else {
                fallen = after;
            }
        }
        joined(end, fallen)
    }

    /// Records the action that an expression requests.
    fn expression(&mut self, value: &Expression, flow: Flow) -> Flow {
        let mut asked = None;
        visit::expression(value, &mut |part| {
            if let E::Call { callee, .. } = &part.kind {
                let rule = callee.name().and_then(|name| self.variant.rules().call(name));
                asked = asked.or(rule.filter(|rule| rule.does == CallEffect::Action).map(|_| (part.span, self.depth)));
            }
        });
        if let (Some((_, depth)), Some((before, depth_before))) = (asked, flow.action)
            && depth <= depth_before
        {
            self.hazards
                .push((before, "requests an action that a later one replaces: a return is missing after the request"));
        }
        Flow { action: asked.or(flow.action), ..flow }
    }
}

/// State where two paths meet: an action on either of them counts.
fn joined(left: Flow, right: Flow) -> Flow {
    match (left.left, right.left) {
        (true, false) => right,
        (false, true) => left,
        _ => Flow { action: left.action.or(right.action), left: left.left },
    }
}
