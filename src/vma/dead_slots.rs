//! Removes assignments that select no path from a flow, so that they do not keep states apart.

use rustc_hash::{FxHashMap, FxHashSet};

use super::flow::{Condition, Step, Value};

/// The slot of unused results.
pub const NO_SLOT: u32 = 0;

/// Slots that conditions and returns use, directly or through assignments.
#[derive(Default)]
struct Uses {
    asked: FxHashSet<u32>,
    /// Slots with the slots assigned to them.
    from: FxHashMap<u32, Vec<u32>>,
}

/// Removes the assignments to slots that no condition and no return uses.
pub fn prune(flow: Vec<Step>) -> Vec<Step> {
    let mut uses = Uses::default();
    uses.steps(&flow);
    let mut stack: Vec<u32> = uses.asked.iter().copied().collect();
    while let Some(slot) = stack.pop() {
        for from in uses.from.remove(&slot).unwrap_or_default() {
            if uses.asked.insert(from) {
                stack.push(from);
            }
        }
    }
    uses.kept(flow)
}

impl Uses {
    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Assign { slot, value: Value::Slot(from) } => self.from.entry(*slot).or_default().push(*from),
                Step::If { condition, then, otherwise, .. } => {
                    self.condition(condition);
                    self.steps(then);
                    self.steps(otherwise);
                }
                Step::Loop(body) => self.steps(body),
                Step::Switch { arms, .. } => arms.iter().for_each(|arm| self.steps(arm)),
                Step::Return(value, _) => self.value(value),
                _ => {}
            }
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Unknown => {}
            Condition::True(value) | Condition::Error(value) => self.value(value),
            Condition::Not(inner) => self.condition(inner),
            Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| self.condition(part)),
        }
    }

    fn value(&mut self, value: &Value) {
        if let Value::Slot(slot) = value {
            self.asked.insert(*slot);
        }
    }

    fn kept(&self, flow: Vec<Step>) -> Vec<Step> {
        let slot_of = |slot: u32| if self.asked.contains(&slot) { slot } else { NO_SLOT };
        flow.into_iter()
            .filter_map(|step| match step {
                Step::Assign { slot, .. } if !self.asked.contains(&slot) => None,
                Step::Do { event, slot } => Some(Step::Do { event, slot: slot_of(slot) }),
                Step::Call { callees, name, slot } => Some(Step::Call { callees, name, slot: slot_of(slot) }),
                Step::If { condition, then, otherwise, absent } => {
                    Some(Step::If { condition, then: self.kept(then), otherwise: self.kept(otherwise), absent })
                }
                Step::Loop(body) => Some(Step::Loop(self.kept(body))),
                Step::Switch { arms, has_default } => {
                    Some(Step::Switch { arms: arms.into_iter().map(|arm| self.kept(arm)).collect(), has_default })
                }
                other => Some(other),
            })
            .collect()
    }
}
