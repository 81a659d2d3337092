//! Text from outside made safe for Markdown as GitHub, GitLab and others draw it.
//!
//! What Markdown or HTML would act upon becomes a character reference, which is text in every context: in prose, in
//! a table's cell, in inline HTML and in a block of HTML alike (CommonMark 0.31, 2.5: references can't stand for
//! structure). What services look for in the finished text (mentions, references to issues, addresses of pages) gets
//! a space without width, because references are resolved by then.

use crate::sanitize::sanitize;

/// Text for prose. It must not stand at the beginning of a block: lead in with a word of ours.
pub(crate) fn prose(text: &str) -> String {
    escaped(&sanitize(text), usize::MAX)
}

/// Prose in which what stands between backticks is code; both are escaped, whoever wrote the backticks.
pub(crate) fn message(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return prose(text);
    }
    let part = |(index, part): (usize, &&str)| {
        if index % 2 == 0 {
            prose(part)
        } else {
            code(part)
        }
    };
    parts.iter().enumerate().map(part).collect()
}

/// Text as code, in every context that prose may stand in.
pub(crate) fn code(text: &str) -> String {
    format!("<code>{}</code>", prose(text))
}

/// Code that takes at most about `room` characters, what is more counted.
pub(crate) fn clipped_code(text: &str, room: usize) -> String {
    format!("<code>{}</code>", escaped(&sanitize(text), room))
}

/// Lines in a fence that none of them can end.
pub(crate) fn fenced(language: &str, lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| sanitize(line)).collect();
    let longest = lines
        .iter()
        .map(|line| longest_run(line, '`'))
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|character| character != of)
        .map(str::len)
        .max()
        .unwrap_or(0)
}

fn escaped(text: &str, room: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, character) in text.char_indices() {
        let before = out.len();
        push(
            &mut out,
            character,
            &text[..index],
            &text[index + character.len_utf8()..],
        );
        if out.len() > room {
            out.truncate(before);
            out.push_str(&format!("… ({} more)", text[index..].chars().count()));
            break;
        }
    }
    out
}

fn push(out: &mut String, character: char, before: &str, after: &str) {
    match character {
        '&' | '<' | '>' | '`' | '\\' | '|' | '*' | '_' | '~' | '[' | ']' | '!' | '$' | '^' => {
            out.push_str(&format!("&#{};", u32::from(character)));
        }
        _ => out.push(character),
    }
    if starts_reference(character, before, after) {
        out.push_str("&#8203;");
    }
}

/// Whether the character begins something that a service turns into a link or a notification.
fn starts_reference(character: char, before: &str, after: &str) -> bool {
    let ends_with = |end: &str| {
        before.len() >= end.len()
            && before.is_char_boundary(before.len() - end.len())
            && before[before.len() - end.len()..].eq_ignore_ascii_case(end)
    };
    match character {
        '@' | '#' | '!' => true,
        ':' => after.starts_with("//") || ends_with("mailto") || ends_with("xmpp"),
        '-' => ends_with("gh"),
        'w' | 'W' => ends_with("ww") && after.starts_with('.'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_markdown_acts_upon_is_left() {
        let shown = prose("**a** _b_ ~c~ `d` [e](f) ![g](h) <img src=x> &amp; i|j \\| $k$");
        let plain = shown.replace("&#", "");
        assert!(
            !plain.contains([
                '*', '_', '~', '`', '[', ']', '!', '<', '>', '&', '|', '\\', '$'
            ]),
            "{shown}"
        );
    }

    #[test]
    fn nobody_is_notified_and_nothing_is_linked() {
        assert_eq!(prose("@team"), "@&#8203;team");
        assert_eq!(prose("a/b#12"), "a/b#&#8203;12");
        assert_eq!(prose("GH-12"), "GH-&#8203;12");
        assert_eq!(prose("https://x"), "https:&#8203;//x");
        assert_eq!(prose("www.x"), "www&#8203;.x");
    }

    #[test]
    fn an_arn_stays_one_word_that_can_be_copied() {
        let arn = "arn:aws:iam::111111111111:role/s3ferry/orders-prod";
        assert_eq!(prose(arn), arn);
    }

    #[test]
    fn pairs_of_backticks_are_code_and_others_are_not() {
        assert_eq!(message("rule `a_b` is"), "rule <code>a&#95;b</code> is");
        assert_eq!(message("a ` b"), "a &#96; b");
        assert_eq!(
            message("`</code>@x`"),
            "<code>&#60;/code&#62;@&#8203;x</code>"
        );
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let shown = fenced("diff", &["+ ```".to_owned(), "+ a\n````".to_owned()]);
        assert_eq!(shown, "`````diff\n+ ```\n+ a\\n````\n`````\n");
    }

    #[test]
    fn what_is_clipped_is_counted() {
        assert_eq!(clipped_code("abcdef", 4), "<code>abcd… (2 more)</code>");
        assert_eq!(clipped_code("ab<<", 4), "<code>ab… (2 more)</code>");
        assert_eq!(clipped_code("abcd", 4), "<code>abcd</code>");
    }
}
