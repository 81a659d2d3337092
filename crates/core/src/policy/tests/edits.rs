//! Edits leave others alone, converge, and grow before they shrink.

use proptest::prelude::*;

use super::statement;
use super::style::{ModelDocument, ModelStatement, Style};
use crate::policy::grammar::Scope;
use crate::policy::{
    Effect, PolicyDocument, Statement, Version, same_meaning, size, union_for_growth,
};

fn parse(text: &str) -> PolicyDocument {
    PolicyDocument::parse(text).unwrap()
}

fn ours(sid: &str, actions: &[&str]) -> Statement {
    Statement::builder(sid, Effect::Allow, actions.iter().copied())
        .resources(["*"])
        .build()
}

fn is_ours(statement: &Statement) -> bool {
    statement.sid().is_some_and(|sid| sid.starts_with("Ours"))
}

fn sids(document: &PolicyDocument) -> Vec<&str> {
    document
        .statements()
        .iter()
        .map(|statement| statement.sid().unwrap_or("-"))
        .collect()
}

const FOREIGN: &str = r#"{ "Effect":"Allow" , "Principal":"*","Action":"s3:Get*" }"#;

#[test]
fn a_statement_is_replaced_in_place_or_else_appended() {
    let document = parse(&format!(
        r#"{{"Statement":[{{"Sid":"OursA","Effect":"Allow","Action":"a"}},{FOREIGN},{{"Sid":"OursA","Effect":"Allow","Action":"b"}}]}}"#
    ));
    let replaced = document.with_statement("OursA", ours("OursA", &["x"]));
    assert_eq!(sids(&replaced), ["OursA", "-"]);
    assert_eq!(
        replaced.statements()[0].actions(),
        &Scope::Only(vec!["x".to_owned()])
    );
    let appended = document.with_statement("OursB", ours("OursB", &["x"]));
    assert_eq!(sids(&appended), ["OursA", "-", "OursA", "OursB"]);
    assert_eq!(
        document.without("OursA").to_json(),
        format!(r#"{{"Statement":[{FOREIGN}]}}"#)
    );
}

#[test]
fn growth_keeps_our_grants_that_go_and_all_that_comes() {
    let before = PolicyDocument::of([
        ours("OursA", &["a", "b"]),
        ours("OursGone", &["g"]),
        statement(FOREIGN),
    ]);
    let after = PolicyDocument::of([ours("OursA", &["b", "c"]), ours("OursNew", &["n"])]);
    let grown = union_for_growth(&before, &after, is_ours);
    assert_eq!(sids(&grown), ["OursA", "OursNew", "OursAOld", "OursGone"]);
    assert_eq!(
        grown.statement("OursAOld").unwrap().actions().listed(),
        &["a", "b"]
    );
    assert_eq!(
        grown.statement("OursA").unwrap().raw(),
        after.statements()[0].raw()
    );
}

#[test]
fn growth_after_an_interrupted_growth_loses_nothing() {
    let before = PolicyDocument::of([ours("OursA", &["b"]), ours("OursAOld", &["a"])]);
    let after = PolicyDocument::of([ours("OursA", &["c"]), ours("OursAOld", &["d"])]);
    let grown = union_for_growth(&before, &after, is_ours);
    assert_eq!(
        sids(&grown),
        ["OursA", "OursAOld", "OursAOld2", "OursAOldOld"]
    );
}

#[test]
fn growth_of_a_pure_addition_is_the_goal() {
    let before = PolicyDocument::of([ours("OursA", &["a"])]);
    let after = before.with_statement("OursB", ours("OursB", &["b"]));
    assert_eq!(union_for_growth(&before, &after, is_ours), after);
    let renamed = PolicyDocument::of([ours("OursC", &["A"])]);
    assert_eq!(union_for_growth(&before, &renamed, is_ours), renamed);
}

#[test]
fn growth_does_not_carry_denies_or_what_it_would_have_to_damage() {
    let deny = Statement::builder("OursDeny", Effect::Deny, ["a"])
        .resources(["*"])
        .build();
    let strange = statement(r#"{"Sid":"OursA","Effect":"Allow","Action":"a","Extra":1}"#);
    let before = PolicyDocument::of([deny, strange]);
    let after = PolicyDocument::of([ours("OursA", &["b"])]);
    assert_eq!(union_for_growth(&before, &after, is_ours), after);
}

#[test]
fn raising_the_version_is_refused_where_it_changes_a_meaning() {
    let plain = parse(r#"{"Statement":[{"Effect":"Allow","Action":"a","Resource":"r$"}]}"#);
    assert_eq!(plain.with_variables().unwrap().version(), Version::V2012);
    let literal = r#"{"Statement":[{"Effect":"Allow","Action":"a","Resource":"r/${x}"},{"Sid":"s","Effect":"Allow","Action":"a","Condition":{"Bool":{"k":"${y}"}}}]}"#;
    let conflict = parse(literal).with_variables().unwrap_err();
    assert_eq!(conflict.statements, ["#2776b7508313a407", "s"]);
    let new = literal.replacen('{', r#"{"Version":"2012-10-17","#, 1);
    assert_eq!(parse(&new).with_variables().unwrap(), parse(&new));
}

#[test]
fn sizes_are_counted_as_aws_counts() {
    let document =
        parse(r#"{"Statement":[{ "Effect":"Allow" , "Action":"a b","Resource":"é\" " }]}"#);
    let json = document.to_json();
    assert_eq!(size::bucket_policy(&document), json.len());
    assert_eq!(size::iam(&document), json.chars().count() - 4);
}

#[test]
fn merging_raises_the_version_only_where_variables_are_needed() {
    let old = parse(r#"{"Statement":[{"Effect":"Allow","Action":"a","Resource":"r"}]}"#);
    let plain = ours("OursA", &["a"]);
    assert_eq!(
        old.merged(std::slice::from_ref(&plain), is_ours)
            .unwrap()
            .version(),
        Version::V2008
    );
    let escaped = Statement::builder("OursA", Effect::Allow, ["a"])
        .resources(["r/${*}*"])
        .build();
    let merged = old.merged(std::slice::from_ref(&escaped), is_ours).unwrap();
    assert_eq!(merged.version(), Version::V2012);
    assert_eq!(merged.statement("OursA"), Some(&escaped));
    let literal = parse(r#"{"Statement":[{"Effect":"Allow","Action":"a","Resource":"r/${x}"}]}"#);
    assert_eq!(
        literal.merged(&[escaped], is_ours).unwrap_err().statements,
        ["#2776b7508313a407"]
    );
    assert!(literal.merged(&[plain], is_ours).is_ok());
}

#[test]
fn merging_keeps_the_text_of_what_is_as_wanted() {
    let text = format!(
        r#"{{"Statement":[{{ "Resource":["*"],"Action":["A"], "Effect":"Allow","Sid":"OursA" }},{FOREIGN},{{"Sid":"OursGone","Effect":"Allow","Action":"g"}}]}}"#
    );
    let document = parse(&text);
    let merged = document.merged(&[ours("OursA", &["a"])], is_ours).unwrap();
    assert_eq!(merged, document.without("OursGone"));
    let twice = document.with_statements(vec![ours("OursA", &["a"]), ours("OursA", &["b"])]);
    let merged = twice.merged(&[ours("OursA", &["a"])], is_ours).unwrap();
    assert_eq!(merged.statements(), [ours("OursA", &["a"])]);
}

#[derive(Debug, Clone)]
enum Edit {
    Put(&'static str, ModelStatement, Style),
    Remove(&'static str),
}

fn edit() -> impl Strategy<Value = Edit> {
    let sid = || prop::sample::select(vec!["OursA", "OursB", "OursC"]);
    prop_oneof![
        (sid(), any::<ModelStatement>(), any::<Style>())
            .prop_map(|(sid, model, style)| Edit::Put(sid, model, style)),
        sid().prop_map(Edit::Remove),
    ]
}

fn put(
    document: &PolicyDocument,
    sid: &str,
    model: &ModelStatement,
    style: &Style,
) -> PolicyDocument {
    let mut named = model.clone();
    named.sid = sid.to_owned();
    document.with_statement(sid, statement(&named.text(style)))
}

fn foreign(document: &PolicyDocument) -> Vec<&str> {
    let statements = document.statements().iter();
    statements
        .filter(|statement| !is_ours(statement))
        .map(Statement::raw)
        .collect()
}

proptest! {
    #[test]
    fn foreign_bytes_survive_every_sequence_of_edits(
        model: ModelDocument,
        style: Style,
        edits in prop::collection::vec(edit(), 0..12),
    ) {
        let before = PolicyDocument::parse(&model.text(&style)).unwrap();
        let mut now = before.clone();
        for edit in &edits {
            now = match edit {
                Edit::Put(sid, model, style) => put(&now, sid, model, style),
                Edit::Remove(sid) => now.without(sid),
            };
            now = PolicyDocument::parse(&now.to_json()).unwrap();
            prop_assert_eq!(foreign(&now), foreign(&before));
        }
        let cleaned = ["OursA", "OursB", "OursC"].iter().fold(now, |document, sid| document.without(sid));
        prop_assert_eq!(cleaned, before);
    }

    #[test]
    fn merging_converges_and_leaves_others_alone(
        model: ModelDocument,
        style: Style,
        before in prop::collection::vec(edit(), 0..4),
        wanted in prop::collection::btree_map(prop::sample::select(vec!["OursA", "OursB", "OursC"]), any::<ModelStatement>(), 0..3),
    ) {
        let base = PolicyDocument::parse(&model.text(&style)).unwrap();
        let live = before.iter().fold(base, |document, edit| match edit {
            Edit::Put(sid, model, style) => put(&document, sid, model, style),
            Edit::Remove(sid) => document.without(sid),
        });
        let wanted: Vec<Statement> = wanted
            .into_iter()
            .map(|(sid, mut model)| {
                model.sid = sid.to_owned();
                statement(&model.text(&style))
            })
            .collect();
        let merged = live.merged(&wanted, is_ours).unwrap();
        prop_assert_eq!(foreign(&merged), foreign(&live));
        let ours: std::collections::BTreeSet<_> = merged.statements().iter().filter(|one| is_ours(one)).map(Statement::canonical).collect();
        prop_assert_eq!(ours, wanted.iter().map(Statement::canonical).collect());
        prop_assert_eq!(merged.merged(&wanted, is_ours).unwrap(), merged);
    }

    #[test]
    fn putting_twice_is_putting_once(model: ModelDocument, one: ModelStatement, style: Style) {
        let document = PolicyDocument::parse(&model.text(&style)).unwrap();
        let once = put(&document, "OursA", &one, &style);
        prop_assert_eq!(put(&once, "OursA", &one, &style), once);
    }

    #[test]
    fn growth_holds_both_sides_and_shrinks_to_the_goal(
        foreign_part: ModelDocument,
        before in prop::collection::vec(edit(), 0..4),
        after in prop::collection::vec(edit(), 0..4),
        style: Style,
    ) {
        let base = PolicyDocument::parse(&foreign_part.text(&style)).unwrap();
        let apply = |edits: &[Edit]| edits.iter().fold(base.clone(), |document, edit| match edit {
            Edit::Put(sid, model, style) => put(&document, sid, model, style),
            Edit::Remove(sid) => document.without(sid),
        });
        let (before, after) = (apply(&before), apply(&after));
        let grown = union_for_growth(&before, &after, is_ours);
        prop_assert_eq!(foreign(&grown), foreign(&after));
        let rights = |document: &PolicyDocument| -> Vec<_> {
            document.statements().iter().map(|one| one.canonical().without_sid()).collect()
        };
        for statement in after.statements() {
            prop_assert!(grown.statements().contains(statement));
        }
        for old in before.statements().iter().filter(|old| is_ours(old) && old.effect() == Effect::Allow) {
            prop_assert!(rights(&grown).contains(&old.canonical().without_sid()));
        }
        let named: Vec<&str> = grown.statements().iter().filter(|one| is_ours(one)).filter_map(Statement::sid).collect();
        let distinct: std::collections::BTreeSet<&str> = named.iter().copied().collect();
        prop_assert_eq!(named.len(), distinct.len());
        let extra = grown.statements().iter().filter(|one| is_ours(one) && after.statement(one.sid().unwrap_or_default()).is_none());
        let shrunk = extra.fold(grown.clone(), |document, one| document.without(one.sid().unwrap_or_default()));
        prop_assert!(same_meaning(&shrunk, &after));
    }
}
