//! What `kubectl describe` says of a node's room and of a pod's wishes. Pure: text in, amounts out.

use crate::model::quantity::Quantity;
use std::collections::BTreeMap;

/// Resource → amount.
pub(super) type Amounts = BTreeMap<String, Quantity>;

/// A node's resources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Node {
    /// What pods can have of it.
    pub(super) allocatable: Amounts,
    /// What its pods have asked for.
    pub(super) requested: Amounts,
}

/// One resource: what there is, what is taken, what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) resource: String,
    pub(super) allocatable: Quantity,
    pub(super) requested: Quantity,
    pub(super) wanted: Quantity,
}

impl Line {
    fn free(&self) -> Quantity {
        self.allocatable.less(self.requested)
    }

    /// Is there too little?
    pub(super) fn is_short(&self) -> bool {
        self.wanted > self.free()
    }

    /// `cpu: 1900m of 2000m requested, 100m free`; with what is wanted, if anything is.
    pub(super) fn in_words(&self) -> String {
        let of = |amount: Quantity| amount.of(&self.resource);
        let wanted = match self.wanted {
            none if none == Quantity::default() => String::new(),
            wanted => format!(", {} wanted", of(wanted)),
        };
        let (taken, all, free) = (of(self.requested), of(self.allocatable), of(self.free()));
        format!("{}: {taken} of {all} requested, {free} free{wanted}", self.resource)
    }
}

/// What there is for what is wanted: CPU and memory always, the rest where it is wanted.
pub(super) fn lines(node: &Node, wanted: &Amounts) -> Vec<Line> {
    let mut resources = vec!["cpu", "memory"];
    resources.extend(wanted.keys().map(String::as_str).filter(|name| *name != "cpu" && *name != "memory"));
    let of = |amounts: &Amounts, name: &str| amounts.get(name).copied().unwrap_or_default();
    resources
        .into_iter()
        .map(|name| Line {
            resource: name.to_owned(),
            allocatable: of(&node.allocatable, name),
            requested: of(&node.requested, name),
            wanted: of(wanted, name),
        })
        .collect()
}

/// Reads `kubectl describe node`; `None` where it does not say what there is and what is taken.
pub(super) fn node(text: &str) -> Option<Node> {
    let mut node = Node::default();
    let (mut section, mut is_counted) = ("", false);
    for line in text.lines() {
        if !line.starts_with([' ', '\t']) {
            section = line.split(':').next().unwrap_or_default();
            if section == "Non-terminated Pods" {
                let count = line.split('(').nth(1).and_then(|rest| rest.split_whitespace().next()?.parse().ok());
                node.requested.extend(count.map(|count| ("pods".to_owned(), Quantity::whole(count))));
            }
            continue;
        }
        let mut words = line.split_whitespace();
        let (Some(name), Some(amount)) = (words.next(), words.next().and_then(Quantity::parse)) else { continue };
        match section {
            "Allocatable" => {
                node.allocatable.insert(name.trim_end_matches(':').to_owned(), amount);
            }
            "Allocated resources" => {
                is_counted = true;
                node.requested.insert(name.to_owned(), amount);
            }
            _ => {}
        }
    }
    (is_counted && node.allocatable.contains_key("cpu")).then_some(node)
}

/// Takes from what is requested of a node what pods have asked for whose `NAMESPACE/NAME` begins so: they make room
/// for those that come. The table has no other resources than these (kubectl's describe.go, 1.20 to 1.36).
pub(super) fn without(node: &mut Node, text: &str, own: &str) {
    let rows = text.lines().skip_while(|line| !line.starts_with("Non-terminated Pods:")).skip(1);
    for row in rows.take_while(|line| line.starts_with([' ', '\t'])) {
        let words: Vec<&str> = row.split_whitespace().collect();
        let [namespace, name, cpu, _, _, _, memory, ..] = words.as_slice() else { continue };
        if !format!("{namespace}/{name}").starts_with(own) {
            continue;
        }
        let amounts = [("cpu", Quantity::parse(cpu)), ("memory", Quantity::parse(memory))];
        for (resource, amount) in amounts.into_iter().chain([("pods", Some(Quantity::whole(1)))]) {
            if let (Some(amount), Some(requested)) = (amount, node.requested.get_mut(resource)) {
                *requested = requested.less(amount);
            }
        }
    }
}

/// The names of the pods that wait, in `kubectl get pods`. A container that is not up yet makes a
/// pod wait too, but says so in the status.
pub(super) fn waiting(table: &str) -> Vec<&str> {
    let rows = table.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (name, ready, status) = (words.next()?, words.next()?, words.next()?);
        (ready.contains('/') && status == "Pending").then_some(name)
    });
    rows.collect()
}

/// What a pod wants that no node has taken, in `kubectl describe pod`; `None` when it has its node.
pub(super) fn wanted(text: &str) -> Option<Amounts> {
    let is_without_node = text
        .lines()
        .any(|line| line.strip_prefix("Node:").is_some_and(|node| node.trim() == "<none>" || node.trim().is_empty()));
    if !is_without_node {
        return None;
    }
    let mut containers: BTreeMap<(&str, &str), Amounts> = BTreeMap::new();
    let (mut section, mut container, mut key) = ("", "", "");
    for line in text.lines() {
        let word = line.trim();
        match line.len() - line.trim_start().len() {
            0 => section = word,
            2 => (container, key) = (word, ""),
            4 => key = word,
            _ if key == "Requests:" && matches!(section, "Containers:" | "Init Containers:") => {
                if let Some((name, amount)) = word.split_once(':')
                    && let Some(amount) = Quantity::parse(amount.trim())
                {
                    containers.entry((section, container)).or_default().insert(name.to_owned(), amount);
                }
            }
            _ => {}
        }
    }
    let mut wanted = Amounts::new();
    for ((section, _), amounts) in &containers {
        for (name, amount) in amounts.iter().filter(|_| *section == "Containers:") {
            let sum = wanted.entry(name.clone()).or_default();
            *sum = *sum + *amount;
        }
    }
    // Those that come first run alone: the largest of them counts, if it wants more than the rest.
    for ((section, _), amounts) in &containers {
        for (name, amount) in amounts.iter().filter(|_| *section == "Init Containers:") {
            let most = wanted.entry(name.clone()).or_default();
            *most = (*most).max(*amount);
        }
    }
    wanted.insert("pods".to_owned(), Quantity::whole(1));
    Some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NODE: &str = "Name:  minikube\nCapacity:\n  cpu:  4\n  memory:  8Gi\nAllocatable:\n  cpu:     2\n  \
        memory:  4Gi\n  pods:    110\nSystem Info:\n  Boot ID:  7\nNon-terminated Pods:  (3 in total)\n  \
        Namespace  Name  CPU Requests\n  default    a     50m (2%)\nAllocated resources:\n  (Total limits may be \
        over 100 percent, i.e., overcommitted.)\n  Resource  Requests      Limits\n  --------  --------      \
        ------\n  cpu       1900m (95%)   2 (100%)\n  memory    512Mi (12%)   1Gi (25%)\nEvents:  <none>\n";
    const POD: &str = "Name:  web-1\nNode:  <none>\nInit Containers:\n  setup:\n    Image:  x\n    Requests:\n      \
        cpu:     400m\n      memory:  32Mi\nContainers:\n  web:\n    Limits:\n      cpu:  9\n    Requests:\n      \
        cpu:     100m\n      memory:  64Mi\n    Environment:  <none>\n  side:\n    Requests:\n      cpu:  \
        50m\nConditions:\n  Type  Status\n";

    fn told(node_text: &str, pod_text: &str) -> Vec<(bool, String)> {
        let lines = lines(&node(node_text).unwrap(), &wanted(pod_text).unwrap());
        lines.iter().map(|line| (line.is_short(), line.in_words())).collect()
    }

    #[test]
    fn allocatable_minus_requested_against_what_is_wanted() {
        assert_eq!(
            told(NODE, POD),
            [
                (true, "cpu: 1900m of 2000m requested, 100m free, 400m wanted".to_owned()),
                (false, "memory: 512Mi of 4Gi requested, 3584Mi free, 64Mi wanted".to_owned()),
                (false, "pods: 3 of 110 requested, 107 free, 1 wanted".to_owned()),
            ]
        );
        assert_eq!(told(&NODE.replace('\n', "\r\n"), &POD.replace('\n', "\r\n")), told(NODE, POD));
    }

    #[test]
    fn pods_that_make_room_are_not_counted() {
        let text = NODE.replace(
            "  default    a     50m (2%)\n",
            "  default  web-backend-1  100m (5%)  0 (0%)  128Mi (0%)  256Mi (1%)  6s\n  default  other-1  50m (2%)  \
             0 (0%)  64Mi (0%)  0 (0%)  6s\n  kube-system  web-2  900m (2%)  0 (0%)  64Mi (0%)  0 (0%)  6s\n",
        );
        let mut node = node(&text).unwrap();
        without(&mut node, &text, "default/web-");
        let told: Vec<String> = lines(&node, &Amounts::new()).iter().map(Line::in_words).collect();
        assert_eq!(told, ["cpu: 1800m of 2000m requested, 200m free", "memory: 384Mi of 4Gi requested, 3712Mi free"]);
        assert_eq!(node.requested["pods"], Quantity::whole(2));
    }

    #[test]
    fn a_resource_that_the_node_does_not_have_is_short() {
        let pod = POD.replace("memory:  64Mi", "nvidia.com/gpu:  1");
        assert!(told(NODE, &pod).contains(&(true, "nvidia.com/gpu: 0 of 0 requested, 0 free, 1 wanted".to_owned())));
    }

    #[test]
    fn what_does_not_say_it_is_no_node_and_no_waiting_pod() {
        assert_eq!(node(""), None);
        assert_eq!(node(&NODE.replace("Allocated resources:", "Other:")), None);
        assert_eq!(node(&NODE.replace("Allocatable:", "Other:")), None);
        assert_eq!(wanted(&POD.replace("<none>", "minikube/192.168.49.2")), None);
        assert_eq!(wanted(&POD.replace("Node:  <none>", "Node:")).unwrap().len(), 3, "as old versions print it");
        let table = "NAME   READY   STATUS   RESTARTS   AGE\na      0/1     Pending  0  15s\nb      1/1     Running  0  \
            15s\nPending 0/1 Error 0 1s\n";
        assert_eq!(waiting(table), ["a"]);
    }

    proptest! {
        #[test]
        fn never_panics(text in "([ ]{0,6}|Node:|Requests:|Containers:|Allocatable:|Allocated resources:|cpu:? ?|[0-9]m?|\\n|é)*") {
            let _ = (node(&text), wanted(&text), waiting(&text).len());
        }
    }
}
