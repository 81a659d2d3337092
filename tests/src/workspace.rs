//! The crates of the workspace and what they depend on, as cargo sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::repository;

/// What cargo says of the workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    metadata: Value,
}

/// Why a package depends on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// To be built into it.
    Normal,
    /// For its tests.
    Dev,
    /// For its build script.
    Build,
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Panics
    /// Where cargo fails.
    pub fn load() -> &'static Self {
        static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
        WORKSPACE.get_or_init(Self::ask)
    }

    fn ask() -> Self {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--offline"])
            .current_dir(repository::root())
            .output()
            .expect("cargo runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self {
            metadata: serde_json::from_slice(&output.stdout).expect("cargo writes JSON"),
        }
    }

    /// Returns the names of the workspace's packages.
    pub fn members(&self) -> BTreeSet<String> {
        let members = list(&self.metadata, "workspace_members");
        let ids: BTreeSet<&str> = members.iter().filter_map(Value::as_str).collect();
        let packages = list(&self.metadata, "packages").iter();
        packages
            .filter(|package| ids.contains(field(package, "id")))
            .map(name)
            .collect()
    }

    /// Returns what a package declares to depend on.
    pub fn dependencies(&self, package: &str) -> BTreeSet<(Kind, String)> {
        let found = list(&self.metadata, "packages")
            .iter()
            .find(|one| field(one, "name") == package);
        let declared = found
            .into_iter()
            .flat_map(|package| list(package, "dependencies"));
        declared
            .map(|dependency| (kind(dependency), name(dependency)))
            .collect()
    }

    /// Returns every package that is built into a package, however far away.
    pub fn built_into(&self, package: &str) -> BTreeSet<String> {
        let names: BTreeMap<&str, String> = list(&self.metadata, "packages")
            .iter()
            .map(|package| (field(package, "id"), name(package)))
            .collect();
        let nodes: BTreeMap<&str, &Value> = list(&self.metadata["resolve"], "nodes")
            .iter()
            .map(|node| (field(node, "id"), node))
            .collect();
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = names
            .iter()
            .filter(|(_, name)| *name == package)
            .map(|(id, _)| *id)
            .collect();
        while let Some(id) = open.pop() {
            if !reached.insert(id) {
                continue;
            }
            let edges = nodes
                .get(id)
                .into_iter()
                .flat_map(|node| list(node, "deps"));
            open.extend(
                edges
                    .filter(|edge| is_normal(edge))
                    .map(|edge| field(edge, "pkg")),
            );
        }
        let reached = reached.into_iter().filter_map(|id| names.get(id).cloned());
        reached.filter(|name| name != package).collect()
    }
}

fn is_normal(edge: &Value) -> bool {
    list(edge, "dep_kinds")
        .iter()
        .any(|dependency| kind(dependency) == Kind::Normal)
}

fn kind(dependency: &Value) -> Kind {
    match dependency["kind"].as_str() {
        None => Kind::Normal,
        Some("dev") => Kind::Dev,
        Some(_) => Kind::Build,
    }
}

fn name(value: &Value) -> String {
    field(value, "name").to_owned()
}

fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}
