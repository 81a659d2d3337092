//! Advice is followed to the letter: a line that a refusal tells to add to the spec is added, the spec is valid, and the
//! refusal is gone.

use s3ferry_core::format::Finding;
use s3ferry_core::merge::ConflictKind;
use s3ferry_core::spec::Spec;

use super::world::{self, World, spec};

/// What a line of help tells to add.
const ADD: &str = "add to the spec: ";

/// The spec with a line added before its migrations, after replacing parts of its text.
pub(super) fn with_line(line: &str, replacements: &[(&str, &str)]) -> Spec {
    let added = format!("{line}\nmigrations:\n");
    let mut all = vec![("migrations:\n", added.as_str())];
    all.extend_from_slice(replacements);
    spec(&all)
}

fn lines(help: &str) -> Vec<&str> {
    help.lines()
        .filter_map(|line| Some(line.split_once(ADD)?.1))
        .collect()
}

/// The one line that a finding of this code tells to add.
pub(super) fn line_of<'a>(findings: &'a [Finding], code: &str) -> &'a str {
    let finding = findings.iter().find(|finding| finding.code == code);
    let finding = finding.unwrap_or_else(|| panic!("no {code} in {findings:?}"));
    let [line] = lines(&finding.help)[..] else {
        panic!("{}", finding.help)
    };
    line
}

#[test]
fn every_line_to_add_is_taken_by_the_parser() {
    let text = || "x".to_owned();
    // An ID of a rule may hold what YAML gives a meaning to.
    let rules = || vec!["old".to_owned(), "a \"b\" \\ 'c' #: [é]".to_owned()];
    let kinds = [
        ConflictKind::MissingBucket { can_be_made: true },
        ConflictKind::UnmarkedBucket,
        ConflictKind::UnmarkedRole,
        ConflictKind::MfaDelete,
        ConflictKind::UnreadablePolicy(text()),
        ConflictKind::PolicyVersion(text()),
        ConflictKind::LegacyRules(rules()),
        ConflictKind::OtherRole {
            live: "arn:aws:iam::111111111111:role/service-role/theirs".to_owned(),
            wanted: text(),
            rules: rules(),
        },
        ConflictKind::RoleOfOthers {
            live: text(),
            wanted: text(),
            rules: rules(),
        },
        ConflictKind::Unmodelled(rules()),
        ConflictKind::DeadElement(rules()),
        ConflictKind::ForeignPolicies(rules()),
        ConflictKind::PoliciesOfRules {
            policies: rules(),
            rules: rules(),
        },
        ConflictKind::ForeignRules(rules()),
        ConflictKind::DeletedPrincipals(rules()),
        ConflictKind::OtherLogging {
            bucket: text(),
            prefix: "a \"b\": ".to_owned(),
            key_format: "simple",
        },
        ConflictKind::LoggingGrants(text()),
        ConflictKind::UnmarkedTrail,
        ConflictKind::MissingTrail(None),
        ConflictKind::UnplacedTrail(text()),
        ConflictKind::FullTrail {
            unit: "values",
            size: 2,
            limit: 1,
        },
        ConflictKind::TooManySpecs {
            specs: rules(),
            size: 2,
            limit: 1,
        },
        ConflictKind::TooLarge {
            unit: "bytes",
            size: 2,
            limit: 1,
        },
    ];
    let mut added = Vec::new();
    for kind in kinds {
        let help = kind.help("prod/bucket/orders-prod/replication");
        assert!(
            !help.contains("guards: {") || help.contains(ADD),
            "{}: guards without their place: {help}",
            kind.code()
        );
        for line in lines(&help) {
            let guards = with_line(line, &[]).guards;
            assert!(!guards.adopt.is_empty(), "{}: {line}", kind.code());
            added.push(kind.code());
        }
    }
    assert_eq!(
        added,
        [
            "bucket-not-ours",
            "role-not-ours",
            "rules-v1",
            "rules-other-role",
            "rules-other-role",
            "replication-existing-objects",
            "role-foreign-policies",
            "role-policies-needed",
            "policy-deleted-principal",
            "logging-elsewhere",
            "trail-not-ours"
        ]
    );
}

#[test]
fn the_line_of_the_deletion_guard_allows_the_deletions() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    let back = [("phase: replicate", "phase: prepare")];
    let refused = world.plan(&spec(&back));
    let line = line_of(&refused.findings, "max-deletes");
    world.converge(&with_line(line, &back));
}

#[test]
fn where_defaults_have_guards_the_deletion_guard_does_not_give_them_twice() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    let defaults = "defaults: { guards: { max_deletes: 1 } }";
    let refused = world.plan(&with_line(
        defaults,
        &[("phase: replicate", "phase: prepare")],
    ));
    let finding = refused
        .findings
        .iter()
        .find(|finding| finding.code == "max-deletes")
        .unwrap();
    assert!(
        finding
            .help
            .contains("in the guards of the spec's defaults")
            && lines(&finding.help).is_empty(),
        "{}",
        finding.help
    );
}

#[test]
fn the_lines_that_hand_things_over_hand_them_over() {
    let mut world = World::with_source("orders-prod");
    world.make_destination("orders-archive");
    let refused = world.plan(&spec(&[]));
    world.converge(&with_line(
        line_of(&refused.findings, "bucket-not-ours"),
        &[],
    ));

    let mut world = World::with_source("orders-prod");
    world.make_role("s3ferry-orders-prod", "/service-role/");
    let refused = world.plan(&spec(&[]));
    world.converge(&with_line(line_of(&refused.findings, "role-not-ours"), &[]));
}

#[test]
fn the_line_that_replaces_rules_allows_their_deletion_too() {
    let mut world = World::with_source("orders-prod");
    let mut legacy = world::foreign_rule("old \"one\"", 1);
    legacy.filter = None;
    legacy.priority = None;
    legacy.delete_markers = None;
    legacy.legacy_prefix = Some(String::new());
    world.set_replication("orders-prod", &world::role_of("orders-prod"), vec![legacy]);
    let refused = world.plan(&spec(&[]));
    world.converge(&with_line(line_of(&refused.findings, "rules-v1"), &[]));
    assert_eq!(world.rule("orders-prod", "old \"one\""), None);
}
