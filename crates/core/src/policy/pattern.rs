//! Wildcard patterns of actions, resources and condition values: `*` for any text, `?` for one character.
//!
//! Patterns explain and evaluate; they never decide whether two policies are equal.

use super::grammar::Version;

/// A pattern in normal form: in every run of wildcards the `?` come first and at most one `*` follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Is(char),
    /// A `?` of a run without `*`.
    One,
    /// A `?` of a run with `*`: one character or more, as far as the whole run goes.
    OneOfMany,
    Many,
}

impl Token {
    const fn is_wild(self) -> bool {
        !matches!(self, Self::Is(_))
    }
}

impl Pattern {
    /// A pattern in a document of this version; in the newer one `${*}`, `${?}` and `${$}` are plain characters
    /// (IAMUG:reference_policies_variables). Other variables are kept as text.
    pub(super) fn new(text: &str, version: Version) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let (token, length) = match (escaped(rest, version), character) {
                (Some(plain), _) => (Token::Is(plain), "${*}".len()),
                (None, '*') => (Token::Many, 1),
                (None, '?') => (Token::One, 1),
                (None, plain) => (Token::Is(plain), plain.len_utf8()),
            };
            tokens.push(token);
            rest = &rest[length..];
        }
        Self(normal(&tokens))
    }

    /// A pattern of actions, which have no case.
    pub(super) fn action(text: &str) -> Self {
        Self::new(&text.to_ascii_lowercase(), Version::V2008)
    }

    /// A text that stands for itself only.
    pub(super) fn literal(text: &str) -> Self {
        Self(text.chars().map(Token::Is).collect())
    }

    /// Whether every text that the other pattern matches is matched by this one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        table(a.len(), b.len(), |i, j, at| match (a.get(i), b.get(j)) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some(Token::Many), None) => at(i + 1, j),
            (Some(Token::Many), Some(_)) => at(i + 1, j) || at(i, j + 1),
            (Some(Token::OneOfMany), Some(Token::Many)) => at(i, j + 1),
            (
                Some(Token::One | Token::OneOfMany),
                Some(Token::Is(_) | Token::One | Token::OneOfMany),
            ) => at(i + 1, j + 1),
            (Some(Token::Is(c)), Some(Token::Is(d))) => c == d && at(i + 1, j + 1),
            (Some(_), _) => false,
        })
    }

    /// Whether some text is matched by both patterns.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        table(a.len(), b.len(), |i, j, at| match (a.get(i), b.get(j)) {
            (None, None) => true,
            (Some(Token::Many), None) => at(i + 1, j),
            (None, Some(Token::Many)) => at(i, j + 1),
            (Some(Token::Many), Some(_)) | (Some(_), Some(Token::Many)) => {
                at(i + 1, j) || at(i, j + 1)
            }
            (Some(Token::Is(c)), Some(Token::Is(d))) => c == d && at(i + 1, j + 1),
            (Some(_), Some(_)) => at(i + 1, j + 1),
            (None, Some(_)) | (Some(_), None) => false,
        })
    }

    /// Whether the text matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.covers(&Self::literal(text))
    }
}

/// Whether a resource of a policy takes all that another one does.
pub(crate) fn takes_all(resource: &str, other: &str) -> bool {
    let [one, other] = [resource, other].map(|text| Pattern::new(text, Version::V2012));
    one.covers(&other)
}

/// The document's text with every open variable, whose value nobody knows here, as a `*`; `None` without one.
pub(super) fn variables_as_wildcards(text: &str, version: Version) -> Option<String> {
    let mut widened = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(start) = rest.find("${").filter(|_| version == Version::V2012) {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let (before, variable) = (&rest[..start], &rest[start..=start + length]);
        widened.push_str(before);
        match escaped(variable, version) {
            Some(_) => widened.push_str(variable),
            None => {
                found = true;
                widened.push('*');
            }
        }
        rest = &rest[start + length + 1..];
    }
    widened.push_str(rest);
    found.then_some(widened)
}

fn escaped(text: &str, version: Version) -> Option<char> {
    let table = [("${*}", '*'), ("${?}", '?'), ("${$}", '$')];
    let mut table = table.into_iter().filter(|_| version == Version::V2012);
    table
        .find(|(escape, _)| text.starts_with(escape))
        .map(|(_, plain)| plain)
}

fn normal(tokens: &[Token]) -> Vec<Token> {
    let runs = tokens.chunk_by(|a, b| a.is_wild() && b.is_wild());
    runs.flat_map(|run| match run {
        [Token::Is(_)] => run.to_vec(),
        wild => normal_run(wild),
    })
    .collect()
}

fn normal_run(run: &[Token]) -> Vec<Token> {
    let ones = run.iter().filter(|token| **token == Token::One).count();
    if ones == run.len() {
        return run.to_vec();
    }
    let mut tokens = vec![Token::OneOfMany; ones];
    tokens.push(Token::Many);
    tokens
}

/// Answers a question about two suffixes from the answers about shorter ones, without recursion.
fn table(
    rows: usize,
    columns: usize,
    answer: impl Fn(usize, usize, &dyn Fn(usize, usize) -> bool) -> bool,
) -> bool {
    let mut below = vec![false; columns + 1];
    for i in (0..=rows).rev() {
        let mut row = vec![false; columns + 1];
        for j in (0..=columns).rev() {
            let known = answer(i, j, &|row_at, column| {
                if row_at == i {
                    row[column]
                } else {
                    below[column]
                }
            });
            row[j] = known;
        }
        below = row;
    }
    below.first().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text, Version::V2012)
    }

    #[test]
    fn wildcards_match_as_documented() {
        assert!(pattern("s3:Get*").matches("s3:GetObject"));
        assert!(pattern("a?c*").matches("abc"));
        assert!(!pattern("a?c").matches("ac"));
        assert!(pattern("*").matches(""));
        assert!(Pattern::action("S3:Get*").matches("s3:getobject"));
    }

    #[test]
    fn escapes_are_plain_characters_in_the_newer_version_only() {
        assert!(pattern("a${*}b${?}${$}{x}").matches("a*b?${x}"));
        assert!(!pattern("a${*}b").matches("axb"));
        assert!(Pattern::new("a${*}b", Version::V2008).matches("a${xyz}b"));
    }

    #[test]
    fn open_variables_are_found() {
        let widened = |text| variables_as_wildcards(text, Version::V2012);
        assert_eq!(
            widened("a/${aws:username}/${*}").as_deref(),
            Some("a/*/${*}")
        );
        assert_eq!(widened("a/${*}${?}"), None);
        assert_eq!(widened("a/${broken"), None);
        assert_eq!(variables_as_wildcards("a/${x}", Version::V2008), None);
    }

    #[test]
    fn coverage_knows_that_wildcards_commute() {
        assert!(pattern("*?").covers(&pattern("?*")));
        assert!(pattern("?*a").covers(&pattern("*ba")));
        assert!(pattern("arn:b/*").covers(&pattern("arn:b/x*")));
        assert!(!pattern("arn:b/x*").covers(&pattern("arn:b/*")));
        assert!(!pattern("?").covers(&pattern("*")));
        assert!(!pattern("?*").covers(&pattern("*")));
    }

    /// One text of a pattern: `x` for every `?`, and `y` so many times for every `*`.
    fn sample(text: &str, many: usize) -> String {
        text.replace('?', "x").replace('*', &"y".repeat(many))
    }

    proptest! {
        // `x` and `y` stand in no pattern, so that they are matched by wildcards alone, and eight of them are
        // more than all `?` of a pattern can take: a pattern covers another exactly if it matches these texts.
        #[test]
        fn coverage_is_exactly_matching_every_text(p in "[ab?*]{0,6}", q in "[ab?*]{0,6}") {
            let covered = (0..8).all(|many| pattern(&p).matches(&sample(&q, many)));
            prop_assert_eq!(pattern(&p).covers(&pattern(&q)), covered);
        }

        #[test]
        fn overlap_is_symmetric_and_follows_from_a_common_text(
            p in "[ab?*]{0,5}", q in "[ab?*]{0,5}", text in "[ab]{0,6}",
        ) {
            let (p, q) = (pattern(&p), pattern(&q));
            prop_assert_eq!(p.overlaps(&q), q.overlaps(&p));
            if p.matches(&text) && q.matches(&text) {
                prop_assert!(p.overlaps(&q));
            }
            if p.covers(&q) {
                prop_assert!(p.overlaps(&q));
            }
        }

        #[test]
        fn matching_is_what_a_naive_matcher_says(p in "[ab?*]{0,6}", text in "[ab]{0,6}") {
            prop_assert_eq!(pattern(&p).matches(&text), naive(p.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn any_text_is_a_pattern(p in "\\PC{0,20}", q in "[*?${}a]{0,12}") {
            for version in [Version::V2008, Version::V2012] {
                let _ = Pattern::new(&p, version).covers(&Pattern::new(&q, version));
                let _ = variables_as_wildcards(&p, version);
                let _ = variables_as_wildcards(&q, version);
            }
            prop_assert!(Pattern::literal(&p).matches(&p));
        }
    }

    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => (0..=text.len()).any(|at| naive(rest, &text[at..])),
            ([b'?', rest @ ..], [_, text @ ..]) => naive(rest, text),
            ([c, rest @ ..], [d, text @ ..]) => c == d && naive(rest, text),
            _ => false,
        }
    }
}
