//! Arguments as errors repeat them: text from outside, on one line and not longer than what helps.

use s3ferry_render::sanitize;

/// How much of an argument an error repeats, in characters.
const ARGUMENT_SHOWN: usize = 200;

/// As much of an argument as an error repeats.
pub(crate) fn shown(argument: &str) -> String {
    match argument.char_indices().nth(ARGUMENT_SHOWN) {
        Some((end, _)) => format!("{}...", sanitize(&argument[..end])),
        None => sanitize(argument),
    }
}
