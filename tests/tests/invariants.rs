//! The lines between the crates, held by reading the source and the manifests: fast, and without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use s3ferry_tests::house::House;
use s3ferry_tests::repository::{self, files, files_ending};
use s3ferry_tests::rust::{self, Names};
use s3ferry_tests::workspace::{Kind, Workspace};

/// Every crate and the crates of the workspace that may be built into it: `cli -> {aws -> engine -> verify, render,
/// spec} -> core`, and the sandbox apart, which only the command of its name starts.
const EDGES: [(&str, &[&str]); 9] = [
    ("core", &[]),
    ("spec", &["core"]),
    ("render", &["core"]),
    ("verify", &["core"]),
    ("engine", &["core", "verify"]),
    ("aws", &["core", "engine"]),
    ("sandbox", &[]),
    ("testkit", &["core", "engine"]),
    (
        "cli",
        &[
            "aws", "core", "engine", "render", "sandbox", "spec", "verify",
        ],
    ),
];

/// Crates that take no decision from outside their arguments.
const PURE: [&str; 4] = ["core", "spec", "render", "verify"];

/// What reaches outside, by path and by name.
const OUTSIDE: [&str; 8] = [
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
];
const CLOCKS_AND_CHANCE: [&str; 8] = [
    "SystemTime",
    "Instant",
    "RandomState",
    "tokio",
    "rand",
    "fastrand",
    "getrandom",
    "jiff",
];

/// What lies at the top of the repository, beside files that begin with a dot.
const TOP: [&str; 8] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "crates",
    "docs",
    "plans",
    "tests",
];

fn package(name: &str) -> String {
    format!("s3ferry-{name}")
}

#[test]
fn crates_depend_on_each_other_as_drawn() {
    let workspace = Workspace::load();
    let drawn: BTreeMap<String, BTreeSet<String>> = EDGES
        .iter()
        .map(|(name, may)| {
            (
                package(name),
                may.iter().map(|name| package(name)).collect(),
            )
        })
        .collect();
    let members: BTreeSet<String> = workspace
        .members()
        .into_iter()
        .filter(|name| name != "s3ferry-tests" && name != "s3ferry-fuzz")
        .collect();
    assert_eq!(
        members,
        drawn.keys().cloned().collect(),
        "crates of the workspace"
    );
    for (name, may) in &drawn {
        for (kind, dependency) in workspace.dependencies(name) {
            let ours = dependency.starts_with("s3ferry-");
            assert!(
                !ours || kind == Kind::Dev || may.contains(&dependency),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn the_judge_shares_nothing_with_the_judged() {
    let workspace = Workspace::load();
    for (kind, dependency) in workspace.dependencies("s3ferry-sandbox") {
        assert!(
            !dependency.starts_with("s3ferry-"),
            "sandbox: {kind:?} {dependency}"
        );
    }
    for (kind, dependency) in workspace.dependencies("s3ferry-tests") {
        assert!(
            !dependency.starts_with("s3ferry-") || dependency == "s3ferry-sandbox",
            "the tests use the product as a program: {kind:?} {dependency}"
        );
    }
}

/// The rooms of the sandbox's S3, from what is to what a request does. Each may know those before it. `errors`, `xml` and
/// `checksum` are the words that all of them share.
const S3_ROOMS: [&str; 10] = [
    "errors",
    "xml",
    "checksum",
    "state",
    "rules",
    "notifications",
    "replication",
    "calls",
    "deliveries",
    "batch",
];

/// The rooms of the sandbox that answer requests, which neither state nor rules may know.
const ANSWERING: [&str; 9] = [
    "cloudwatch",
    "front",
    "iam",
    "kms",
    "sandbox",
    "sns",
    "sts",
    "trail",
    "world",
];

#[test]
fn the_sandbox_s_state_knows_no_call() {
    let files = rust::files_outside_tests("sandbox");
    let mut known = BTreeSet::new();
    for (at, room) in S3_ROOMS.into_iter().enumerate() {
        let files = room_of(&files, &format!("s3/{room}"));
        assert!(!files.is_empty(), "s3/{room} is somewhere else now");
        for file in files {
            for path in paths_of_sandbox(file) {
                let mut parts = path.split("::");
                let (top, next) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
                assert!(!ANSWERING.contains(&top), "{} names {path}", file.display());
                let below = S3_ROOMS.iter().position(|room| *room == next);
                let allowed = below.is_some_and(|below| below <= at);
                assert!(top != "s3" || allowed, "{} names {path}", file.display());
                known.insert((room, path));
            }
        }
    }
    for file in room_of(&files, "iam/state") {
        for path in paths_of_sandbox(file) {
            let top = path.split("::").next().unwrap_or("");
            assert!(
                top != "s3" && !ANSWERING.contains(&top),
                "{} names {path}",
                file.display()
            );
            known.insert(("iam", path));
        }
    }
    for (room, path) in [
        ("calls", "s3::state::world::Store"),
        ("replication", "s3::rules::keys::key_arn"),
        ("state", "s3::state::queue::Queue"),
        ("iam", "policy::Document"),
    ] {
        assert!(
            known.contains(&(room, path.to_owned())),
            "{room} does not name {path}; the test looks for the wrong thing"
        );
    }
}

/// The files of a room of the sandbox: a folder of this name, or the one file.
fn room_of<'a>(files: &'a [PathBuf], room: &str) -> Vec<&'a Path> {
    let room = Path::new("crates/sandbox/src").join(room);
    let files = files.iter().map(PathBuf::as_path);
    files
        .filter(|file| file.starts_with(&room) || *file == room.with_extension("rs"))
        .collect()
}

/// What a file of the sandbox names of its own crate, from the crate's root: `super::world` of `s3/state/queue.rs` is
/// `s3::state::world`.
fn paths_of_sandbox(file: &Path) -> BTreeSet<String> {
    House::of("sandbox").named_by(file)
}

/// What core's model must not know: the passes over it, and what a migration wants of it.
const ABOVE_THE_MODEL: [&str; 9] = [
    "diff",
    "future",
    "goals",
    "merge",
    "migration",
    "plan",
    "reads",
    "scene",
    "wanted",
];

#[test]
fn the_model_knows_no_pass_over_it() {
    let house = House::of("core");
    let mut known = BTreeSet::new();
    for file in house.files() {
        let in_model = file.starts_with("crates/core/src/model");
        for path in house.named_by(file) {
            let room = path.split("::").next().unwrap_or("").to_owned();
            assert!(
                !in_model || !ABOVE_THE_MODEL.contains(&room.as_str()),
                "{} names {path}",
                file.display()
            );
            known.insert(room);
        }
    }
    for room in ABOVE_THE_MODEL {
        assert!(
            known.contains(room),
            "nobody names {room}; it is somewhere else now"
        );
    }
}

/// The words by which one kind of target is told from another, and what core says of each.
const KINDS: [&str; 6] = [
    "AccountPart",
    "Born",
    "BucketPart",
    "Kind",
    "Marked",
    "RolePart",
];

/// When a write counts, what a new bucket is born with, what a kind is called: the engine asks core.
#[test]
fn the_engine_holds_no_fact_about_aws() {
    let mut asks = false;
    for file in rust::files_outside_tests("engine") {
        let names = rust::names_outside_tests(&file);
        for word in KINDS {
            assert!(
                !names.words.contains(word),
                "{} names {word}",
                file.display()
            );
        }
        let kind = names.paths.iter().find(|path| {
            let mut parts = path.rsplit("::").skip(1);
            parts
                .next()
                .is_some_and(|of| of == "Document" || of == "Target")
        });
        let kind = kind.filter(|path| {
            let name = path.rsplit("::").next().unwrap_or("");
            name.starts_with(char::is_uppercase)
        });
        assert_eq!(kind, None, "{} tells kinds apart", file.display());
        asks |= names.words.contains("facts");
    }
    assert!(
        asks,
        "the engine asks no kind for its facts; the test looks for the wrong thing"
    );
}

/// Data flows one way: no file of these crates comes back to itself over the files that it names.
#[test]
fn no_files_go_in_a_circle() {
    for name in ["aws", "cli", "core", "engine", "render", "sandbox"] {
        let house = House::of(name);
        let arrows = house.arrows();
        let count: usize = arrows.values().map(BTreeSet::len).sum();
        assert!(
            count >= house.files().count(),
            "{name}: {count} arrows only"
        );
        let circle = circle(&arrows);
        assert!(circle.is_empty(), "{name}: {circle:#?}");
    }
}

/// Takes away the files that name no file that is left, until none is left or none can be taken; then those that none names.
fn circle(arrows: &BTreeMap<PathBuf, BTreeSet<PathBuf>>) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
    let mut left = arrows.clone();
    loop {
        let named: BTreeSet<PathBuf> = left.values().flatten().cloned().collect();
        let (all, before) = (left.keys().cloned().collect::<BTreeSet<_>>(), left.len());
        for to in left.values_mut() {
            to.retain(|file| all.contains(file));
        }
        left.retain(|file, to| !to.is_empty() && named.contains(file));
        if left.len() == before {
            return left;
        }
    }
}

#[test]
fn the_testkit_is_built_into_nothing() {
    let workspace = Workspace::load();
    for name in workspace.members() {
        let dependencies = workspace.dependencies(&name);
        let built = dependencies.contains(&(Kind::Normal, package("testkit")));
        assert!(!built, "{name} has the testkit built in");
    }
}

#[test]
fn pure_crates_reach_nothing_outside() {
    for file in PURE.iter().flat_map(|name| rust::files_outside_tests(name)) {
        if file.starts_with("crates/verify/src/readers") {
            continue;
        }
        let names = rust::names_outside_tests(&file);
        for outside in OUTSIDE {
            let reached = names.paths.iter().find(|path| is_under(path, outside));
            assert_eq!(reached, None, "{} is in a pure crate", file.display());
        }
        for word in CLOCKS_AND_CHANCE {
            assert!(
                !names.words.contains(word),
                "{} names {word}",
                file.display()
            );
        }
    }
}

#[test]
fn no_sdk_is_built_into_a_pure_crate_or_the_engine() {
    let workspace = Workspace::load();
    for name in PURE.iter().chain(&["engine", "sandbox"]) {
        let built = workspace.built_into(&package(name));
        assert!(
            *name == "verify" || !built.is_empty(),
            "{name}: cargo tells nothing"
        );
        let sdk: Vec<&String> = built
            .iter()
            .filter(|name| name.starts_with("aws-"))
            .collect();
        assert!(sdk.is_empty(), "{name} has {sdk:?} built in");
    }
}

#[test]
fn only_the_printer_prints() {
    const MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
    const STREAMS: [&str; 2] = ["stdout", "stderr"];
    for file in EDGES
        .iter()
        .flat_map(|(name, _)| rust::files_outside_tests(name))
    {
        if file == Path::new("crates/cli/src/printer.rs") {
            continue;
        }
        let Names {
            paths,
            macros,
            words: _,
        } = rust::names_outside_tests(&file);
        for name in MACROS {
            assert!(!macros.contains(name), "{} calls {name}!", file.display());
        }
        for stream in STREAMS {
            let named = paths
                .iter()
                .find(|path| path.ends_with(&format!("io::{stream}")));
            assert_eq!(named, None, "{} writes to a stream", file.display());
        }
    }
    let printer = rust::names_outside_tests(Path::new("crates/cli/src/printer.rs"));
    assert!(
        printer.paths.contains("std::io::stdout"),
        "the printer is somewhere else now"
    );
}

#[test]
fn only_one_crate_names_the_sdk() {
    only_named_in("crates/aws", &|word| {
        word.starts_with("aws_") && word != "aws_"
    });
    only_declared_in(&["s3ferry-aws"], &|name| name.starts_with("aws-"));
}

#[test]
fn only_one_crate_names_a_yaml_reader() {
    only_named_in("crates/spec", &|word| {
        ["serde_yaml", "saphyr_parser"].contains(&word)
    });
    only_declared_in(&["s3ferry-spec"], &|name| {
        ["serde_yaml", "saphyr-parser"].contains(&name)
    });
}

/// Only paths count: `aws_access_key` is a fine name of a variable.
fn only_named_in(folder: &str, is_meant: &dyn Fn(&str) -> bool) {
    let mut meant = 0;
    for file in files_ending(".rs") {
        let names = rust::names(&file);
        let roots = names.paths.iter().filter(|path| path.contains("::"));
        let named = roots
            .filter_map(|path| path.split("::").next())
            .find(|root| is_meant(root));
        if file.starts_with(folder) {
            meant += usize::from(named.is_some());
        } else {
            assert_eq!(named, None, "{}", file.display());
        }
    }
    assert!(
        meant > 0,
        "{folder} does not name it either; the test looks for the wrong thing"
    );
}

fn only_declared_in(packages: &[&str], is_meant: &dyn Fn(&str) -> bool) {
    let workspace = Workspace::load();
    for name in workspace.members() {
        let dependencies = workspace.dependencies(&name);
        let meant = dependencies
            .iter()
            .find(|(_, dependency)| is_meant(dependency));
        assert_eq!(
            meant.is_some(),
            packages.contains(&name.as_str()),
            "{name}: {meant:?}"
        );
    }
}

/// S3's is the one whose answers are large; the others would be most of a release build and of the program.
#[test]
fn every_sdk_but_that_of_s3_is_built_for_size() {
    let manifest = repository::text(Path::new("Cargo.toml")).unwrap_or_default();
    let built = Workspace::load().built_into("s3ferry-cli");
    let sdks: Vec<&String> = built
        .iter()
        .filter(|name| name.starts_with("aws-sdk-"))
        .collect();
    assert!(sdks.len() > 3, "{sdks:?}");
    for sdk in sdks {
        let rule = format!("[profile.release.package.{sdk}]\nopt-level = \"s\"\n");
        assert_eq!(manifest.contains(&rule), sdk != "aws-sdk-s3", "{sdk}");
    }
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let sources = files_ending(".rs");
    assert!(
        sources.len() > 100,
        "only {} source files were found",
        sources.len()
    );
    for file in sources {
        let text = repository::text(&file).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("//! ") && first.len() > 12,
            "{}: {first:?}",
            file.display()
        );
    }
}

#[test]
fn the_top_of_the_repository_is_short() {
    let top: BTreeSet<String> = files()
        .iter()
        .filter_map(|file| file.components().next())
        .map(|first| first.as_os_str().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    let known = TOP.map(str::to_owned).into();
    assert_eq!(
        top.difference(&known).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

#[test]
fn no_text_names_a_machine_or_a_registry() {
    // In halves, or this file would find itself.
    let named = [
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("/ho", "me/"),
        ("/op", "t/"),
        ("py", "pi.org"),
        ("pythonho", "sted.org"),
        ("index.cra", "tes.io"),
        ("static.cra", "tes.io"),
        ("npm", "js.org"),
        ("proxy.go", "lang.org"),
        ("deb.deb", "ian.org"),
    ]
    .map(|(one, two)| format!("{one}{two}"));
    let texts = files();
    let texts = texts
        .iter()
        .filter_map(|file| Some((file, repository::text(file)?)));
    let found: Vec<(&PathBuf, &String)> = texts
        .flat_map(|(file, text)| {
            named
                .iter()
                .filter(move |name| text.contains(name.as_str()))
                .map(move |name| (file, name))
        })
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

fn is_under(path: &str, outside: &str) -> bool {
    path.strip_prefix(outside)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
