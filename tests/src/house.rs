//! The files of a crate and which names which, as the tests of its layout see it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::rust;

/// The files of a crate, by module.
pub struct House {
    /// Module paths without `crate::`; the root is empty.
    modules: BTreeMap<Vec<String>, PathBuf>,
    named: RefCell<BTreeMap<PathBuf, BTreeSet<String>>>,
}

impl House {
    /// Reads the layout of a crate, tests left out.
    pub fn of(name: &str) -> Self {
        let root = PathBuf::from("crates").join(name).join("src");
        let module = |file: &Path| -> Vec<String> {
            let inside = file.strip_prefix(&root).unwrap_or(file).with_extension("");
            let names = inside
                .iter()
                .map(|name| name.to_string_lossy().into_owned());
            names
                .filter(|name| !["mod", "lib", "main"].contains(&name.as_str()))
                .collect()
        };
        let files = rust::files_outside_tests(name).into_iter();
        Self {
            modules: files.map(|file| (module(&file), file)).collect(),
            named: RefCell::default(),
        }
    }

    /// The files, in the order of their modules.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.modules.values().map(PathBuf::as_path)
    }

    /// What a file names of its own crate, from the crate's root: `super::world` of `s3/state/queue.rs` is
    /// `s3::state::world`, and so is `world` where a module declares it.
    pub fn named_by(&self, file: &Path) -> BTreeSet<String> {
        if let Some(known) = self.named.borrow().get(file) {
            return known.clone();
        }
        let mut all = self.modules.iter();
        let module = all
            .find(|(_, of)| *of == file)
            .map(|(module, _)| module.clone());
        let module = module.unwrap_or_default();
        let names = rust::names_outside_tests(file);
        let rooted = |path: &String| self.rooted(&module, path);
        let named: BTreeSet<String> = names.paths.iter().filter_map(rooted).collect();
        self.named
            .borrow_mut()
            .insert(file.to_path_buf(), named.clone());
        named
    }

    fn rooted(&self, module: &[String], path: &str) -> Option<String> {
        if let Some(path) = path.strip_prefix("crate::") {
            return Some(path.to_owned());
        }
        let (mut above, mut rest) = (module.to_vec(), path);
        while let Some(next) = rest.strip_prefix("super::") {
            above.pop();
            rest = next;
        }
        if rest.len() == path.len() {
            let first = rest.split("::").next()?.to_owned();
            let child = [module, &[first]].concat();
            self.modules.contains_key(&child).then_some(())?;
        }
        above.push(rest.to_owned());
        Some(above.join("::"))
    }

    /// The files that each file names, through what modules hand on to the file that has it. That a module knows what is
    /// below it is no arrow: it declares it.
    pub fn arrows(&self) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
        let of = |file: &PathBuf| {
            let named = self.named_by(file);
            let below = match file.file_stem().and_then(|stem| stem.to_str()) {
                Some("mod" | "lib" | "main") => file.parent().map(Path::to_path_buf),
                Some(_) | None => Some(file.with_extension("")),
            };
            let is_below = |to: &PathBuf| below.as_ref().is_some_and(|room| to.starts_with(room));
            let to = named.iter().filter_map(|path| self.file_of(path, 0));
            let to: BTreeSet<PathBuf> = to.filter(|to| to != file && !is_below(to)).collect();
            (file.clone(), to)
        };
        self.modules.values().map(of).collect()
    }

    /// The file that has what a path names; a module that only hands a name on is looked through.
    fn file_of(&self, path: &str, depth: usize) -> Option<PathBuf> {
        let parts: Vec<String> = path.split("::").map(ToOwned::to_owned).collect();
        let known = |length: &usize| self.modules.contains_key(&parts[..*length]);
        let length = (0..=parts.len()).rev().find(known)?;
        let (module, rest) = parts.split_at(length);
        let file = self.modules.get(module)?;
        let Some(name) = rest.first().filter(|_| depth < 8) else {
            return Some(file.clone());
        };
        let ending = format!("::{name}");
        let handed = self.named_by(file);
        let mut from = handed
            .iter()
            .filter(|one| one.ends_with(&ending) && *one != path);
        let further = from.find_map(|one| {
            let to = self.file_of(one, depth + 1)?;
            (to != *file).then_some(to)
        });
        Some(further.unwrap_or_else(|| file.clone()))
    }
}
