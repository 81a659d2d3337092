//! Commands as a shell takes them, for messages that say what to do next.

use s3ferry_core::status::shell_word;

/// The words of a command, as one line.
pub(crate) fn line(words: impl IntoIterator<Item = String>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| shell_word(&word)).collect();
    words.join(" ")
}

/// A path that is not taken for an option.
pub(crate) fn path(path: &str) -> String {
    if path.starts_with('-') {
        format!("./{path}")
    } else {
        path.to_owned()
    }
}
