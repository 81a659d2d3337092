//! Pages of statuses: what needs attention first, the rest counted, on a screen.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use s3ferry_core::format::status::{
    AlarmInfo, Attention, Backlog, BacklogSource, Failed, JobInfo, Looks, MigrationStatus,
    ReceiptInfo, ReceiptKind, StatusFile,
};
use s3ferry_core::format::{Gate, GateState};
use s3ferry_render::{Style, WatchedPage, status_text, watched_text};

fn fine(name: &str) -> MigrationStatus {
    MigrationStatus {
        name: name.to_owned(),
        phase: "replicate".to_owned(),
        source: format!("prod/{name}-prod (eu-west-1)"),
        destination: format!("archive/{name}-archive (eu-central-1)"),
        attention: Attention::Fine,
        why: Vec::new(),
        next: "set phase: backfill in the spec".to_owned(),
        gates: vec![Gate {
            name: "canary everything".to_owned(),
            state: GateState::Met,
            why: "an object arrived under exactly this configuration".to_owned(),
        }],
        changes: 0,
        backlog: Backlog {
            source: BacklogSource::Metrics,
            bytes: Some(0),
            operations: Some(0),
            latency_seconds: Some(0),
            looks: None,
        },
        failed: Failed {
            by_metric: Some(0),
            ..Failed::default()
        },
        unread: Vec::new(),
        jobs: Vec::new(),
        alarms: 4,
        raised: Vec::new(),
        canary_age_seconds: Some(90_000),
        receipts: vec![ReceiptInfo {
            kind: ReceiptKind::Canary,
            of: Some("everything".to_owned()),
            at: "2026-11-26T11:00:00Z".to_owned(),
            age_seconds: Some(90_000),
            good: true,
            says: "an object arrived".to_owned(),
        }],
    }
}

fn failing(name: &str) -> MigrationStatus {
    let mut of = fine(name);
    of.attention = Attention::Failing;
    of.why = vec![
        "12 of 100 looked at FAILED".to_owned(),
        "alarm everything/failed-operations is raised".to_owned(),
    ];
    of.next = format!("s3ferry doctor specs --target {name} --object 'in/a b.csv'");
    of.backlog = Backlog {
        source: BacklogSource::Looks,
        bytes: Some(7_340_032),
        operations: Some(3),
        latency_seconds: Some(754),
        looks: Some(Looks {
            versions: 100,
            whole: false,
            pending: 3,
            completed: 85,
            failed: 12,
            none: 0,
            other: 0,
        }),
    };
    of.failed = Failed {
        count: 12,
        by_metric: None,
        looked_at: Some(12),
        keys: (0..10)
            .map(|number| format!("in/{number}\u{1b}[2J.csv"))
            .collect(),
    };
    of.raised = vec![AlarmInfo {
        name: format!("s3ferry/test/{name}/everything/failed-operations"),
        metric: "OperationsFailedReplication".to_owned(),
        state: "ALARM".to_owned(),
    }];
    of.jobs = vec![JobInfo {
        id: "job-00000001".to_owned(),
        state: "Active".to_owned(),
        tasks: 12_000,
        succeeded: 4_000,
        failed: 2,
    }];
    of
}

fn file(migrations: Vec<MigrationStatus>) -> StatusFile {
    let mut counts = BTreeMap::new();
    for of in &migrations {
        *counts.entry(of.attention).or_default() += 1;
    }
    StatusFile {
        format: "1.0".to_owned(),
        s3ferry: "0".to_owned(),
        created: "2026-11-27T12:00:00Z".to_owned(),
        spec: "moves".to_owned(),
        targets: Vec::new(),
        accounts: Vec::new(),
        migrations,
        blocked: Vec::new(),
        beside: 0,
        counts,
    }
}

/// So many that need attention, and the rest fine, in two phases.
fn many(needing: usize, all: usize) -> StatusFile {
    let name = |number: usize| format!("team{number:03}");
    let needing_of = (0..needing).map(|number| failing(&name(number)));
    let fine_of = (needing..all).map(|number| {
        let mut of = fine(&name(number));
        if number % 3 == 0 {
            of.phase = "prepare".to_owned();
            of.gates = Vec::new();
            of.backlog.source = BacklogSource::NoRules;
        } else {
            of.backlog.operations = Some(2);
            of.backlog.bytes = Some(1_024);
        }
        of
    });
    file(needing_of.chain(fine_of).collect())
}

fn reviewed(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/render/status")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().expect("it has one")).expect("it is made");
        fs::write(&path, text).expect("it is written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "UPDATE_GOLDEN=1 writes {name} anew");
}

#[test]
fn pages_are_as_reviewed() {
    let plain = |file: &StatusFile, lines| status_text(file, Style::Plain, 80, lines);
    reviewed("fine.txt", &plain(&file(vec![fine("orders")]), None));
    reviewed("failing.txt", &plain(&file(vec![failing("orders")]), None));
    reviewed("300.txt", &plain(&many(9, 300), Some(24)));
}

#[test]
fn three_hundred_migrations_fit_any_screen() {
    for needing in [0, 1, 3, 9, 40, 300] {
        for (width, lines) in [(80, 24), (80, 50), (120, 30), (40, 24)] {
            let text = status_text(&many(needing, 300), Style::Plain, width, Some(lines));
            assert!(
                text.lines().count() <= lines,
                "{needing} {width}x{lines}\n{text}"
            );
            assert!(
                text.lines().all(|line| line.chars().count() <= width),
                "{text}"
            );
            let shown = text.matches("next  ").count();
            assert!(shown == needing || text.contains("more need"), "{text}");
        }
    }
}

/// Nothing of a key reaches the terminal as it is.
#[test]
fn keys_drive_no_terminal() {
    let text = status_text(&file(vec![failing("orders")]), Style::Plain, 80, None);
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_watched_page_fills_the_screen_and_says_what_failed() {
    let (all, one) = (many(9, 300), file(vec![failing("orders")]));
    for last in [Some(&all), Some(&one), None] {
        for (width, lines) in [(80, 24), (100, 12), (120, 50)] {
            let page = WatchedPage {
                last,
                problem: Some(("2026-11-27T12:00:10Z", "error: no\nhelp: yes\n")),
                warnings: "warning: one\nwarning: two\n",
                every: 10,
                is_reading: true,
            };
            let text = watched_text(&page, Style::Plain, width, lines);
            assert_eq!(text.lines().count(), lines, "{text}");
            assert!(text.ends_with("q quits  reading now"), "{text}");
            assert!(
                text.contains("error: no") && text.contains("2 warnings"),
                "{text}"
            );
        }
    }
}
