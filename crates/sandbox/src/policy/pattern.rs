//! Matching with `*`, `?` and policy variables.

use super::context::Context;

/// A pattern whose variables were replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`
    One,
    /// `*`
    Any,
}

/// How `*` and `?` in a policy are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wildcards {
    /// As wildcards.
    Match,
    /// As themselves.
    Literal,
}

impl Pattern {
    /// Reads a pattern. With a context its variables are replaced, and their values match
    /// literally; where the request lacks one, there is no pattern, and so no match
    /// (IAMUG:reference_policies_variables).
    pub(crate) fn new(
        text: &str,
        wildcards: Wildcards,
        variables: Option<&Context>,
    ) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if let (Some(context), Some((name, after))) = (variables, variable(rest)) {
                tokens.extend(value(name, context)?.chars().map(Token::Char));
                rest = after;
                continue;
            }
            tokens.push(match (next, wildcards) {
                ('*', Wildcards::Match) => Token::Any,
                ('?', Wildcards::Match) => Token::One,
                (char, _) => Token::Char(char),
            });
            rest = &rest[next.len_utf8()..];
        }
        Some(Self(tokens))
    }

    /// Returns the pattern in lower case.
    pub(crate) fn lowered(self) -> Self {
        let lowered = |token| match token {
            Token::Char(char) => char.to_lowercase().map(Token::Char).collect(),
            Token::One | Token::Any => vec![token],
        };
        Self(self.0.into_iter().flat_map(lowered).collect())
    }

    /// Tells whether the whole text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        matches(&self.0, &text)
    }

    /// Tells whether an ARN matches part by part: a `*` does not reach over the first five colons,
    /// and parts that are missing match anything (IAMUG:reference_policies_elements_resource).
    pub(crate) fn matches_arn(&self, arn: &str) -> bool {
        if self.0 == [Token::Any] {
            return true;
        }
        let parts = self.0.splitn(6, |token| *token == Token::Char(':'));
        let mut values = arn.splitn(6, ':');
        for part in parts {
            let Some(value) = values.next() else {
                return false;
            };
            if !matches(part, &value.chars().collect::<Vec<_>>()) {
                return false;
            }
        }
        true
    }
}

/// Matches greedily with one point of return, so that no pattern takes exponential time.
fn matches(pattern: &[Token], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Token::Any) => {
                back = Some((p, t));
                p += 1;
            }
            Some(Token::One) => (p, t) = (p + 1, t + 1),
            Some(Token::Char(char)) if *char == text[t] => (p, t) = (p + 1, t + 1),
            _ => match &mut back {
                Some((star, taken)) => {
                    *taken += 1;
                    (p, t) = (*star + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|token| *token == Token::Any)
}

/// Splits a leading `${name}` off.
fn variable(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("${")?.split_once('}')
}

fn value<'a>(variable: &'a str, context: &'a Context) -> Option<&'a str> {
    if let "*" | "?" | "$" = variable {
        return Some(variable);
    }
    let (name, default) = match variable.split_once(',') {
        Some((name, default)) => (name, Some(default.trim().trim_matches('\''))),
        None => (variable, None),
    };
    match context.values(name.trim()) {
        [value] => Some(value),
        _ => default,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, Wildcards::Match, None)
            .unwrap()
            .matches(text)
    }

    #[test]
    fn wildcards_match_as_documented() {
        let cases = [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("", "a", false),
            ("a*", "A", false),
            ("**", "abc", true),
            ("é?", "éà", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_hard_pattern_is_quick() {
        assert!(!glob(&"*a".repeat(50), &"a".repeat(5000).replace('a', "b")));
    }

    #[test]
    fn arns_match_part_by_part() {
        let cases = [
            ("*", "arn:aws:s3:::b", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a:b/c", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b", false),
            ("arn:aws:s3:::b/a:*", "arn:aws:s3:::b/a:b", true),
            ("arn:*:s3:::b", "arn:aws:s3:::b", true),
            ("arn:*", "arn:aws:s3:::b", true),
            ("arn:aws:iam::*:role/*", "arn:aws:iam::1:role/p/r", true),
            ("arn:aws:iam:*:role/r", "arn:aws:iam::1:role/r", false),
        ];
        for (pattern, arn, expected) in cases {
            let pattern_ = Pattern::new(pattern, Wildcards::Match, None).unwrap();
            assert_eq!(pattern_.matches_arn(arn), expected, "{pattern} {arn}");
        }
    }

    #[test]
    fn variables_are_replaced_and_match_literally() {
        let mut context = Context::default();
        context.add("aws:username", "a*");
        let pattern = |text| Pattern::new(text, Wildcards::Match, Some(&context));
        let home = pattern("home/${aws:UserName}/*").unwrap();
        assert!(home.matches("home/a*/x") && !home.matches("home/ab/x"));
        assert_eq!(pattern("${aws:missing}"), None);
        assert!(pattern("${aws:missing, 'x'}").unwrap().matches("x"));
        assert!(pattern("${*}").unwrap().matches("*") && !pattern("${*}").unwrap().matches("y"));
        assert!(
            Pattern::new("${a}", Wildcards::Match, None)
                .unwrap()
                .matches("${a}")
        );
    }

    /// The definition of a match, in exponential time.
    fn defined(pattern: &[Token], text: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            ([Token::Any, rest @ ..], text) => {
                (0..=text.len()).any(|at| defined(rest, &text[at..]))
            }
            (_, []) => false,
            ([Token::One, rest @ ..], [_, more @ ..]) => defined(rest, more),
            ([Token::Char(char), rest @ ..], [first, more @ ..]) => {
                char == first && defined(rest, more)
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn a_match_is_what_it_is_defined_to_be(pattern in "[ab*?]{0,7}", text in "[ab]{0,7}") {
            let compiled = Pattern::new(&pattern, Wildcards::Match, None).unwrap();
            let chars: Vec<char> = text.chars().collect();
            proptest::prop_assert_eq!(compiled.matches(&text), defined(&compiled.0, &chars));
        }

        #[test]
        fn no_text_breaks_the_reader(pattern in ".{0,40}", arn in ".{0,40}") {
            let context = Context::default();
            if let Some(compiled) = Pattern::new(&pattern, Wildcards::Match, Some(&context)) {
                compiled.matches_arn(&arn);
            }
        }
    }
}
