//! Which fields the faults of a family are usually about. A symptom's own `fields` come before these.

/// Family → patterns over the field's name in small letters; `*` stands for any text.
const FIELDS: [(&str, &[&str]); 18] = [
    (
        "database-connection",
        &[
            "*database*",
            "*db_*",
            "*.db.*",
            "*.db[*",
            "*dburl*",
            "*dbhost*",
            "*postgres*",
            "*pghost*",
            "*pgport*",
            "*pguser*",
            "*pgpassword*",
            "*pgdatabase*",
            "*mysql*",
            "*mariadb*",
            "*mongo*",
            "*redis*",
            "*jdbc*",
            "*sqlalchemy*",
            "*secretref*",
            "*secretkeyref*",
            "*secretname*",
            "*existingsecret*",
        ],
    ),
    (
        "jwt-mismatch",
        &[
            "*auth_secret*",
            "*authsecret*",
            "*jwt*",
            "*secret_key*",
            "*secretkey",
            "*signing*",
            "*frontendsecret*",
            "*backendsecret*",
        ],
    ),
    ("cors", &["*cors*", "*origin*", "*ingress*", "*nodeport*", "*base_url*", "*public_url*"]),
    ("api-key-invalid", &["*api_key*", "*apikey*", "*api-key*", "*anthropic*", "*openai*", "*llm*"]),
    ("image-pull", IMAGE),
    ("image-never-pull", IMAGE),
    ("image-name-invalid", IMAGE),
    ("insufficient-resources", RESOURCES),
    ("oom-killed", &["*memory*", "*.resources*", "*.limits*", "*java_opts*", "*xmx*", "*workers*", "*node_options*"]),
    (
        "quota-or-admission",
        &[
            "*.resources*",
            "*.limits*",
            "*.requests*",
            "*replicas*",
            "*securitycontext*",
            "*serviceaccount*",
            "*hostpath*",
            "*privileged*",
            "*runas*",
        ],
    ),
    (
        "unschedulable-other",
        &[
            "*nodeselector*",
            "*affinity*",
            "*toleration*",
            "*topologyspread*",
            "*priorityclass*",
            "*schedulername*",
            "*nodename*",
            "*hostport*",
        ],
    ),
    (
        "volume-mount",
        &["*volume*", "*persistence*", "*storage*", "*claim*", "*configmap*", "*secretname*", "*mountpath*"],
    ),
    ("config-error", &["*.env*", "*configmap*", "*secret*", "*config.*"]),
    (
        "container-start-error",
        &[
            "*.command*",
            "*.args*",
            "*entrypoint*",
            "*workingdir*",
            "*image*",
            "*securitycontext*",
            "*volumemount*",
            "*runas*",
        ],
    ),
    (
        "probe-failure",
        &["*probe*", "*containerport*", "*targetport*", "*.ports[*", "*.port", "*healthcheck*", "*healthpath*"],
    ),
    ("dns-failure", &["*host*", "*_url*", "*url", "*service*", "*dnspolicy*", "*dnsconfig*"]),
    ("port-conflict", &["*nodeport*", "*hostport*", "*.port", "*.ports[*", "*hostnetwork*"]),
    ("crash-loop", &["*image*", "*.command*", "*.args*", "*.env*", "*configmap*", "*secret*", "*probe*"]),
];

const IMAGE: &[&str] = &["*image*", "*.tag", "*.repository", "*.registry", "*.digest", "*pullpolicy*", "*pullsecret*"];
const RESOURCES: &[&str] =
    &["*.resources*", "*.requests*", "*.limits*", "*replicas*", "*.cpu", "*.memory", "*autoscaling*"];

/// The patterns of a family.
pub(super) fn fields(family: &str) -> &'static [&'static str] {
    FIELDS.iter().find(|(name, _)| *name == family).map_or(&[], |(_, fields)| fields)
}

/// Families whose faults no revision of a release makes or mends, unless a symptom says otherwise.
pub(super) fn is_outside(family: &str) -> bool {
    matches!(
        family,
        "docker-daemon-down"
            | "docker-build-failed"
            | "minikube-start-failed"
            | "minikube-profile-missing"
            | "cluster-unreachable"
            | "auth-to-cluster"
            | "disk-pressure"
            | "network-cni"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::FAMILIES;

    #[test]
    fn every_family_is_one_and_every_pattern_is_in_small_letters() {
        for (family, fields) in FIELDS {
            assert!(FAMILIES.contains(&family), "{family}");
            assert!(fields.iter().all(|field| field.contains('*') && *field == field.to_ascii_lowercase()), "{family}");
        }
    }
}
