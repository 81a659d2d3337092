//! The plans of the examples under `plans/`, as text, Markdown and JSON: for readers, and for reviews of changes.
//!
//! Each is planned against two accounts that hold the source buckets only, and the destination where the spec does not
//! create it. `plans/demo` is planned in two phases, the second after the first was applied. Time and version are fixed.
//! `UPDATE_GOLDEN=1 cargo test -p s3ferry-render --test golden` writes the files anew; the diff is what to review.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use s3ferry_core::format::{AccountInfo, PlanFile, SpecFileInfo, SpecInfo};
use s3ferry_core::model::kinds::{AlarmNames, Document, Role, RolePolicies};
use s3ferry_core::model::target::ROLE_POLICY_NAME;
use s3ferry_core::model::{AccountPart, AccountRef, Observed, RegionPart, RolePart, Target};
use s3ferry_core::plan::file::Head;
use s3ferry_core::plan::{EndedJob, Goal, JobEnd, Plan, Proofs, Work, plan};
use s3ferry_core::reads;
use s3ferry_core::scene::Scene;
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::Spec;
use s3ferry_render::{Detail, Style, markdown, text};
use s3ferry_spec::{SourceFile, digest, masked, read};
use s3ferry_testkit::granted;

/// What GitHub takes of a comment.
const COMMENT: usize = 65_536;
const WIDTH: usize = 100;

#[test]
fn the_plans_of_the_examples_are_as_reviewed() {
    let mut stale = Vec::new();
    for example in examples() {
        let spec = Example::read(&example, &[]);
        if example.ends_with("demo") {
            let mut world = World::before(&spec.spec);
            let prepare = world.plan(&spec.spec);
            stale.extend(spec.compare("plan-prepare", &prepare));
            world.apply(&prepare);
            let spec = Example::read(&example, &[("phase: prepare", "phase: replicate")]);
            let replicate = world.plan(&spec.spec);
            stale.extend(spec.compare("plan-replicate", &replicate));
            world.apply(&replicate);
            assert!(
                world.plan(&spec.spec).changes.is_empty(),
                "{}",
                example.display()
            );
        } else {
            let mut world = World::before(&spec.spec);
            let first = world.plan(&spec.spec);
            stale.extend(spec.compare("plan", &first));
            world.apply(&first);
            assert!(
                world.plan(&spec.spec).changes.is_empty(),
                "{}",
                example.display()
            );
        }
    }
    assert!(
        stale.is_empty(),
        "{stale:#?}\nto write them anew: UPDATE_GOLDEN=1 cargo test -p s3ferry-render --test golden"
    );
}

/// Alarms of one rule are drawn together, and nothing of any of them is left out.
#[test]
fn alarms_that_are_drawn_together_are_drawn_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plans/monitoring");
    let spec = Example::read(&folder, &[]);
    let file = spec.file(&World::before(&spec.spec).plan(&spec.spec));
    let packed = |text: &str| -> String { text.split_whitespace().collect() };
    let drawn = [
        packed(&text(&file, Style::Plain, WIDTH, Detail::Brief)),
        packed(&markdown(&file, COMMENT)),
    ];
    let alarms = file.changes.iter().filter(|of| of.kind == "metric alarm");
    let alarms: Vec<_> = alarms.collect();
    assert_eq!(alarms.len(), 12);
    for change in alarms {
        let fields = change.after.as_object().expect("an alarm is an object");
        let values = fields.iter().filter(|(name, _)| *name != "dimensions");
        let mut said: Vec<String> = values.map(|(_, value)| value.to_string()).collect();
        let metric = change.address.rsplit('/').next().unwrap_or_default();
        said.push(metric.to_owned());
        for page in &drawn {
            for value in &said {
                let value = value.replace("\",\"", "\", \"");
                assert!(
                    page.contains(&packed(&value)),
                    "{}: {value}",
                    change.address
                );
            }
        }
    }
    assert_eq!(drawn[0].matches("4metricalarms:").count(), 3);
}

fn examples() -> Vec<PathBuf> {
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plans");
    let mut folders: Vec<PathBuf> = fs::read_dir(plans)
        .expect("the examples can be read and written")
        .map(|entry| entry.expect("the examples can be read and written").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() > 5, "the examples are gone: {folders:?}");
    folders
}

/// A spec under `plans/`, as its files say or with another phase.
struct Example {
    folder: PathBuf,
    files: Vec<SourceFile>,
    spec: Spec,
}

impl Example {
    fn read(folder: &Path, replacements: &[(&str, &str)]) -> Self {
        let name = folder
            .file_name()
            .expect("the examples can be read and written")
            .to_string_lossy()
            .into_owned();
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .expect("the examples can be read and written")
            .map(|entry| entry.expect("the examples can be read and written").path())
            .collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
        paths.sort();
        let files: Vec<SourceFile> = paths
            .iter()
            .map(|path| {
                let mut text =
                    fs::read_to_string(path).expect("the examples can be read and written");
                for (from, to) in replacements {
                    text = text.replace(from, to);
                }
                let file = path
                    .file_name()
                    .expect("the examples can be read and written")
                    .to_string_lossy();
                SourceFile {
                    path: format!("plans/{name}/{file}"),
                    bytes: text.into_bytes(),
                }
            })
            .collect();
        let reading = read(&files);
        let problems: Vec<String> = reading
            .diagnostics
            .iter()
            .map(|one| one.to_text())
            .collect();
        let spec = reading
            .spec
            .unwrap_or_else(|| panic!("{}", problems.join("\n")));
        Self {
            folder: folder.to_path_buf(),
            files,
            spec,
        }
    }

    fn file(&self, plan: &Plan) -> PlanFile {
        let text = |file: &SourceFile| {
            String::from_utf8(file.bytes.clone()).expect("the examples can be read and written")
        };
        let kept = masked(&self.files);
        let files = kept.iter();
        let accounts = self.spec.accounts.iter();
        let head = Head {
            s3ferry: "0.0.0".to_owned(),
            created: "2026-01-01T00:00:00Z".to_owned(),
            spec: SpecInfo {
                name: self.spec.name.to_string(),
                digest: digest(&kept),
                files: files
                    .map(|file| SpecFileInfo {
                        path: file.path.clone(),
                        text: text(file),
                    })
                    .collect(),
                targets: Vec::new(),
                search: false,
            },
            accounts: accounts
                .map(|(name, account)| AccountInfo {
                    name: name.to_string(),
                    id: account.id.to_string(),
                    region: account.region.to_string(),
                    caller: format!("arn:aws:sts::{}:assumed-role/s3ferry/s3ferry", account.id),
                })
                .collect(),
        };
        plan.clone().into_file(head).1
    }

    /// Returns the files that are not as the plan is drawn now, after writing them where that was asked for.
    fn compare(&self, name: &str, plan: &Plan) -> Vec<PathBuf> {
        let file = self.file(plan);
        let drawn = [
            ("txt", text(&file, Style::Plain, WIDTH, Detail::Brief)),
            ("md", markdown(&file, COMMENT)),
            ("json", file.to_json()),
        ];
        let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|update| update == "1");
        let mut stale = Vec::new();
        for (ending, drawn) in drawn {
            let path = self.folder.join(format!("{name}.{ending}"));
            if update {
                fs::write(&path, drawn).expect("the examples can be read and written");
            } else if fs::read_to_string(&path).ok() != Some(drawn) {
                stale.push(path);
            }
        }
        stale
    }
}

/// Accounts as a map of documents; what is not in it is not there.
struct World {
    documents: BTreeMap<Target, Document>,
    proofs: Proofs,
    ended: Vec<EndedJob>,
}

impl World {
    /// What a spec takes for granted.
    fn before(spec: &Spec) -> Self {
        Self {
            documents: granted(spec),
            proofs: Proofs::default(),
            ended: Vec::new(),
        }
    }

    fn plan(&self, spec: &Spec) -> Plan {
        let mut observed = Observed::default();
        let mut targets = reads::first_in(spec, &Scope::All);
        loop {
            while !targets.is_empty() {
                for target in targets {
                    let document = self.read(&target);
                    observed.insert(target, document);
                }
                targets = reads::following(spec, &Scope::All, &observed);
            }
            let scene = Scene::new(spec, &observed, &self.proofs, &Scope::All);
            let plan = plan(&scene.with_ended(&self.ended));
            if plan.questions.is_empty() {
                return plan;
            }
            targets = plan.questions;
        }
    }

    fn read(&self, target: &Target) -> Option<Document> {
        match target {
            Target::Account(
                AccountRef {
                    account,
                    partition: _,
                },
                AccountPart::Roles,
            ) => {
                let roles = self.documents.keys().filter_map(|target| match target {
                    Target::Role(role, RolePart::Itself) if role.account == *account => {
                        Some((role.name.clone(), None))
                    }
                    _ => None,
                });
                Some(Document::Roles(roles.collect()))
            }
            Target::Region(place, RegionPart::Alarms) => {
                let names = self.documents.keys().filter_map(|target| match target {
                    Target::Alarm(at) if at.place() == *place => Some(at.name.clone()),
                    _ => None,
                });
                Some(Document::AlarmNames(AlarmNames::of(names.collect())))
            }
            Target::Role(role, RolePart::Policies) => {
                let inline = Target::Role(role.clone(), RolePart::Policy);
                let inline = self
                    .documents
                    .contains_key(&inline)
                    .then(|| ROLE_POLICY_NAME.to_owned());
                let policies = RolePolicies {
                    inline: inline.into_iter().collect(),
                    attached: BTreeSet::new(),
                };
                let there = self
                    .documents
                    .contains_key(&Target::Role(role.clone(), RolePart::Itself));
                there.then_some(Document::RolePolicies(policies))
            }
            other => self.documents.get(other).cloned(),
        }
    }

    fn apply(&mut self, plan: &Plan) {
        assert!(!plan.is_blocked(), "{:#?}", plan.findings);
        for step in &plan.steps {
            match &step.work {
                Work::Prove(goal) => {
                    let jobs = match &**goal {
                        Goal::Backfill(goal) => Some(&goal.jobs),
                        Goal::Checksums(goal) => Some(&goal.jobs),
                        Goal::Canary(_) | Goal::Alarm(_) => None,
                    };
                    self.ended.extend(jobs.map(|jobs| EndedJob {
                        subject: jobs.subject.clone(),
                        attempt: 1,
                        job: "job".to_owned(),
                        end: JobEnd::Complete,
                        tasks: 1,
                        failed: 0,
                        codes: BTreeMap::new(),
                        age: Some(0),
                    }));
                    if let Some(canary) = goal.canary() {
                        let by = self.read(&canary.proven_by());
                        let proof = canary.proof(by.as_ref());
                        self.proofs.insert(proof.expect("the role is there"));
                    }
                }
                Work::Sweep(_) => {}
                Work::Write(write) => match &write.after {
                    Some(Document::Role(role)) => {
                        let id = Some(format!("AROA{}", self.documents.len()));
                        let made = Document::Role(Role { id, ..role.clone() });
                        self.documents.insert(write.target.clone(), made);
                    }
                    Some(after) => {
                        self.documents.insert(write.target.clone(), after.clone());
                    }
                    None => {
                        self.documents.remove(&write.target);
                    }
                },
            }
        }
    }
}
