//! Walks the flow of one function with all its possible states.

use rustc_hash::FxHashMap;

use super::release_matching::{first_taken, is_taken};
use super::state::{Known, State, limited, mark_added, merge, unique};
use super::{Path, PathCache, PathItem};
use crate::rules::StateKind;
use crate::source::Span;
use crate::vma::event::{EventKind, Write, holds_lock};
use crate::vma::flow::{Arm, Condition, Key, Step, Value};

/// States that leave a list of steps, by exit.
#[derive(Default)]
pub(super) struct Exits {
    pub(super) next: Vec<State>,
    breaks: Vec<State>,
    continues: Vec<State>,
}

/// Maximum number of events in all states of a walk; handwritten functions stay far below it.
const WORK_LIMIT: usize = 20_000_000;

/// Maximum number of states per exit; more are merged. A function may have thousands of `break`s.
const LEAVING_LIMIT: usize = 512;

impl Exits {
    fn bound(&mut self) {
        for leaving in [&mut self.next, &mut self.breaks, &mut self.continues] {
            if leaving.len() > LEAVING_LIMIT {
                merge(leaving);
            }
        }
    }
}

/// A walk along the flow of one function.
pub(super) struct Walk<'p, 'f> {
    pub(super) paths: &'p mut PathCache<'f>,
    /// Number of the walked function.
    pub(super) function: u32,
    /// States that jump to a label, until the walk reaches it.
    pub(super) waiting: FxHashMap<String, Vec<State>>,
    pub(super) ends: Vec<Path>,
    /// Whether this round continues from labels of backward jumps.
    pub(super) again: bool,
    /// Number of events in the states, summed over all steps.
    pub(super) work: usize,
}

impl Walk<'_, '_> {
    pub(super) fn steps(&mut self, steps: &[Step], entry: Vec<State>) -> Exits {
        let mut exits = Exits { next: entry, ..Exits::default() };
        for step in steps {
            self.work += exits.next.iter().map(|state| state.items.len() + 1).sum::<usize>();
            if self.work > WORK_LIMIT {
                exits.next.iter_mut().for_each(|state| state.is_cut = true);
                return exits;
            }
            self.step(step, &mut exits);
            // A step that only adds to each state makes no two states equal.
            if !matches!(step, Step::Do { .. } | Step::Return(..) | Step::Goto(_) | Step::Break | Step::Continue) {
                merge(&mut exits.next);
            }
        }
        exits
    }

    fn step(&mut self, step: &Step, exits: &mut Exits) {
        match step {
            Step::Do { event, slot } => {
                for state in &mut exits.next {
                    self.happens(state, *event, *slot);
                }
            }
            Step::Call { callees, name, slot } => {
                exits.next = self.call(std::mem::take(&mut exits.next), callees, name, *slot)
            }
            Step::Assign { slot, value } => {
                for state in &mut exits.next {
                    let result = state.value(value);
                    state.set(*slot, result);
                }
            }
            Step::If { condition, then, otherwise, absent } => {
                self.branch(condition, [then, otherwise], *absent, exits)
            }
            Step::Loop(body) => self.repeated(body, exits),
            Step::Switch { arms, has_default } => self.switch(arms, *has_default, exits),
            Step::Return(value, span) => {
                let states = std::mem::take(&mut exits.next);
                self.finish(states, value.clone(), Some(*span));
            }
            Step::Goto(label) => {
                let waiting = self.waiting.entry(label.clone()).or_default();
                waiting.append(&mut exits.next);
                if waiting.len() > LEAVING_LIMIT {
                    merge(waiting);
                }
            }
            Step::Label(label) => {
                let mut arrived = self.waiting.remove(label).unwrap_or_default();
                if self.again {
                    arrived.iter_mut().for_each(State::forget);
                }
                exits.next.extend(arrived);
            }
            Step::Break => exits.breaks.append(&mut exits.next),
            Step::Continue => exits.continues.append(&mut exits.next),
        }
        exits.bound();
    }

    fn branch(&mut self, condition: &Condition, arms: [&[Step]; 2], absent: Option<Arm>, exits: &mut Exits) {
        let states = std::mem::take(&mut exits.next);
        for (arm, holds, steps) in [(Arm::Then, true, arms[0]), (Arm::Otherwise, false, arms[1])] {
            let entry = states.iter().filter_map(|state| self.refined(state, condition, holds)).collect();
            let left = self.arm(steps, entry, absent == Some(arm));
            exits.next.extend(left.next);
            exits.breaks.extend(left.breaks);
            exits.continues.extend(left.continues);
        }
    }

    fn repeated(&mut self, body: &[Step], exits: &mut Exits) {
        let entry = std::mem::take(&mut exits.next);
        // A later iteration finds values from an earlier one.
        let mut round = entry.clone();
        let mut assigned = Vec::new();
        assigned_slots(body, &mut assigned);
        for state in &mut round {
            assigned.iter().for_each(|slot| state.set(*slot, Known::Unknown));
        }
        let Exits { next, mut breaks, continues } = self.steps(body, round);
        let mut after: Vec<State> = next.into_iter().chain(continues).collect();
        for state in &mut after {
            mark_added(&mut state.items, &entry, |item| item.looped = true);
        }
        // What only a way out of the loop does happens once, unless a populating call is tried again.
        let is_retried = after.iter().any(|state| state.rewritten.is_some());
        let repeated: Vec<PathItem> =
            after.iter().flat_map(|state| &state.items).filter(|item| item.looped).copied().collect();
        for state in &mut breaks {
            mark_added(&mut state.items, &entry, |item| {
                item.looped = is_retried || repeated.contains(&PathItem { looped: true, ..*item });
            });
        }
        after.extend(breaks);
        // Zero-iteration paths of populating loops are ignored: such a loop exists to populate.
        let populates = |state: &State| state.items.iter().any(|item| item.looped && self.is_populate(item));
        if !after.iter().any(populates) {
            exits.next = entry;
        }
        exits.next.extend(after);
    }

    /// Walks an arm. If a member of a shared object is absent there, its events are marked as done once.
    fn arm(&mut self, steps: &[Step], entry: Vec<State>, absent: bool) -> Exits {
        if !absent {
            return self.steps(steps, entry);
        }
        let ends = self.ends.len();
        let mut exits = self.steps(steps, entry.clone());
        let once = |item: &mut PathItem| item.once = true;
        for state in &mut exits.next {
            mark_added(&mut state.items, &entry, once);
        }
        for end in &mut self.ends[ends..] {
            mark_added(&mut end.items, &entry, once);
        }
        exits
    }

    fn switch(&mut self, arms: &[Vec<Step>], has_default: bool, exits: &mut Exits) {
        let entry = std::mem::take(&mut exits.next);
        let mut through: Vec<State> = Vec::new();
        for arm in arms {
            let mut states = entry.clone();
            states.append(&mut through);
            let inner = self.steps(arm, states);
            through = inner.next;
            exits.next.extend(inner.breaks);
            exits.continues.extend(inner.continues);
            exits.bound();
        }
        exits.next.append(&mut through);
        if !has_default {
            exits.next.extend(entry);
        }
    }

    /// Adds an event to a path, unless it changes nothing there.
    fn happens(&self, state: &mut State, event: usize, slot: u32) {
        match self.event(&self.item(event)) {
            EventKind::Undo { kind, object, .. } => {
                let item = self.item(event);
                return self.undone(state, item, *kind, object);
            }
            EventKind::SharedWrite { write, .. }
                if matches!(write, Write::Claim | Write::Value)
                    && !self.holds_lock(state)
                    && !state.items.iter().any(|item| self.is_populate(item)) =>
            {
                return;
            }
            EventKind::Work { .. } if !state.items.iter().any(|item| self.is_populate(item)) => return,
            EventKind::WriteField { field } => {
                let behind = state.items.iter().any(|item| self.is_populate(item) || self.is_handed_on(item));
                let edits_range = matches!(field.as_str(), "vm_start" | "vm_end");
                if (!behind && !edits_range)
                    || matches!(field.as_str(), "vm_ops" | "vm_private_data") && !self.wraps(state)
                {
                    return;
                }
            }
            EventKind::Populate(_) => state.replaced = state.replaced.or(state.rewritten),
            _ => {}
        }
        state.push(self.item(event));
        state.set(slot, Known::Of(state.items.len() - 1));
    }

    fn item(&self, event: usize) -> PathItem {
        PathItem { function: self.function, event: event as u32, via: 0, looped: self.again, once: false }
    }

    pub(super) fn event(&self, item: &PathItem) -> &EventKind {
        &self.paths.event_table.event(item).kind
    }

    fn is_populate(&self, item: &PathItem) -> bool {
        self.event(item).populates()
    }

    fn is_handed_on(&self, item: &PathItem) -> bool {
        matches!(self.event(item), EventKind::Hook { .. } | EventKind::Helper { .. } | EventKind::Redispatch { .. })
    }

    /// Whether a hook or another file's mmap may have set the vm_ops that a write now replaces.
    fn wraps(&self, state: &State) -> bool {
        state.items.iter().any(|item| matches!(self.event(item), EventKind::Hook { .. } | EventKind::Redispatch { .. }))
    }

    fn holds_lock(&self, state: &State) -> bool {
        holds_lock(state.items.iter().map(|item| self.event(item)))
    }

    /// Removes the matching acquisition if nothing relevant happened since; otherwise adds the release to the path.
    fn undone(&self, state: &mut State, item: PathItem, kind: StateKind, object: &str) {
        let is_idle = |item: &PathItem| {
            matches!(self.event(item), EventKind::Take { kind: StateKind::Lock, .. } | EventKind::Undo { .. })
        };
        let events = state.items.iter().map(|item| self.event(item)).enumerate();
        // Locks and buffers are released in reverse order, as on an error path.
        let taken = if kind == StateKind::Ref {
            first_taken(events, kind, object)
        } else {
            events.rev().find(|(_, event)| is_taken(event, kind, object)).map(|(at, _)| at)
        };
        match taken {
            Some(taken) if state.items[taken + 1..].iter().all(is_idle) => state.remove(taken),
            _ => state.push(item),
        }
    }

    fn call(&mut self, states: Vec<State>, callees: &[Key], name: &str, slot: u32) -> Vec<State> {
        if callees.is_empty() {
            return states;
        }
        let mut after = Vec::new();
        for callee in callees {
            let mut function_paths: Vec<Path> =
                self.paths.of(callee).iter().map(|path| self.called(path, name)).collect();
            unique(&mut function_paths);
            let work = self.paths.work_of(callee);
            for state in &states {
                // A callee whose paths hold no populate has dropped its work, which now follows the caller's populate.
                let late_work = work.filter(|_| state.items.iter().any(|item| self.is_populate(item)));
                for path in &function_paths {
                    let mut next = self.followed(state, path, slot);
                    if let Some(work) = late_work {
                        let via = self.paths.event_table.chain(name, work.via);
                        next.push(PathItem { via, ..work });
                    }
                    after.push(next);
                }
            }
        }
        after
    }

    /// A path of a callee as its caller sees it: with `name` in the call chains, without the location of the return.
    fn called(&mut self, path: &Path, name: &str) -> Path {
        let mut via = |item: &PathItem| PathItem { via: self.paths.event_table.chain(name, item.via), ..*item };
        let Path { result, is_merged, is_cut, recurs, .. } = *path;
        let replaced = path.replaced.as_ref().map(&mut via);
        let items = path.items.iter().map(via).collect();
        Path { items, result, is_merged, is_cut, recurs, replaced, ..Path::default() }
    }

    /// The state after a call that took one path through the callee.
    fn followed(&self, state: &State, path: &Path, slot: u32) -> State {
        let mut next = state.clone();
        let mut result = path.result;
        for (number, item) in path.items.iter().enumerate() {
            match self.event(item) {
                EventKind::Undo { kind, object, .. } => self.undone(&mut next, *item, *kind, object),
                _ => next.push_again(*item),
            }
            if path.result == Known::Of(number) {
                result = Known::Of(next.items.len() - 1);
            }
        }
        if path.items.iter().any(|item| matches!(self.event(item), EventKind::Populate(_))) {
            next.replaced = next.replaced.or(next.rewritten);
        }
        next.replaced = next.replaced.or(path.replaced);
        next.is_merged |= path.is_merged;
        next.is_cut |= path.is_cut;
        next.recurs |= path.recurs;
        next.set(slot, result);
        next
    }

    /// Ends states that jump to a label missing from the flow, as cut paths.
    pub(super) fn cut_off_without_label(&mut self, flow: &[Step]) {
        let mut labels = Vec::new();
        labels_of(flow, &mut labels);
        self.waiting.retain(|label, _| !labels.contains(&label.as_str()));
        let mut lost: Vec<(String, Vec<State>)> = self.waiting.drain().collect();
        lost.sort_by(|left, right| left.0.cmp(&right.0));
        self.cut_off(lost.into_iter().flat_map(|(_, states)| states));
    }

    /// Ends the states at the end of the function. A `break` there belongs to a loop that was not understood.
    pub(super) fn end(&mut self, rest: Exits) {
        self.finish(rest.next, Value::Unknown, None);
        self.cut_off(rest.breaks.into_iter().chain(rest.continues));
    }

    /// Ends states whose continuation is unknown, as cut paths.
    fn cut_off(&mut self, states: impl Iterator<Item = State>) {
        self.ends.extend(states.map(|state| Path {
            items: state.items,
            is_merged: state.is_merged,
            is_cut: true,
            recurs: state.recurs,
            ..Path::default()
        }));
        unique(&mut self.ends);
    }

    pub(super) fn finish(&mut self, states: Vec<State>, value: Value, returns: Option<Span>) {
        for state in states {
            let result = state.value(&value);
            let fails = matches!(result, Known::Errno | Known::NonZero);
            let rewritten = state.rewritten.filter(|_| fails && value == Value::Errno);
            self.ends.push(Path {
                populate_failed: state.rewritten.is_some(),
                items: state.items,
                fails,
                returns,
                result,
                rewritten,
                replaced: state.replaced,
                is_merged: state.is_merged,
                is_cut: state.is_cut,
                recurs: state.recurs,
            });
        }
        unique(&mut self.ends);
        if self.ends.len() > LEAVING_LIMIT * 4 {
            self.ends = limited(std::mem::take(&mut self.ends));
        }
    }
}

/// Collects the labels among steps.
fn labels_of<'s>(steps: &'s [Step], found: &mut Vec<&'s str>) {
    for step in steps {
        match step {
            Step::Label(label) => found.push(label),
            Step::If { then, otherwise, .. } => {
                labels_of(then, found);
                labels_of(otherwise, found);
            }
            Step::Loop(body) => labels_of(body, found),
            Step::Switch { arms, .. } => arms.iter().for_each(|arm| labels_of(arm, found)),
            _ => {}
        }
    }
}

/// Collects the slots that steps assign.
fn assigned_slots(steps: &[Step], found: &mut Vec<u32>) {
    for step in steps {
        match step {
            Step::Assign { slot, .. } | Step::Do { slot, .. } | Step::Call { slot, .. } => found.push(*slot),
            Step::If { then, otherwise, .. } => {
                assigned_slots(then, found);
                assigned_slots(otherwise, found);
            }
            Step::Loop(body) => assigned_slots(body, found),
            Step::Switch { arms, .. } => arms.iter().for_each(|arm| assigned_slots(arm, found)),
            _ => {}
        }
    }
}
