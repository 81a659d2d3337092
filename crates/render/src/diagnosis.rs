//! A diagnosis as text; drawn from its wire format and from nothing else.

use s3ferry_core::format::diagnosis::{DiagnosedObject, DiagnosedSide, Diagnosis, Level, Symptom};

use crate::page::{Page, Style, Tone};
use crate::sanitize::sanitize_json;
use crate::words::count;

/// What no caller can look at from outside, and what may be in the way all the same.
const UNSEEN: &str = "Not looked at, and may be in the way: service and resource control policies of the organisations, quotas, and what changed within the last minutes.";

/// A diagnosis for people: the rules, each thing that was found with what to add, and the object that was asked for.
#[must_use]
pub fn diagnosis_text(of: &Diagnosis, style: Style, width: usize) -> String {
    let mut page = Page::new(style, width);
    let to = format!(": {} -> {}", place(&of.source), place(&of.destination));
    page.line(0, 4, &[(Tone::Strong, &of.migration), (Tone::Plain, &to)]);
    if let Some(role) = &of.role {
        page.line(2, 8, &[(Tone::Faint, "role  "), (Tone::Plain, role)]);
    }
    for rule in &of.rules {
        let priority = rule
            .priority
            .map_or_else(String::new, |priority| format!(", priority {priority}"));
        let state = if rule.enabled { "" } else { ", disabled" };
        let line = format!("{} ({}{priority}{state})", rule.id, rule.selects);
        page.line(2, 8, &[(Tone::Faint, "rule  "), (Tone::Plain, &line)]);
    }
    for symptom in &of.found {
        draw(&mut page, symptom);
    }
    if let Some(object) = &of.object {
        draw_object(&mut page, object);
    }
    page.blank();
    page.line(0, 2, &[(Tone::Strong, &diagnosis_summary(of))]);
    page.line(0, 2, &[(Tone::Faint, UNSEEN)]);
    page.finish()
}

/// The verdict in one line.
#[must_use]
pub fn diagnosis_summary(of: &Diagnosis) -> String {
    let counted = |level| of.found.iter().filter(|one| one.level == level).count();
    let (wrong, unknown) = (counted(Level::Wrong), counted(Level::Unknown));
    let unknown = match unknown {
        0 => String::new(),
        some => format!(" Of {} nobody can say.", count(some, "thing")),
    };
    match wrong {
        0 => format!("Nothing wrong was found.{unknown}"),
        1 => format!("1 thing is wrong.{unknown}"),
        some => format!("{} are wrong.{unknown}", count(some, "thing")),
    }
}

fn place(side: &DiagnosedSide) -> String {
    format!("s3://{} ({}, {})", side.bucket, side.account, side.region)
}

fn draw(page: &mut Page, of: &Symptom) {
    let (tone, word) = match of.level {
        Level::Wrong => (Tone::Alarm, "wrong"),
        Level::Unknown => (Tone::Change, "unknown"),
        Level::Note => (Tone::Faint, "note"),
    };
    page.blank();
    let code = format!("{} ", of.code);
    page.line(
        0,
        4,
        &[
            (tone, &format!("{word} ")),
            (Tone::Strong, &code),
            (Tone::Plain, &of.address),
        ],
    );
    page.line(4, 4, &[(Tone::Plain, &of.message)]);
    if !of.failures.is_empty() {
        let failures: Vec<&str> = of.failures.iter().map(String::as_str).collect();
        page.line(
            4,
            13,
            &[
                (Tone::Faint, "failure  "),
                (Tone::Plain, &failures.join(", ")),
            ],
        );
    }
    let side = format!("{}: ", of.side);
    page.line(
        4,
        13,
        &[
            (Tone::Faint, "to do    "),
            (Tone::Plain, &side),
            (Tone::Plain, &of.fix),
        ],
    );
    if let Some(statement) = &of.statement {
        for line in sanitize_json(&format!("{statement:#}")).lines() {
            page.copied(4, Tone::Add, line);
        }
    }
}

fn draw_object(page: &mut Page, of: &DiagnosedObject) {
    page.blank();
    let version = of
        .version
        .as_deref()
        .map_or_else(String::new, |id| format!(" ({id})"));
    page.line(0, 4, &[(Tone::Strong, &of.key), (Tone::Plain, &version)]);
    let replica = of
        .at_destination
        .map(|there| if there { "there" } else { "not there" });
    let rules = (of.version.is_some()).then(|| match &of.rules[..] {
        [] => "none selects it".to_owned(),
        rules => rules.join(", "),
    });
    let encryption = of.encryption.as_ref().map(|encryption| match &of.kms_key {
        Some(key) => format!("{encryption} under {key}"),
        None => encryption.clone(),
    });
    let facts = [
        ("written", of.written.clone()),
        (
            "status",
            of.version
                .as_ref()
                .map(|_| of.status.clone().unwrap_or_else(|| "none".to_owned())),
        ),
        ("encryption", encryption),
        ("class", of.class.clone()),
        ("rules", rules),
        ("replica", replica.map(str::to_owned)),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            let name = format!("{name:<12}");
            page.line(2, 14, &[(Tone::Faint, &name), (Tone::Plain, &value)]);
        }
    }
    let tone = if of.well { Tone::Plain } else { Tone::Alarm };
    page.line(2, 4, &[(tone, &sentence(&of.says))]);
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
