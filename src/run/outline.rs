//! What a run is about to do, told before its first step: whoever looks can see how much is left.

use super::block::Place;
use super::desk::Desk;
use super::gate;
use super::scope::{Scope, Values};
use crate::model::event::Outlined;
use crate::plan::{Block, Gate, PlannedStep, Work};

/// The steps and gates of a block and of everything that it calls, in order.
pub fn of(desk: &Desk<'_>, root: &Block) -> Vec<Outlined> {
    let mut out = Vec::new();
    block(desk, root, &Values::default(), &Place::default(), &mut out);
    out
}

fn block(desk: &Desk<'_>, block: &Block, caller: &Values, place: &Place, out: &mut Vec<Outlined>) {
    let values = Scope::new(block, caller).values();
    gates(desk, &block.require, &values, place, "require", out);
    steps(desk, &block.steps, &values, out);
    gates(desk, &block.verify, &values, place, "verify", out);
    steps(desk, &block.finally, &values, out);
}

fn gates(desk: &Desk<'_>, gates: &[Gate], values: &Values, place: &Place, kind: &str, out: &mut Vec<Outlined>) {
    for (index, gate) in gates.iter().enumerate() {
        out.push(outlined(desk, place.gate_id(kind, index + 1), gate::title(desk, gate, values), kind));
    }
}

fn steps(desk: &Desk<'_>, steps: &[PlannedStep], values: &Values, out: &mut Vec<Outlined>) {
    for step in steps {
        let kind = match &step.work {
            Work::Run(_) => "run",
            Work::Block(_) => "task",
            Work::Check(_) => "check",
            Work::Diagnose => "diagnose",
            Work::Compare(_) => "compare",
            Work::Ask(_) => "ask",
            Work::Rounds(_) => "rounds",
        };
        out.push(outlined(desk, step.id.clone(), desk.redactor.line(&values.show(&step.name)), kind));
        if let Work::Block(called) = &step.work {
            let place = Place { planned: step.id.clone(), actual: step.id.clone(), cleanup: false };
            block(desk, called, values, &place, out);
        }
    }
}

fn outlined(desk: &Desk<'_>, step: String, name: String, kind: &str) -> Outlined {
    let earlier = desk.world.usual.steps.get(&step);
    let usual_ms = earlier.filter(|earlier| earlier.name == name || name.contains("${")).map(|earlier| earlier.ms);
    Outlined { step, name, kind: kind.to_owned(), usual_ms }
}
