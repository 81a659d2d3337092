//! What a comparison of both sides must be.

use std::collections::BTreeSet;

use s3ferry_core::spec::{Compared, Depth, Share, VerifySpec};

use super::monitoring::amount;
use super::view::View;

/// Reads `verify`.
pub(super) fn verify(migration: &View<'_>) -> Option<VerifySpec> {
    let unsaid = VerifySpec::default();
    let Some(view) = migration.optional("verify")? else {
        return Some(unsaid);
    };
    let depth = match view.optional("depth")? {
        None => unsaid.depth,
        Some(word) => word.one_of(Depth::ALL, Depth::as_str)?,
    };
    let compare = match view.optional("compare")? {
        None => unsaid.compare,
        Some(list) => compared(&list)?,
    };
    // An age that nothing can have is one that everything may have.
    let max_age = match view.optional("max_age")? {
        None => unsaid.max_age,
        Some(age) => amount(age.text()?).unwrap_or(u64::MAX),
    };
    let content = match view.optional("sample_content")? {
        None if depth == Depth::Content => Share::ALL,
        None => Share::NONE,
        Some(share) => Share::of_percent(share.text()?)?,
    };
    Some(VerifySpec {
        depth,
        compare,
        content,
        max_age,
    })
}

fn compared(list: &View<'_>) -> Option<BTreeSet<Compared>> {
    let named = |word: &str| {
        let mut all = Compared::ALL.into_iter();
        all.find(|known| known.as_str() == word)
    };
    let words = list.node().items().iter();
    words.map(|word| named(word.text()?)).collect()
}
