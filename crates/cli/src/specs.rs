//! Spec files from paths: a file, or a folder of them.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use s3ferry_core::format::{SpecFileInfo, SpecInfo};
use s3ferry_core::ids::MigrationName;
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::{Ledger, Spec};
use s3ferry_spec::{Reading, SourceFile, masked, read};

use crate::exit::Exit;
use crate::files::LONGEST_SPEC;
use crate::printer::Printer;

/// A valid spec and where it came from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) spec: Spec,
    pub(crate) info: SpecInfo,
    /// The ledger's folder.
    pub(crate) ledger: PathBuf,
    pub(crate) scope: Scope,
}

/// Reads the files of paths and checks them; every problem is printed.
pub(crate) fn load(
    printer: &Printer,
    paths: &[PathBuf],
    targets: &[String],
) -> Result<Loaded, Exit> {
    let files = files(printer, paths)?;
    let mut loaded = check(printer, &files, targets)?;
    let folders = paths.iter().filter(|path| path.is_dir());
    let named = folders.map(|path| SpecFileInfo {
        path: folder_path(path),
        text: String::new(),
    });
    let mut all: Vec<SpecFileInfo> = named.collect();
    all.append(&mut loaded.info.files);
    loaded.info.files = all;
    Ok(loaded)
}

/// A folder as a saved plan names it.
fn folder_path(path: &Path) -> String {
    let path = path.display().to_string();
    let slash = if path.ends_with('/') { "" } else { "/" };
    path + slash
}

/// The files of a spec that a plan was made from.
pub(crate) fn saved_files(info: &SpecInfo) -> Vec<SourceFile> {
    let files = info.files.iter().filter(|file| !file.path.ends_with('/'));
    files
        .map(|file| SourceFile {
            path: file.path.clone(),
            bytes: file.text.clone().into_bytes(),
        })
        .collect()
}

/// What moved in the files since a plan was made from them. A comment, or another way to write the same, moves nothing.
pub(crate) fn moved_files(info: &SpecInfo) -> Vec<String> {
    let saved = saved_files(info);
    let (live, mut moved) = live_files(info);
    let live = masked(&live);
    let is_new = |file: &&SourceFile| !saved.iter().any(|before| before.path == file.path);
    let added = live.iter().filter(is_new);
    moved.extend(added.map(|file| format!("{}: was added", file.path)));
    if moved.is_empty() && !says_the_same(&saved, &live) {
        let edited = live.iter().filter(|file| !saved.contains(file));
        moved.extend(edited.map(|file| format!("{}: was changed", file.path)));
    }
    moved
}

/// The files of a plan as they are now, with those that its folders hold besides; and what cannot be read.
pub(crate) fn live_files(info: &SpecInfo) -> (Vec<SourceFile>, Vec<String>) {
    let mut paths: BTreeSet<PathBuf> = BTreeSet::new();
    let (mut files, mut unreadable) = (Vec::new(), Vec::new());
    for file in &info.files {
        if file.path.ends_with('/') {
            match expand(Path::new(&file.path)) {
                Ok(files) => paths.extend(files),
                Err(problem) => unreadable.push(format!("{}: {problem}", file.path)),
            }
        } else {
            paths.insert(PathBuf::from(&file.path));
        }
    }
    for path in paths {
        let name = path.display().to_string();
        match crate::files::read(&path, LONGEST_SPEC) {
            Ok(bytes) => files.push(SourceFile { path: name, bytes }),
            Err(error) => unreadable.push(format!("{name}: {error}")),
        }
    }
    (files, unreadable)
}

/// Whether files hold the same spec, to the place of its ledger.
fn says_the_same(one: &[SourceFile], other: &[SourceFile]) -> bool {
    if one == other {
        return true;
    }
    let [one, other] = [one, other].map(read);
    one.spec.is_some() && (one.spec, one.ledger_file) == (other.spec, other.ledger_file)
}

/// Checks the files of a spec and makes what commands work with.
pub(crate) fn check(
    printer: &Printer,
    files: &[SourceFile],
    targets: &[String],
) -> Result<Loaded, Exit> {
    let Reading {
        spec,
        diagnostics,
        ledger_file,
    } = read(files);
    for diagnostic in &diagnostics {
        printer.diagnostic(diagnostic);
    }
    let Some(spec) = spec else {
        let count = diagnostics.len() as u64;
        printer.message(&format!(
            "{} in the spec.",
            s3ferry_render::plural(count, "problem")
        ));
        return Err(Exit::Spec);
    };
    let scope = scope(printer, &spec, targets)?;
    let base = ledger_file
        .as_deref()
        .or(files.first().map(|file| file.path.as_str()));
    let Ledger::Folder(folder) = &spec.ledger;
    let parent = base
        .and_then(|path| Path::new(path).parent())
        .unwrap_or(Path::new(""));
    let text = |file: &SourceFile| String::from_utf8_lossy(&file.bytes).into_owned();
    // What a plan keeps of the files, and what its digest is of.
    let files = &masked(files);
    Ok(Loaded {
        ledger: parent.join(folder),
        info: SpecInfo {
            name: spec.name.to_string(),
            digest: s3ferry_spec::digest(files),
            files: files
                .iter()
                .map(|file| SpecFileInfo {
                    path: file.path.clone(),
                    text: text(file),
                })
                .collect(),
            targets: targets.to_vec(),
            search: false,
        },
        scope,
        spec,
    })
}

fn scope(printer: &Printer, spec: &Spec, targets: &[String]) -> Result<Scope, Exit> {
    if targets.is_empty() {
        return Ok(Scope::All);
    }
    let known = |target: &&String| {
        spec.migrations
            .keys()
            .any(|name| name.as_str() == target.as_str())
    };
    let unknown: Vec<&String> = targets.iter().filter(|target| !known(target)).collect();
    if unknown.is_empty() {
        let names = targets
            .iter()
            .filter_map(|target| MigrationName::new(target.clone()).ok());
        return Ok(Scope::Only(names.collect()));
    }
    let names: Vec<&str> = spec.migrations.keys().map(MigrationName::as_str).collect();
    for target in unknown {
        let hint = format!("the spec has {}", names.join(", "));
        printer.error(
            &format!("no migration is called \"{}\"", crate::shown::shown(target)),
            Some(&hint),
        );
    }
    Err(Exit::Usage)
}

/// The spec files of paths, in the order of the paths and of the names within a folder.
fn files(printer: &Printer, paths: &[PathBuf]) -> Result<Vec<SourceFile>, Exit> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut failed = None;
    for path in paths {
        match expand(path) {
            Ok(files) => found.extend(files),
            Err(problem) => {
                printer.error(&format!("{}: {problem}", path.display()), None);
                failed = Some(problem.exit());
            }
        }
    }
    found.dedup();
    let mut sources = Vec::new();
    for path in found {
        match crate::files::read(&path, LONGEST_SPEC) {
            Ok(bytes) => sources.push(SourceFile {
                path: path.display().to_string(),
                bytes,
            }),
            Err(problem) => {
                printer.error(&format!("cannot read {}: {problem}", path.display()), None);
                failed = Some(Exit::Usage);
            }
        }
    }
    failed.map_or(Ok(sources), Err)
}

/// Why the files of a path are not known.
#[derive(Debug)]
enum Unknown {
    /// Nothing can be read there.
    Unreadable(std::io::Error),
    /// There is no spec file.
    Empty,
    /// Something in the folder may be meant as a spec file and is none: left out, its migrations would be planned for removal.
    Doubtful(Vec<String>),
}

impl Unknown {
    const fn exit(&self) -> Exit {
        match self {
            Self::Unreadable(_) | Self::Empty => Exit::Usage,
            Self::Doubtful(_) => Exit::Spec,
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "{error}"),
            Self::Empty => f.write_str("the folder holds no .yaml or .yml file"),
            Self::Doubtful(entries) => f.write_str(&entries.join("; ")),
        }
    }
}

/// The files of a path. Every entry of a folder that could be meant as a spec file is one, or an error.
fn expand(path: &Path) -> Result<Vec<PathBuf>, Unknown> {
    let kind = std::fs::metadata(path).map_err(Unknown::Unreadable)?;
    if !kind.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let (mut files, mut doubtful) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(path).map_err(Unknown::Unreadable)? {
        let file = entry.map_err(Unknown::Unreadable)?.path();
        match doubt(&file) {
            Some(why) => doubtful.push(format!("{} {why}", file.display())),
            None if is_yaml(&file) => files.push(file),
            None => {}
        }
    }
    doubtful.sort();
    files.sort();
    match (doubtful.is_empty(), files.is_empty()) {
        (false, _) => Err(Unknown::Doubtful(doubtful)),
        (true, true) => Err(Unknown::Empty),
        (true, false) => Ok(files),
    }
}

/// Why an entry of a folder may be meant as a spec file and is none.
fn doubt(path: &Path) -> Option<String> {
    // Also of a name that is no text.
    let ending = path.extension()?.to_string_lossy().to_ascii_lowercase();
    if !matches!(ending.as_str(), "yaml" | "yml") {
        return None;
    }
    if !is_yaml(path) {
        return Some("is left out by its ending, which is written in small letters".to_owned());
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => None,
        Ok(found) if found.is_dir() => Some("is a folder, by its name a spec file".to_owned()),
        Ok(_) => Some("is not a regular file".to_owned()),
        Err(error) => Some(format!("cannot be read: {error}")),
    }
}

/// Whether a file is a spec by its name.
pub(crate) fn is_yaml(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    matches!(ending, Some("yaml" | "yml"))
}
