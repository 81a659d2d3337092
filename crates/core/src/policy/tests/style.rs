//! Documents by meaning, and the many texts that one meaning can have.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

/// A stream of choices about spelling; the same choices give the same text.
#[derive(Debug, Clone)]
pub(super) struct Style {
    choices: Vec<u8>,
}

impl Arbitrary for Style {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        prop::collection::vec(any::<u8>(), 1..40)
            .prop_map(|choices| Self { choices })
            .boxed()
    }
}

struct Choices<'a> {
    style: &'a Style,
    at: Cell<usize>,
}

impl Choices<'_> {
    fn one_of(&self, count: usize) -> usize {
        let at = self.at.get();
        self.at.set(at + 1);
        usize::from(self.style.choices[at % self.style.choices.len()]) % count.max(1)
    }

    fn coin(&self) -> bool {
        self.one_of(2) == 1
    }

    fn shuffled<T>(&self, mut items: Vec<T>) -> Vec<T> {
        for last in (1..items.len()).rev() {
            items.swap(last, self.one_of(last + 1));
        }
        items
    }

    fn repeated<T: Clone>(&self, mut items: Vec<T>) -> Vec<T> {
        if !items.is_empty() && self.coin() {
            items.push(items[self.one_of(items.len())].clone());
        }
        self.shuffled(items)
    }

    fn cased(&self, text: &str) -> String {
        text.chars()
            .map(|c| {
                if self.coin() {
                    c.to_ascii_uppercase()
                } else {
                    c.to_ascii_lowercase()
                }
            })
            .collect()
    }

    fn space(&self) -> &'static str {
        ["", " ", "\n  "][self.one_of(3)]
    }

    fn list(&self, items: Vec<String>) -> String {
        let items = self.repeated(items);
        match items.as_slice() {
            [one] if self.coin() => one.clone(),
            many => format!(
                "[{}]",
                many.join(&format!("{},{}", self.space(), self.space()))
            ),
        }
    }

    fn object(&self, members: Vec<(String, String)>) -> String {
        let members: Vec<String> = self
            .shuffled(members)
            .into_iter()
            .map(|(name, value)| {
                format!("{}{}{}:{value}", self.space(), quote(&name), self.space())
            })
            .collect();
        format!("{{{}{}}}", members.join(","), self.space())
    }
}

fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A statement by meaning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ModelStatement {
    pub(super) sid: String,
    deny: bool,
    everyone: bool,
    principals: BTreeSet<String>,
    not_action: bool,
    actions: BTreeSet<String>,
    resources: BTreeSet<String>,
    conditions: BTreeMap<(String, String), BTreeSet<String>>,
}

/// A document by meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelDocument {
    pub(super) version: bool,
    pub(super) statements: BTreeSet<ModelStatement>,
}

const PRINCIPALS: [&str; 4] = [
    "111111111111",
    "222222222222",
    "arn:aws:iam::111111111111:role/a",
    "AROAEXAMPLEEXAMPLE12",
];
const ACTIONS: [&str; 5] = [
    "s3:getobject",
    "s3:get*",
    "s3:*",
    "s3:replicateobject",
    "kms:decrypt",
];
const RESOURCES: [&str; 4] = [
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/x*",
    "arn:aws:s3:::b/X*",
];
const OPERATORS: [&str; 3] = ["stringequals", "stringnotlike", "bool"];
const KEYS: [&str; 3] = ["aws:principalarn", "aws:securetransport", "s3:prefix"];
const VALUES: [&str; 4] = ["true", "1", "a", "b*"];

fn some_of<const N: usize>(
    names: [&'static str; N],
    size: impl Into<prop::collection::SizeRange>,
) -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set(
        prop::sample::select(names.to_vec()).prop_map(str::to_owned),
        size,
    )
}

fn conditions() -> impl Strategy<Value = BTreeMap<(String, String), BTreeSet<String>>> {
    let name = (
        prop::sample::select(OPERATORS.to_vec()).prop_map(str::to_owned),
        prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned),
    );
    prop::collection::btree_map(name, some_of(VALUES, 1..3), 0..3)
}

impl Arbitrary for ModelStatement {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        (
            prop::sample::select(vec!["", "One", "Two", "Three"]),
            any::<bool>(),
            any::<bool>(),
            some_of(PRINCIPALS, 1..3),
            any::<bool>(),
            some_of(ACTIONS, 1..3),
            some_of(RESOURCES, 1..3),
            conditions(),
        )
            .prop_map(
                |(sid, deny, everyone, principals, not_action, actions, resources, conditions)| {
                    Self {
                        sid: sid.to_owned(),
                        deny,
                        everyone,
                        principals: if everyone {
                            BTreeSet::new()
                        } else {
                            principals
                        },
                        not_action,
                        actions,
                        resources,
                        conditions,
                    }
                },
            )
            .boxed()
    }
}

impl Arbitrary for ModelDocument {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        (
            any::<bool>(),
            prop::collection::btree_set(any::<ModelStatement>(), 0..5),
        )
            .prop_map(|(version, statements)| Self {
                version,
                statements,
            })
            .boxed()
    }
}

impl ModelDocument {
    /// A text of this meaning.
    pub(super) fn text(&self, style: &Style) -> String {
        let choices = Choices {
            style,
            at: Cell::new(0),
        };
        let statements = self
            .statements
            .iter()
            .map(|statement| statement.spell(&choices));
        let mut members = vec![("Statement".to_owned(), choices.list(statements.collect()))];
        if self.version {
            members.push(("Version".to_owned(), quote("2012-10-17")));
        } else if choices.coin() {
            members.push(("Version".to_owned(), quote("2008-10-17")));
        }
        if choices.coin() {
            members.push(("Id".to_owned(), quote("")));
        }
        choices.object(members)
    }
}

impl ModelStatement {
    /// This statement with one element as in another.
    pub(super) fn with_element_of(&self, other: &Self, element: usize) -> Self {
        let mut changed = self.clone();
        let other = other.clone();
        match element {
            0 => changed.sid = other.sid,
            1 => changed.deny = other.deny,
            2 => (changed.everyone, changed.principals) = (other.everyone, other.principals),
            3 => changed.not_action = other.not_action,
            4 => changed.actions = other.actions,
            5 => changed.resources = other.resources,
            _ => changed.conditions = other.conditions,
        }
        changed
    }

    pub(super) fn without_conditions(&self) -> Self {
        Self {
            conditions: BTreeMap::new(),
            ..self.clone()
        }
    }

    /// A text of this meaning.
    pub(super) fn text(&self, style: &Style) -> String {
        self.spell(&Choices {
            style,
            at: Cell::new(0),
        })
    }

    fn spell(&self, choices: &Choices<'_>) -> String {
        let action = if self.not_action {
            "NotAction"
        } else {
            "Action"
        };
        let actions = self
            .actions
            .iter()
            .map(|action| quote(&choices.cased(action)));
        let resources = self.resources.iter().map(|resource| quote(resource));
        let mut members = vec![
            (
                "Effect".to_owned(),
                quote(if self.deny { "Deny" } else { "Allow" }),
            ),
            ("Principal".to_owned(), self.spell_principals(choices)),
            (action.to_owned(), choices.list(actions.collect())),
            ("Resource".to_owned(), choices.list(resources.collect())),
        ];
        if !self.sid.is_empty() || choices.coin() {
            members.push(("Sid".to_owned(), quote(&self.sid)));
        }
        if !self.conditions.is_empty() || choices.coin() {
            members.push(("Condition".to_owned(), self.spell_conditions(choices)));
        }
        choices.object(members)
    }

    fn spell_principals(&self, choices: &Choices<'_>) -> String {
        if self.everyone && choices.coin() {
            return quote("*");
        }
        let everyone = self.everyone.then(|| "*".to_owned());
        let names = self.principals.iter().cloned().chain(everyone).map(|name| {
            let is_account = name.bytes().all(|byte| byte.is_ascii_digit());
            if is_account && choices.coin() {
                quote(&format!("arn:aws:iam::{name}:root"))
            } else {
                quote(&name)
            }
        });
        choices.object(vec![("AWS".to_owned(), choices.list(names.collect()))])
    }

    fn spell_conditions(&self, choices: &Choices<'_>) -> String {
        let mut operators: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
        for ((operator, key), values) in &self.conditions {
            let values = values.iter().map(|value| match value.as_str() {
                "true" | "1" if choices.coin() => value.clone(),
                text => quote(text),
            });
            let member = (choices.cased(key), choices.list(values.collect()));
            operators.entry(operator).or_default().push(member);
        }
        let operators = operators
            .into_iter()
            .map(|(operator, keys)| (choices.cased(operator), choices.object(keys)));
        choices.object(operators.collect())
    }
}
