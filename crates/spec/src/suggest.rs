//! "Did you mean": the known word nearest to one that is not known.

/// The nearest of the known words, if it is near enough to be meant.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |text: &str| -> Vec<char> {
        let plain = text
            .chars()
            .filter(|char| !matches!(char, '_' | '-' | ' ' | '.'));
        plain.flat_map(char::to_lowercase).take(64).collect()
    };
    let word = plain(word);
    let limit = (word.len() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|known| (distance(&word, &plain(known)), known))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// How many letters to insert, remove, replace or swap with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, right) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(left != right);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *right && b[j - 1] == *left {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
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
