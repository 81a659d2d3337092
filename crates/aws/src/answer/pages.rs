//! Lists in pages: each page leads to another one, and there is a last.

use std::collections::BTreeSet;

/// Pages of one list: at a thousand entries a page more than any account or key has.
const MOST: usize = 1000;

/// The pages of a list so far.
#[derive(Debug, Default)]
pub(crate) struct Pages<M> {
    led_to: BTreeSet<M>,
}

/// Why a list is not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Endless {
    #[error("the list says that it goes on, and not where")]
    Nowhere,
    #[error("a page of the list leads to one that was read before")]
    Circle,
    #[error("the list has more than {MOST} pages")]
    TooMany,
}

impl<M: Ord + Clone> Pages<M> {
    /// Where the next page begins; nothing where this was the last.
    pub(crate) fn next(&mut self, goes_on: bool, marker: Option<M>) -> Result<Option<M>, Endless> {
        match marker.filter(|_| goes_on) {
            None if goes_on => Err(Endless::Nowhere),
            None => Ok(None),
            Some(_) if self.led_to.len() >= MOST => Err(Endless::TooMany),
            Some(marker) if self.led_to.insert(marker.clone()) => Ok(Some(marker)),
            Some(_) => Err(Endless::Circle),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_leads_to_another_and_there_is_a_last() {
        let mut pages = Pages::default();
        assert_eq!(pages.next(true, Some(1)), Ok(Some(1)));
        assert_eq!(pages.next(true, Some(2)), Ok(Some(2)));
        assert_eq!(pages.next(false, Some(1)), Ok(None));
        assert_eq!(pages.next(true, Some(1)), Err(Endless::Circle));
        assert_eq!(pages.next(true, None), Err(Endless::Nowhere));
        let mut pages = Pages::default();
        for page in 0..MOST {
            assert!(pages.next(true, Some(page)).is_ok());
        }
        assert_eq!(pages.next(true, Some(MOST)), Err(Endless::TooMany));
    }
}
