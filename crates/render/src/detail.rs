//! What a change does to its item, as lines with a sign each; drawn by text and Markdown alike.
//!
//! Creates show every leaf of the item as it will be, deletes every leaf as it was, updates the leaves that differ.
//! Policies become tables, texts of several lines become line diffs, lists become their elements. What is the same
//! may be counted instead of shown; what differs is always shown.

use s3ferry_core::format::{AccessChange, Change};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::json::{compact, plain_list};
use crate::leaf::{Leaf, leaves};
use crate::sanitize::{columns, sanitize, word};
use crate::statement::{self, Row};
use crate::view::Verb;
use crate::words::{self, count};

/// What happens to the line's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Add,
    Remove,
    Change,
    Same,
}

/// A line of a change's details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) sign: Sign,
    /// How deep it stands, in steps.
    pub(crate) depth: usize,
    /// What it is about; empty where it is about the same as the line above.
    pub(crate) label: String,
    /// The column, counted in characters, at which the text begins after the label.
    pub(crate) align: usize,
    pub(crate) text: String,
}

impl Line {
    fn new(sign: Sign, depth: usize, label: &str, text: impl Into<String>) -> Self {
        Self {
            sign,
            depth,
            label: label.to_owned(),
            align: 0,
            text: text.into(),
        }
    }

    /// The label and the room up to where the text begins.
    pub(crate) fn lead(&self) -> String {
        let missing = self.align.saturating_sub(columns(&self.label));
        format!("{}{}", self.label, " ".repeat(missing))
    }
}

/// Labels longer than this push their own text out instead of everybody's.
const WIDEST_LABEL: usize = 36;
/// Up to this many elements that stay the same are shown, so that a statement can be read whole.
const SAME_SHOWN: usize = 8;
/// Lines of context around a changed line of a text.
const CONTEXT: usize = 3;

/// The details of a change, for lines of about `width` columns.
pub(crate) fn details(change: &Change, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    if statement::is_statement(&change.before) || statement::is_statement(&change.after) {
        table(&mut lines, 0, &change.before, &change.after);
    } else {
        for leaf in changed_leaves(change) {
            leaf_lines(&mut lines, &leaf, width);
        }
    }
    if lines.is_empty() && Verb::of(change) == Verb::Update {
        lines.push(Line::new(
            Sign::Change,
            0,
            "",
            "(no value that is shown differs)",
        ));
    }
    if let Some(access) = &change.access {
        access_lines(&mut lines, change, access);
    }
    in_columns(&mut lines);
    lines
}

/// How the access changes: the verdict, and what its lists say beyond the lines above.
fn access_lines(lines: &mut Vec<Line>, change: &Change, access: &AccessChange) {
    let above = lines.clone();
    lines.push(Line::new(
        Sign::Same,
        0,
        "access",
        words::access(change, access.verdict),
    ));
    for (sign, granted) in [(Sign::Remove, &access.removed), (Sign::Add, &access.added)] {
        for one in granted {
            let value = one.split_once(' ').map_or(one.as_str(), |(_, value)| value);
            let is_said = above
                .iter()
                .any(|line| line.sign == sign && line.text.ends_with(value));
            if !is_said {
                lines.push(Line::new(sign, 0, "", one.as_str()));
            }
        }
    }
}

/// The leaves that the plan says differ, or where it says none, those that do.
pub(crate) fn changed_leaves(change: &Change) -> Vec<Leaf<'_>> {
    let stated = change
        .attributes
        .iter()
        .flat_map(|one| leaves(&word(&one.path), &one.before, &one.after));
    match Verb::of(change) {
        Verb::Update | Verb::Prove if !change.attributes.is_empty() => stated.collect(),
        Verb::Create | Verb::Delete | Verb::Replace | Verb::Update | Verb::Prove => {
            leaves("", &change.before, &change.after)
        }
    }
}

pub(crate) fn leaf_lines(lines: &mut Vec<Line>, leaf: &Leaf<'_>, width: usize) {
    let (before, after) = (unfolded(leaf.before), unfolded(leaf.after));
    if statement::is_policy(&before) || statement::is_policy(&after) {
        lines.push(Line::new(sign(leaf), 0, &format!("{}:", leaf.path), ""));
        policy(lines, &before, &after);
    } else if is_long_text(leaf.before) || is_long_text(leaf.after) {
        lines.push(Line::new(sign(leaf), 0, &format!("{}:", leaf.path), ""));
        text_diff(
            lines,
            leaf.before.as_str().unwrap_or_default(),
            leaf.after.as_str().unwrap_or_default(),
        );
    } else {
        plain(lines, leaf, width);
    }
}

/// A policy that is kept as text, as the policy that it is.
fn unfolded(value: &Value) -> Value {
    let parsed = value
        .as_str()
        .filter(|text| text.trim_start().starts_with(['{', '[']));
    parsed
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .filter(statement::is_policy)
        .unwrap_or_else(|| value.clone())
}

fn is_long_text(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.trim_end_matches('\n').contains('\n'))
}

pub(crate) const fn sign(leaf: &Leaf<'_>) -> Sign {
    match (leaf.before, leaf.after) {
        (Value::Null, _) => Sign::Add,
        (_, Value::Null) => Sign::Remove,
        (_, _) => Sign::Change,
    }
}

/// A leaf in one line, or where it is too long for one, its elements or its two values on lines of their own.
fn plain(lines: &mut Vec<Line>, leaf: &Leaf<'_>, width: usize) {
    let label = format!("{}:", leaf.path);
    let whole = match sign(leaf) {
        Sign::Add => compact(leaf.after),
        Sign::Remove => compact(leaf.before),
        Sign::Change | Sign::Same => format!("{} -> {}", compact(leaf.before), compact(leaf.after)),
    };
    let fits = columns(&label).max(WIDEST_LABEL) + columns(&whole) < width;
    match plain_list(leaf.before).zip(plain_list(leaf.after)) {
        Some((before, after)) if !fits => {
            lines.push(Line::new(sign(leaf), 0, &label, ""));
            elements(lines, 1, "", &before, &after);
        }
        _ if !fits && sign(leaf) == Sign::Change => {
            lines.push(Line::new(Sign::Change, 0, &label, compact(leaf.before)));
            lines.push(Line::new(
                Sign::Change,
                0,
                "",
                format!("-> {}", compact(leaf.after)),
            ));
        }
        _ => lines.push(Line::new(sign(leaf), 0, &label, whole)),
    }
}

/// A policy's statements: those that differ as tables, those that do not counted.
fn policy(lines: &mut Vec<Line>, before: &Value, after: &Value) {
    let (frame_before, frame_after) = (statement::frame(before), statement::frame(after));
    for leaf in leaves("", &frame_before, &frame_after) {
        let mut frame = Vec::new();
        plain(&mut frame, &leaf, usize::MAX);
        lines.extend(frame.into_iter().map(|line| Line { depth: 1, ..line }));
    }
    let (pairs, same) = paired(&all_statements(before), &all_statements(after));
    for (before, after) in pairs {
        statement_lines(lines, before, after);
    }
    if same > 0 {
        lines.push(Line::new(
            Sign::Same,
            1,
            "",
            format!("({} the same)", count(same, "statement")),
        ));
    }
}

fn all_statements(policy: &Value) -> Vec<&Value> {
    if statement::is_statement(policy) {
        return vec![policy];
    }
    statement::statements(policy).unwrap_or_default()
}

fn statement_lines(lines: &mut Vec<Line>, before: &Value, after: &Value) {
    let sign = sign(&Leaf {
        path: String::new(),
        before,
        after,
    });
    lines.push(Line::new(sign, 1, "statement", ""));
    table(lines, 2, before, after);
}

/// Statements that belong together, by Sid, where not equal; and how many are equal.
fn paired<'a>(before: &[&'a Value], after: &[&'a Value]) -> (Vec<(&'a Value, &'a Value)>, usize) {
    let mut gone: Vec<&Value> = Vec::new();
    let mut new: Vec<&Value> = after.to_vec();
    for statement in before {
        match new.iter().position(|other| other == statement) {
            Some(index) => drop(new.remove(index)),
            None => gone.push(statement),
        }
    }
    let same = before.len() - gone.len();
    let mut pairs = Vec::new();
    for statement in gone {
        let sid = statement::sid(statement);
        let partner = new
            .iter()
            .position(|other| !sid.is_empty() && statement::sid(other) == sid);
        pairs.push((
            statement,
            partner.map_or(&Value::Null, |index| new.remove(index)),
        ));
    }
    pairs.extend(new.into_iter().map(|statement| (&Value::Null, statement)));
    (pairs, same)
}

/// A statement's table, each element with its sign.
fn table(lines: &mut Vec<Line>, depth: usize, before: &Value, after: &Value) {
    let (rows_before, rows_after) = (statement::rows(before), statement::rows(after));
    let mut labels: Vec<&str> = rows_before.iter().map(|row| row.label.as_str()).collect();
    for (index, row) in rows_after.iter().enumerate() {
        if !labels.contains(&row.label.as_str()) {
            labels.insert(index.min(labels.len()), &row.label);
        }
    }
    let start = lines.len();
    for label in labels {
        elements(
            lines,
            depth,
            label,
            &row(&rows_before, label),
            &row(&rows_after, label),
        );
    }
    let differs = lines[start..].iter().any(|line| line.sign != Sign::Same);
    if !differs && before != after {
        lines.push(Line::new(
            Sign::Change,
            depth,
            "",
            "(the same, written in another way)",
        ));
    }
}

fn row(rows: &[Row], label: &str) -> Vec<String> {
    rows.iter()
        .filter(|row| row.label == label)
        .flat_map(|row| row.elements.iter().cloned())
        .collect()
}

/// The elements of two lists, each removed, added or the same; many that are the same are counted.
fn elements(lines: &mut Vec<Line>, depth: usize, label: &str, before: &[String], after: &[String]) {
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    let diff = TextDiff::from_slices(&before, &after);
    let same = diff
        .iter_all_changes()
        .filter(|one| one.tag() == ChangeTag::Equal)
        .count();
    let mut label = label;
    for change in diff.iter_all_changes() {
        let sign = sign_of(change.tag());
        if sign != Sign::Same || same <= SAME_SHOWN {
            lines.push(Line::new(sign, depth, label, change.value()));
            label = "";
        }
    }
    if same > SAME_SHOWN {
        lines.push(Line::new(
            Sign::Same,
            depth,
            label,
            format!("({same} more, the same)"),
        ));
    }
}

const fn sign_of(tag: ChangeTag) -> Sign {
    match tag {
        ChangeTag::Delete => Sign::Remove,
        ChangeTag::Insert => Sign::Add,
        ChangeTag::Equal => Sign::Same,
    }
}

/// A line diff of two texts with some context; what lies between is counted. A bar stands before every line, so that
/// a line of the text that begins with a sign is not taken for one of ours.
fn text_diff(lines: &mut Vec<Line>, before: &str, after: &str) {
    let diff = TextDiff::from_lines(before, after);
    let mut shown = 0;
    for group in diff.grouped_ops(CONTEXT) {
        let start = group.first().map_or(shown, |op| op.old_range().start);
        skipped(lines, start.saturating_sub(shown));
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = sign_of(change.tag());
            lines.push(Line::new(
                sign,
                1,
                "",
                format!("| {}", sanitize(change.value().trim_end_matches('\n'))),
            ));
        }
        shown = group.last().map_or(shown, |op| op.old_range().end);
    }
    let all = diff.ops().last().map_or(0, |op| op.old_range().end);
    skipped(lines, all.saturating_sub(shown));
}

fn skipped(lines: &mut Vec<Line>, same: usize) {
    if same > 0 {
        lines.push(Line::new(
            Sign::Same,
            1,
            "",
            format!("({} the same)", count(same, "line")),
        ));
    }
}

/// Gives lines of the same depth that follow each other one column for their texts.
pub(crate) fn in_columns(lines: &mut [Line]) {
    for block in lines.chunk_by_mut(|one, next| one.depth == next.depth) {
        let widths = block
            .iter()
            .filter(|line| !line.text.is_empty())
            .map(|line| columns(&line.label));
        let widest = widths
            .filter(|width| *width <= WIDEST_LABEL)
            .max()
            .unwrap_or(0);
        for line in block.iter_mut().filter(|_| widest > 0) {
            line.align = widest.max(columns(&line.label)) + 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use s3ferry_core::format::{Action, Attribute, Reason, Risk, RiskLevel, Undo, UndoKind};
    use serde_json::json;

    use super::*;

    fn update(before: Value, after: Value) -> Change {
        Change {
            address: "a/b".into(),
            target: "a/b".into(),
            kind: "thing".into(),
            migrations: vec![],
            actions: vec![Action::Update],
            reason: Reason::Differs,
            before,
            after,
            attributes: vec![],
            access: None,
            undo: Undo {
                kind: UndoKind::Exact,
                why: String::new(),
            },
            risk: Risk {
                level: RiskLevel::Low,
                notes: vec![],
            },
        }
    }

    fn shown(change: &Change) -> String {
        let sign = |line: &Line| match line.sign {
            Sign::Add => '+',
            Sign::Remove => '-',
            Sign::Change => '~',
            Sign::Same => ' ',
        };
        let line = |line: &Line| {
            let text = format!(
                "{} {}{}{}",
                sign(line),
                "  ".repeat(line.depth),
                line.lead(),
                line.text
            );
            text.trim_end().to_owned()
        };
        details(change, 60)
            .iter()
            .map(line)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn short_lists_stand_in_one_line_and_long_ones_by_element() {
        let long = |last: &str| json!(["arn:aws:sns:eu-west-1:111111111111:ops", last]);
        let change = update(
            json!({"a": [1], "b": long("x")}),
            json!({"a": [1, 2], "b": long("y")}),
        );
        insta::assert_snapshot!(shown(&change), @r#"
        ~ a:  [1] -> [1, 2]
        ~ b:
            "arn:aws:sns:eu-west-1:111111111111:ops"
        -   "x"
        +   "y"
        "#);
    }

    #[test]
    fn another_order_and_a_lost_double_are_changes() {
        let list = |elements: &str| json!({ "k": elements.split(' ').map(|one| one.repeat(20)).collect::<Vec<_>>() });
        insta::assert_snapshot!(shown(&update(list("a b c"), list("b a c"))), @r#"
        ~ k:
        +   "bbbbbbbbbbbbbbbbbbbb"
            "aaaaaaaaaaaaaaaaaaaa"
        -   "bbbbbbbbbbbbbbbbbbbb"
            "cccccccccccccccccccc"
        "#);
        insta::assert_snapshot!(shown(&update(list("a a c"), list("a c"))), @r#"
        ~ k:
            "aaaaaaaaaaaaaaaaaaaa"
        -   "aaaaaaaaaaaaaaaaaaaa"
            "cccccccccccccccccccc"
        "#);
    }

    #[test]
    fn an_update_is_never_shown_as_nothing() {
        let statement = |action: Value| json!({"Effect": "Allow", "Action": action});
        let change = update(statement(json!("s3:*")), statement(json!(["s3:*"])));
        insta::assert_snapshot!(shown(&change), @"
          effect   Allow
          actions  s3:*
        ~          (the same, written in another way)
        ");
        insta::assert_snapshot!(shown(&update(json!({"a": 1}), json!({"a": 1}))), @"~ (no value that is shown differs)");
    }

    #[test]
    fn long_values_stand_below_each_other() {
        let change = update(json!({"k": "x".repeat(40)}), json!({"k": "y".repeat(40)}));
        insta::assert_snapshot!(shown(&change), @r#"
        ~ k:  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ~     -> "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
        "#);
    }

    #[test]
    fn texts_of_several_lines_show_what_differs_and_count_the_rest() {
        let text = |middle: &str| {
            let before: String = (1..=6).map(|line| format!("before {line}\n")).collect();
            let after: String = (1..=6).map(|line| format!("after {line}\n")).collect();
            json!({ "text": format!("{before}{middle}\n{after}") })
        };
        insta::assert_snapshot!(shown(&update(text("old"), text("+ new"))), @"
        ~ text:
            (3 lines the same)
            | before 4
            | before 5
            | before 6
        -   | old
        +   | + new
            | after 1
            | after 2
            | after 3
            (3 lines the same)
        ");
    }

    #[test]
    fn statements_of_a_document_pair_by_sid_and_equal_ones_are_counted() {
        let statement = |sid: &str, action: &str| json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": "*"});
        let document = |statements: Vec<Value>| json!({"policy": {"Statement": statements}});
        let change = update(
            document(vec![
                statement("A", "s3:Get*"),
                statement("B", "s3:Put*"),
                statement("C", "s3:List*"),
            ]),
            document(vec![
                statement("C", "s3:List*"),
                statement("D", "s3:*"),
                statement("A", "s3:GetObject"),
            ]),
        );
        insta::assert_snapshot!(shown(&change), @"
        ~ policy:
        ~   statement
              sid        A
              effect     Allow
        -     actions    s3:Get*
        +                s3:GetObject
              resources  *
        -   statement
        -     sid        B
        -     effect     Allow
        -     actions    s3:Put*
        -     resources  *
        +   statement
        +     sid        D
        +     effect     Allow
        +     actions    s3:*
        +     resources  *
            (1 statement the same)
        ");
    }

    #[test]
    fn a_policy_kept_as_text_is_still_a_table() {
        let after =
            json!({"policy": "{\"Statement\": [{\"Effect\": \"Deny\", \"Action\": \"s3:*\"}]}"});
        insta::assert_snapshot!(shown(&update(Value::Null, after)), @"
        + policy:
        +   statement
        +     effect   Deny
        +     actions  s3:*
        ");
    }

    #[test]
    fn many_elements_that_stay_are_counted_and_all_that_change_are_shown() {
        let actions = |last: &str| {
            let mut actions: Vec<String> =
                (1..=9).map(|number| format!("s3:Action{number}")).collect();
            actions.push(last.to_owned());
            json!({"Effect": "Allow", "Action": actions})
        };
        insta::assert_snapshot!(shown(&update(actions("s3:Old"), actions("s3:New"))), @"
          effect   Allow
        - actions  s3:Old
        +          s3:New
                   (9 more, the same)
        ");
    }

    #[test]
    fn what_the_plan_says_differs_is_shown_in_its_words() {
        let mut change = update(json!({"a": 1}), json!({"a": 2}));
        change.attributes = vec![Attribute {
            path: "a b\n+ c".into(),
            before: json!(1),
            after: json!(2),
        }];
        insta::assert_snapshot!(shown(&change), @r#"~ "a b\n+ c":  1 -> 2"#);
    }
}
