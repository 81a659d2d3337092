//! Conditions: operators, set qualifiers, and keys a request lacks
//! (IAMUG:reference_policies_elements_condition_operators, IAMUG:reference_policies_multi-value-conditions).

use super::context::Context;
use super::pattern::{Pattern, Wildcards};
use super::values::{in_network, number, time};

/// One key of one operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    operator: Operator,
    qualifier: Qualifier,
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Qualifier {
    None,
    ForAllValues,
    ForAnyValue,
}

/// An operator: how a value is compared, and whether the comparison must hold or must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Operator {
    compare: Compare,
    negated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Null,
    String,
    StringIgnoreCase,
    StringLike,
    Arn,
    Bool,
    Binary,
    Ip,
    Number(Order),
    Date(Order),
}

/// How the values of a condition that demands some are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    Text,
    Network,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

const OPERATORS: &[(&str, Compare, bool)] = &[
    ("Null", Compare::Null, false),
    ("StringEquals", Compare::String, false),
    ("StringNotEquals", Compare::String, true),
    ("StringEqualsIgnoreCase", Compare::StringIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Compare::StringIgnoreCase, true),
    ("StringLike", Compare::StringLike, false),
    ("StringNotLike", Compare::StringLike, true),
    // "ArnEquals and ArnLike behave identically" (IAMUG:reference_policies_elements_condition_operators).
    ("ArnEquals", Compare::Arn, false),
    ("ArnLike", Compare::Arn, false),
    ("ArnNotEquals", Compare::Arn, true),
    ("ArnNotLike", Compare::Arn, true),
    ("Bool", Compare::Bool, false),
    ("BinaryEquals", Compare::Binary, false),
    ("IpAddress", Compare::Ip, false),
    ("NotIpAddress", Compare::Ip, true),
    ("NumericEquals", Compare::Number(Order::Equal), false),
    ("NumericNotEquals", Compare::Number(Order::Equal), true),
    ("NumericLessThan", Compare::Number(Order::Less), false),
    (
        "NumericLessThanEquals",
        Compare::Number(Order::LessOrEqual),
        false,
    ),
    ("NumericGreaterThan", Compare::Number(Order::Greater), false),
    (
        "NumericGreaterThanEquals",
        Compare::Number(Order::GreaterOrEqual),
        false,
    ),
    ("DateEquals", Compare::Date(Order::Equal), false),
    ("DateNotEquals", Compare::Date(Order::Equal), true),
    ("DateLessThan", Compare::Date(Order::Less), false),
    (
        "DateLessThanEquals",
        Compare::Date(Order::LessOrEqual),
        false,
    ),
    ("DateGreaterThan", Compare::Date(Order::Greater), false),
    (
        "DateGreaterThanEquals",
        Compare::Date(Order::GreaterOrEqual),
        false,
    ),
];

impl Condition {
    /// Reads one key of one operator; `None` where there is no such operator.
    pub(crate) fn new(operator: &str, key: &str, values: Vec<String>) -> Option<Self> {
        let (qualifier, name) = match operator.split_once(':') {
            None => (Qualifier::None, operator),
            Some((all, name)) if all.eq_ignore_ascii_case("ForAllValues") => {
                (Qualifier::ForAllValues, name)
            }
            Some((any, name)) if any.eq_ignore_ascii_case("ForAnyValue") => {
                (Qualifier::ForAnyValue, name)
            }
            Some(_) => return None,
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let known = OPERATORS
            .iter()
            .find(|(known, _, _)| known.eq_ignore_ascii_case(name));
        let &(_, compare, negated) = known?;
        if compare == Compare::Null && (if_exists || qualifier != Qualifier::None) {
            return None;
        }
        let operator = Operator { compare, negated };
        Some(Self {
            operator,
            qualifier,
            if_exists,
            key: key.to_owned(),
            values,
        })
    }

    /// Says whether an operator is written as it is documented, its qualifier included.
    pub(crate) fn is_operator(name: &str) -> bool {
        let qualified = ["ForAllValues:", "ForAnyValue:"]
            .iter()
            .find_map(|qualifier| name.strip_prefix(qualifier));
        let bare = qualified.unwrap_or(name);
        let bare = bare.strip_suffix("IfExists").unwrap_or(bare);
        let known = OPERATORS.iter().any(|(known, _, _)| *known == bare);
        known && (bare != "Null" || name == "Null")
    }

    /// Returns key and values where a request must have one of the values: not where the condition says what must not
    /// be, nor where it holds for a request without the key.
    pub(crate) fn demanded(&self) -> Option<(&str, &[String], Compared)> {
        let compared = match self.operator.compare {
            Compare::String | Compare::StringIgnoreCase | Compare::StringLike | Compare::Arn => {
                Compared::Text
            }
            Compare::Ip => Compared::Network,
            Compare::Null
            | Compare::Bool
            | Compare::Binary
            | Compare::Number(_)
            | Compare::Date(_) => return None,
        };
        let without_key = self.if_exists || self.qualifier == Qualifier::ForAllValues;
        (!self.operator.negated && !without_key).then_some((&self.key, &self.values, compared))
    }

    /// Tells whether the condition holds for a request. `has_variables` is the document's.
    pub(crate) fn holds(&self, context: &Context, has_variables: bool) -> bool {
        let present = context.values(&self.key);
        if self.operator.compare == Compare::Null {
            let absent = if present.is_empty() { "true" } else { "false" };
            return self
                .values
                .iter()
                .any(|value| value.eq_ignore_ascii_case(absent));
        }
        if present.is_empty() {
            return self.holds_without_key();
        }
        let variables = has_variables.then_some(context);
        let mut each = present
            .iter()
            .map(|value| self.value_holds(value, variables));
        match (self.qualifier, self.operator.negated) {
            (Qualifier::ForAnyValue, _) | (Qualifier::None, false) => each.any(|holds| holds),
            (Qualifier::ForAllValues, _) | (Qualifier::None, true) => each.all(|holds| holds),
        }
    }

    fn holds_without_key(&self) -> bool {
        match self.qualifier {
            Qualifier::ForAllValues => true,
            Qualifier::ForAnyValue => self.if_exists,
            Qualifier::None => self.if_exists || self.operator.negated,
        }
    }

    fn value_holds(&self, value: &str, variables: Option<&Context>) -> bool {
        let Operator { compare, negated } = self.operator;
        let equal = self
            .values
            .iter()
            .any(|wanted| compare.holds(value, wanted, variables));
        equal != negated
    }
}

impl Compare {
    fn holds(self, value: &str, wanted: &str, variables: Option<&Context>) -> bool {
        let literal = || Pattern::new(wanted, Wildcards::Literal, variables);
        let pattern = || Pattern::new(wanted, Wildcards::Match, variables);
        match self {
            Self::Null => false,
            Self::String | Self::Binary => literal().is_some_and(|wanted| wanted.matches(value)),
            Self::StringIgnoreCase => {
                literal().is_some_and(|wanted| wanted.lowered().matches(&value.to_lowercase()))
            }
            Self::StringLike => pattern().is_some_and(|wanted| wanted.matches(value)),
            Self::Arn => {
                let is_arn = value.starts_with("arn:");
                is_arn && pattern().is_some_and(|wanted| wanted.matches_arn(value))
            }
            Self::Bool => value.eq_ignore_ascii_case(wanted),
            Self::Ip => in_network(value, wanted).unwrap_or(false),
            Self::Number(order) => order.holds(number(value), number(wanted)),
            Self::Date(order) => order.holds(time(value), time(wanted)),
        }
    }
}

impl Order {
    fn holds(self, value: Option<f64>, wanted: Option<f64>) -> bool {
        let (Some(value), Some(wanted)) = (value, wanted) else {
            return false;
        };
        match self {
            Self::Equal => value == wanted,
            Self::Less => value < wanted,
            Self::LessOrEqual => value <= wanted,
            Self::Greater => value > wanted,
            Self::GreaterOrEqual => value >= wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(operator: &str, wanted: &[&str], present: &[&str]) -> bool {
        let mut context = Context::default();
        for value in present {
            context.add("aws:Key", *value);
        }
        let wanted = wanted.iter().map(|value| (*value).to_owned()).collect();
        Condition::new(operator, "AWS:key", wanted)
            .unwrap()
            .holds(&context, true)
    }

    #[test]
    fn operators_compare_as_documented() {
        let cases: &[(&str, &[&str], &[&str], bool)] = &[
            ("StringEquals", &["a", "b"], &["b"], true),
            ("StringEquals", &["a"], &["A"], false),
            ("StringEquals", &["a*"], &["ab"], false),
            ("StringEqualsIgnoreCase", &["A"], &["a"], true),
            ("StringNotEqualsIgnoreCase", &["A"], &["a"], false),
            ("StringNotEquals", &["a", "b"], &["b"], false),
            ("StringNotEquals", &["a", "b"], &["c"], true),
            ("StringLike", &["a?c*"], &["abcd"], true),
            ("StringNotLike", &["a*"], &["b"], true),
            (
                "ArnLike",
                &["arn:aws:iam::1:role/*"],
                &["arn:aws:iam::1:role/p/r"],
                true,
            ),
            (
                "ArnEquals",
                &["arn:aws:iam::*:role/r"],
                &["arn:aws:iam::1:role/r"],
                true,
            ),
            (
                "ArnNotEquals",
                &["arn:aws:iam::1:role/r"],
                &["arn:aws:iam::2:role/r"],
                true,
            ),
            ("ArnLike", &["*"], &["not an arn"], false),
            ("Bool", &["true"], &["True"], true),
            ("Bool", &["false"], &["true"], false),
            ("NumericLessThan", &["10"], &["9.5"], true),
            ("NumericLessThanEquals", &["10"], &["10"], true),
            ("NumericGreaterThan", &["10"], &["x"], false),
            (
                "DateGreaterThan",
                &["2026-01-01T00:00:00Z"],
                &["2026-01-01T00:00:01Z"],
                true,
            ),
            (
                "DateLessThan",
                &["2026-01-01"],
                &["2026-01-01T00:00:01Z"],
                false,
            ),
            (
                "IpAddress",
                &["10.0.0.0/8", "192.0.2.1"],
                &["192.0.2.1"],
                true,
            ),
            ("NotIpAddress", &["10.0.0.0/8"], &["10.1.1.1"], false),
        ];
        for (operator, wanted, present, expected) in cases {
            assert_eq!(
                holds(operator, wanted, present),
                *expected,
                "{operator} {wanted:?} {present:?}"
            );
        }
    }

    #[test]
    fn a_missing_key_decides_by_operator() {
        let cases = [
            ("StringEquals", false),
            ("StringEqualsIfExists", true),
            ("StringNotEquals", true),
            ("ArnNotLike", true),
            ("NotIpAddress", true),
            ("Bool", false),
            ("BoolIfExists", true),
            ("ForAllValues:StringEquals", true),
            ("ForAnyValue:StringEquals", false),
            ("ForAnyValue:StringNotEquals", false),
        ];
        for (operator, expected) in cases {
            assert_eq!(holds(operator, &["x"], &[]), expected, "{operator}");
        }
    }

    #[test]
    fn null_asks_for_presence() {
        assert!(holds("Null", &["true"], &[]) && !holds("Null", &["true"], &["x"]));
        assert!(holds("Null", &["false"], &["x"]) && !holds("Null", &["false"], &[]));
    }

    #[test]
    fn qualifiers_quantify_over_the_request_s_values() {
        assert!(holds("ForAllValues:StringEquals", &["a", "b"], &["a", "b"]));
        assert!(!holds("ForAllValues:StringEquals", &["a"], &["a", "b"]));
        assert!(holds("ForAnyValue:StringEquals", &["a"], &["a", "b"]));
        assert!(!holds("ForAnyValue:StringEquals", &["c"], &["a", "b"]));
        assert!(holds("ForAnyValue:StringNotEquals", &["a"], &["a", "b"]));
        assert!(!holds("ForAllValues:StringNotEquals", &["a"], &["a", "b"]));
    }

    #[test]
    fn variables_work_only_in_the_newer_version() {
        let mut context = Context::default();
        context.add("aws:username", "ann");
        context.add("s3:prefix", "home/ann");
        let wanted = vec!["home/${aws:username}".to_owned()];
        let condition = Condition::new("StringEquals", "s3:prefix", wanted).unwrap();
        assert!(condition.holds(&context, true));
        assert!(!condition.holds(&context, false));
    }

    #[test]
    fn operators_are_written_as_documented() {
        for name in [
            "Null",
            "ForAnyValue:StringLikeIfExists",
            "NotIpAddress",
            "BoolIfExists",
        ] {
            assert!(Condition::is_operator(name), "{name}");
        }
        for name in [
            "stringEquals",
            "NullIfExists",
            "ForAllValues:Null",
            "ForAll:Bool",
            "IfExists",
        ] {
            assert!(!Condition::is_operator(name), "{name}");
        }
    }

    #[test]
    fn unknown_operators_are_not_read() {
        for operator in ["StringIs", "ForSomeValues:StringEquals", "NullIfExists"] {
            assert_eq!(
                Condition::new(operator, "k", Vec::new()),
                None,
                "{operator}"
            );
        }
    }
}
