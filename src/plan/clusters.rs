//! Which clusters a plan works on: by kubeconfig context, or Minikube profile. A profile's context has
//! the profile's name, so both are one name: who deletes the cluster keeps out who deploys to it.

use super::types::{Ask, Block, Call, Gate, Plan, PlannedStep, Work};
use crate::model::argv::{Arguments, Known};
use std::collections::BTreeSet;

/// The name of a cluster that no call names: whatever the kubeconfig says now.
pub const CURRENT: &str = "the current context";

/// The profile of a `minikube` that is told none.
const PROFILE: &str = "minikube";

/// Tools whose `--context` is no cluster's.
const ELSEWHERE: [&str; 3] = ["docker", "podman", "nerdctl"];

/// The clusters, each once.
pub fn clusters(plan: &Plan) -> BTreeSet<String> {
    let mut found = Found { plan, names: BTreeSet::new() };
    found.block(&plan.root);
    found.names
}

struct Found<'a> {
    plan: &'a Plan,
    names: BTreeSet<String>,
}

impl Found<'_> {
    fn block(&mut self, block: &Block) {
        block.require.iter().chain(&block.verify).for_each(|gate| self.gate(gate));
        block.steps.iter().chain(&block.finally).for_each(|step| self.step(step));
    }

    fn step(&mut self, step: &PlannedStep) {
        step.skip_if.iter().chain(&step.done_if).for_each(|gate| self.gate(gate));
        match &step.work {
            Work::Run(call) => self.call(call),
            Work::Block(block) => self.block(block),
            Work::Check(gate) => self.gate(gate),
            Work::Diagnose | Work::Compare(_) | Work::Ask(_) => {}
            Work::Rounds(rounds) => rounds.steps().for_each(|step| self.step(step)),
        }
    }

    fn gate(&mut self, gate: &Gate) {
        gate.before.iter().for_each(|step| self.step(step));
        match &gate.ask {
            Ask::Run(step) => self.step(step),
            Ask::Secrets { reads, .. } => reads.iter().for_each(|read| self.call(&read.call)),
            Ask::Room { node, wanted } => {
                self.call(node);
                wanted.calls().into_iter().for_each(|(_, call)| self.call(call));
            }
            Ask::Incident => {}
            Ask::Checks { of, .. } => of.iter().for_each(|gate| self.gate(gate)),
        }
    }

    fn call(&mut self, call: &Call) {
        let program = self.plan.tools.get(&call.tool).map_or(call.tool.as_str(), |tool| tool.program.as_str());
        // What only the run can fill names nothing yet.
        let words: Vec<String> = call.argv.iter().map(|argument| argument.as_literal().unwrap_or_default()).collect();
        self.names.extend(named(program, &words, call.pinned.clone()));
    }
}

/// The clusters that this call names; `argv` with the tool's name, `pinned` of it on every call.
fn named(program: &str, argv: &[String], pinned: std::ops::Range<usize>) -> Vec<String> {
    let known = Known::by(program);
    let all = Arguments::of(known, argv.iter().skip(1).map(String::as_str));
    let of = |flags: &[&str], otherwise: &str| {
        let given: Vec<String> = flags.iter().flat_map(|flag| all.values(flag)).map(str::to_owned).collect();
        let given: Vec<String> = given.into_iter().filter(|name| !name.is_empty()).collect();
        if given.is_empty() { vec![otherwise.to_owned()] } else { given }
    };
    match known {
        Some(Known::Helm) => of(&["--kube-context"], CURRENT),
        Some(Known::Kubectl) => of(&["--context"], CURRENT),
        Some(Known::Minikube) => of(&["-p", "--profile"], PROFILE),
        // Of other tools nothing is known but what all their calls say.
        Some(Known::Docker) | None
            if ELSEWHERE.contains(&argv.first().map_or(program, String::as_str)) || ELSEWHERE.contains(&program) =>
        {
            Vec::new()
        }
        Some(Known::Docker) | None => {
            let pinned = argv.get(pinned).unwrap_or_default();
            let pinned = Arguments::of(None, pinned.iter().map(String::as_str));
            let given = ["--kube-context", "--context"].into_iter().flat_map(|flag| pinned.values(flag));
            given.filter(|name| !name.is_empty()).map(str::to_owned).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_names_its_cluster() {
        for (line, pinned, wanted) in [
            ("helm --kube-context up --namespace n uninstall a", 1..5, &["up"][..]),
            ("kubectl --context=up get pods --context down", 1..2, &["up", "down"]),
            ("kubectl get pods -- --context no", 1..1, &[CURRENT]),
            ("minikube --profile p delete", 1..3, &["p"]),
            ("minikube delete -p q", 1..1, &["q"]),
            ("minikube start", 1..1, &["minikube"]),
            ("docker --context remote build .", 1..3, &[]),
            ("flux --context up reconcile", 1..3, &["up"]),
            ("flux reconcile --context up", 1..1, &[]),
            ("curl -p x", 1..1, &[]),
        ] {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(named(&argv[0], &argv, pinned), wanted, "{line}");
        }
    }
}
