//! Who depends on whom, out of `cargo metadata`.

use crate::rules::{ARROWS, GUARDED, SEES_ALL, UNREACHABLE};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Packages by name; two versions of one package are one, which can only make the checks stricter.
pub(crate) struct Graph {
    members: BTreeSet<String>,
    arrows: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    pub(crate) fn of_metadata(metadata: &Value) -> Self {
        let name_of: BTreeMap<&str, &str> = list(&metadata["packages"])
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        let members = list(&metadata["workspace_members"])
            .map(|id| name_of[text(id)].to_owned())
            .collect();
        let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let from = arrows
                .entry(name_of[text(&node["id"])].to_owned())
                .or_default();
            from.extend(list(&node["deps"]).map(|dep| name_of[text(&dep["pkg"])].to_owned()));
        }
        Self { members, arrows }
    }

    pub(crate) fn add_member(&mut self, name: &str) {
        self.members.insert(name.to_owned());
    }

    pub(crate) fn add(&mut self, from: &str, to: &str) {
        self.arrows
            .entry(from.to_owned())
            .or_default()
            .insert(to.to_owned());
    }

    /// Arrows between our own crates that the plan does not have.
    pub(crate) fn broken_arrows(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for from in self.members.iter().filter(|from| *from != SEES_ALL) {
            for to in self.direct(from).filter(|to| self.members.contains(*to)) {
                if !ARROWS.contains(&(from, to)) {
                    broken.push(format!("{from} -> {to}"));
                }
            }
        }
        broken
    }

    pub(crate) fn broken_reaches(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (from, beginning) in UNREACHABLE {
            let reached = self.reached(from);
            broken.extend(
                reached
                    .iter()
                    .filter(|to| to.starts_with(beginning))
                    .map(|to| format!("{from} reaches {to}")),
            );
        }
        broken
    }

    pub(crate) fn broken_guards(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (library, allowed) in GUARDED {
            for from in self
                .members
                .iter()
                .filter(|from| !allowed.contains(&from.as_str()))
            {
                if self.direct(from).any(|to| to == *library) {
                    broken.push(format!("{from} -> {library}"));
                }
            }
        }
        broken
    }

    fn direct(&self, from: &str) -> impl Iterator<Item = &str> {
        self.arrows
            .get(from)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    fn reached<'a>(&'a self, from: &'a str) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut open = vec![from];
        while let Some(name) = open.pop() {
            open.extend(self.direct(name).filter(|to| reached.insert(*to)));
        }
        reached
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value
        .as_array()
        .expect("cargo metadata has a list here")
        .iter()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("cargo metadata has a text here")
}
