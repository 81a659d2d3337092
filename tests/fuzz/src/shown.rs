//! What is shown obeys nobody.

use s3ferry_render::sanitize;

/// Asserts that no character of a page acts on a terminal, hides, or turns what follows; line ends are the page's own.
pub(crate) fn is_quiet(page: &str) {
    for line in page.split('\n') {
        assert!(!line.chars().any(acts), "{line:?}");
        assert_eq!(sanitize(line), line);
    }
}

/// A second table, so that a gap in the product's is found.
fn acts(one: char) -> bool {
    one.is_control()
        || matches!(
            u32::from(one),
            0x00AD
                | 0x061C
                | 0x180E
                | 0x200B..=0x200F
                | 0x2028..=0x202E
                | 0x2060..=0x206F
                | 0xFEFF
                | 0xFFF9..=0xFFFB
                | 0xE0000..=0xE007F
        )
}
