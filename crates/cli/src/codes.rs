//! Codes: what `docs/errors.md` says of each. The page is built in, so that page and command are one text.

/// The page; a test of core holds it against what the code gives.
const PAGE: &str = include_str!("../../../docs/errors.md");

/// A code as its row says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) code: &'static str,
    /// What it is, e.g. `finding, blocked`.
    pub(crate) kind: String,
    pub(crate) cause: String,
    pub(crate) danger: String,
    pub(crate) fix: String,
}

/// The sections with codes, in the order of the page.
#[derive(Debug, Clone, Copy)]
enum Section {
    Exits,
    Blocked,
    Warnings,
    Problems,
    Symptoms,
    Failures,
    Diagnostics,
}

/// Every code of the page, in its order.
pub(crate) fn all() -> Vec<Code> {
    let mut section = None;
    let mut codes = Vec::new();
    for line in PAGE.lines() {
        if let Some(heading) = line.strip_prefix("##") {
            section = Section::of(heading.trim_start_matches('#').trim());
        }
        codes.extend(section.and_then(|section| Section::code(section, line)));
    }
    codes
}

impl Section {
    fn of(heading: &str) -> Option<Self> {
        Some(match heading {
            "Exit codes" => Self::Exits,
            "Blocked" => Self::Blocked,
            "Warnings and notes" => Self::Warnings,
            "Problems of an apply" => Self::Problems,
            "Symptoms" => Self::Symptoms,
            "Failure codes of S3" => Self::Failures,
            "Diagnostics" => Self::Diagnostics,
            _ => return None,
        })
    }

    fn code(self, line: &'static str) -> Option<Code> {
        let cells: Vec<&str> = line
            .strip_prefix('|')?
            .strip_suffix('|')?
            .split(" | ")
            .collect();
        let cells: Vec<&str> = cells.into_iter().map(str::trim).collect();
        let code = cells.first()?.trim_matches('`');
        let is_row = cells.first()?.starts_with('`') || code.parse::<u8>().is_ok();
        let cell = |at: usize| cells.get(at).copied().map(plain).unwrap_or_default();
        let (kind, cause, danger, fix) = match self {
            Self::Exits => ("exit code".to_owned(), cell(1), String::new(), cell(2)),
            Self::Blocked => ("finding, blocked".to_owned(), cell(1), cell(2), cell(3)),
            Self::Warnings => (format!("finding, {}", cell(1)), cell(2), cell(3), cell(4)),
            Self::Problems => ("problem of an apply".to_owned(), cell(1), cell(2), cell(3)),
            Self::Symptoms => ("symptom".to_owned(), cell(1), cell(2), cell(3)),
            Self::Failures => (
                "failure code of S3".to_owned(),
                cell(1),
                "The object is FAILED for good: S3 does not try again when things are mended."
                    .to_owned(),
                cell(2),
            ),
            Self::Diagnostics => of_diagnostic(&cell(1), cell(2)),
        };
        is_row.then_some(Code {
            code,
            kind,
            cause,
            danger,
            fix,
        })
    }
}

/// The dangers of diagnostics are two.
fn of_diagnostic(meaning: &str, fix: String) -> (String, String, String, String) {
    let said = match meaning.strip_prefix("Warning. ") {
        Some(meaning) => (
            "diagnostic, warning",
            meaning,
            "The spec is taken as it is, and may not mean what was meant.",
        ),
        None => (
            "diagnostic",
            meaning,
            "The spec is refused (exit 65), and nothing is planned from it.",
        ),
    };
    let (kind, cause, danger) = said;
    (kind.to_owned(), cause.to_owned(), danger.to_owned(), fix)
}

/// Markdown of the page as plain text: links by their words, and no marks of code and emphasis.
fn plain(markdown: &str) -> String {
    let mut text = String::new();
    let mut rest = markdown;
    while let Some((before, link)) = rest.split_once("](") {
        let (before, words) = before.rsplit_once('[').unwrap_or((before, ""));
        text.push_str(before);
        text.push_str(words);
        rest = link.split_once(')').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.replace('`', "")
        .replace("*Warning.*", "Warning.")
        .replace("*blocked*", "blocked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_page_is_a_code_with_its_cells() {
        let rows = PAGE.lines().filter(|line| {
            let cell = line
                .strip_prefix("| ")
                .and_then(|rest| rest.split(" |").next());
            cell.is_some_and(|cell| cell.starts_with('`') || cell.parse::<u8>().is_ok())
        });
        let codes = all();
        assert_eq!(codes.len(), rows.count());
        assert!(codes.len() > 120, "{}", codes.len());
        for code in codes {
            let is_exit = code.kind == "exit code";
            assert!(!code.cause.is_empty(), "{code:?}");
            assert!(is_exit || !code.danger.is_empty(), "{code:?}");
            assert!(is_exit || !code.fix.is_empty(), "{code:?}");
            let all = [code.cause, code.danger, code.fix].concat();
            assert!(!all.contains('`') && !all.contains("]("), "{all}");
        }
    }

    #[test]
    fn a_link_is_its_words() {
        assert_eq!(plain("See [Findings](#findings), `a`."), "See Findings, a.");
    }
}
