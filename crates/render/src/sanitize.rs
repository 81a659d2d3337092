//! Text from outside made safe to show: nothing invisible, nothing that moves a cursor, nothing that ends a line.

/// Returns the text with every character escaped that a terminal acts upon or that a reader can't see.
///
/// Escaped are control characters (also those that start ANSI sequences), line and paragraph separators, marks and
/// overrides of the writing direction, and characters without width. Line ends and tabs become `\n`, `\r` and `\t`,
/// everything else `\u{1b}`. Backslashes stay as they are: the result is for eyes, not for parsers.
#[must_use]
pub fn sanitize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        push(&mut out, character);
    }
    out
}

/// Returns JSON with every character escaped that [`sanitize`] would escape; it means the same.
///
/// JSON leaves line separators, marks of direction and characters without width as they are: a log that is split at them
/// has lines that nobody wrote.
#[must_use]
pub fn sanitize_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        // Line ends and tabs outside of strings are layout; inside JSON has escaped them.
        let layout = matches!(character, '\n' | '\t');
        if !layout && (character.is_control() || is_unseen(character)) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// The text between double quotes, with quotes and backslashes escaped, so that its end can't be forged.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        push(&mut out, character);
    }
    out.push('"');
    out
}

/// The text as it is where it is one plain word, quoted otherwise.
pub(crate) fn word(text: &str) -> String {
    let plain = |character: char| character.is_ascii_graphic() && !matches!(character, '"' | '\\');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        quote(text)
    }
}

/// How many columns the text takes in a terminal.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// How many columns a character takes: by block, which is exact for what is common and one off for what is not.
pub(crate) fn column(character: char) -> usize {
    match u32::from(character) {
        0x0300..=0x036F => 0,
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F900..=0x1F9FF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

fn push(out: &mut String, character: char) {
    match character {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if character.is_control() || is_unseen(character) => {
            out.extend(character.escape_unicode());
        }
        _ => out.push(character),
    }
}

/// Whether a character changes how its neighbours are shown, or takes no room itself (Unicode's default ignorables,
/// separators and bidirectional controls; variation selectors stay, emoji need them).
const fn is_unseen(character: char) -> bool {
    matches!(
        character as u32,
        0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180E
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0x3164 | 0xFEFF | 0xFFA0
            | 0xFFF9..=0xFFFB
            | 0xE0000..=0xE007F
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_sequence_is_shown_and_not_obeyed() {
        assert_eq!(sanitize("a\u{1b}[2Jb\u{9b}1m"), "a\\u{1b}[2Jb\\u{9b}1m");
    }

    #[test]
    fn line_ends_and_directions_are_shown() {
        assert_eq!(sanitize("a\r\n\tb"), "a\\r\\n\\tb");
        assert_eq!(
            sanitize("\u{202e}exe.\u{2066}\u{2028}"),
            "\\u{202e}exe.\\u{2066}\\u{2028}"
        );
    }

    #[test]
    fn letters_of_any_script_stay() {
        assert_eq!(sanitize("ключ/鍵/clé 😀"), "ключ/鍵/clé 😀");
    }

    #[test]
    fn json_means_the_same_and_shows_what_it_holds() {
        let layout = "{\n\t\"a\": 1}\n";
        assert_eq!(sanitize_json(layout), layout);
        let text = "\"a\u{85}\u{2028}\u{202e}\u{e0001}é\"";
        let safe = sanitize_json(text);
        assert_eq!(safe, "\"a\\u0085\\u2028\\u202e\\udb40\\udc01é\"");
    }

    #[test]
    fn a_quoted_text_has_one_end() {
        assert_eq!(quote(r#"a" -> "b\"#), r#""a\" -> \"b\\""#);
    }

    #[test]
    fn only_plain_words_go_unquoted() {
        assert_eq!(word("s3:GetObject*"), "s3:GetObject*");
        assert_eq!(word("a b"), "\"a b\"");
        assert_eq!(word(""), "\"\"");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(columns("鍵a"), 3);
    }
}
