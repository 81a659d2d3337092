//! Makes text from files safe for a terminal and for a pull request: no control characters, no
//! characters that turn the direction of what follows or cannot be seen.

/// Whether a character could move the cursor, hide, or turn what follows.
pub(crate) fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with unsafe characters escaped as Rust would write them.
pub(crate) fn text(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut safe, char| {
            if is_unsafe(char) {
                safe.extend(char.escape_default());
            } else {
                safe.push(char);
            }
            safe
        })
}

/// The longest text that is told; an ARN has 2,048 characters at most, and a value can be as long as its file.
const LONGEST: usize = 4096;

/// A text that is not longer than people read, what is cut off counted.
pub(crate) fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{}… ({more} more)", &text[..end])
        }
    }
}

/// One character of a source line, replaced by one that takes the same room where it is unsafe.
pub(crate) fn shown(char: char) -> char {
    match char {
        '\t' => ' ',
        unsafe_char if is_unsafe(unsafe_char) => '\u{fffd}',
        safe => safe,
    }
}

/// How many columns of a terminal a character takes, so that carets stand where they should.
pub(crate) fn cells(char: char) -> usize {
    match char {
        '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}
