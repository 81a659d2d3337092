//! "Did you mean": the known word nearest to one that is not known.

/// The nearest of the known words, if it is near enough to be meant.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |text: &str| -> String {
        let plain = text
            .chars()
            .filter(|char| !matches!(char, '_' | '-' | ' ' | '.'));
        plain.flat_map(char::to_lowercase).take(64).collect()
    };
    let word = plain(word);
    let limit = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(&word, &plain(known)), known))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typo_finds_its_word_and_another_word_does_not() {
        let known = ["delete_markers", "prefix", "tags", "id"];
        assert_eq!(nearest("delete_marker", known), Some("delete_markers"));
        assert_eq!(nearest("deleteMarkers", known), Some("delete_markers"));
        assert_eq!(nearest("perfix", known), Some("prefix"));
        assert_eq!(nearest("ID", known), Some("id"));
        assert_eq!(nearest("filter", known), None);
    }
}
