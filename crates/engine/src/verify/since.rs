//! A comparison that goes on from an earlier one: what was written since is looked at, and of what is older only what is not what it
//! was then.
//!
//! ```text
//! listings of both sides --older, and of both--> passed, and summed by slices --the receipt's sums--> equal by that comparison
//!                                                                             --other sums-------> listed once more, and looked at
//! ```
//! Everything is listed: S3 has no list of what changed. Listings are a thousandth of the calls that looks are.

use s3ferry_core::format::verification::{VERIFICATION_FORMAT, Verification};
use s3ferry_core::plan::ProofSubject;
use s3ferry_core::spec::{Depth, Share};
use s3ferry_verify::{Asked, Count, Reach, Slices, Tally};

use super::receipt::depth;
use super::{Comparison, Ended, Failure, Matching, Progress, Remark, Watch, compare};
use crate::cancel::CancelToken;
use crate::ports::Versions;

/// What an earlier comparison covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// Versions that were last modified up to this time.
    pub before: String,
    slices: Slices,
}

/// Why a comparison cannot go on from a receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Uncovered {
    /// It is of something else.
    #[error("it is of other buckets, or of rules that were changed since")]
    Subject,
    /// It has no sums.
    #[error(
        "it does not say which versions it covers, as receipts before format {VERIFICATION_FORMAT} and of --match current do not"
    )]
    Unsaid,
    /// It did not look as closely.
    #[error("it did not look as closely as this comparison shall: {0}")]
    Shallow(String),
    /// Tags were asked for.
    #[error(
        "tags change without a new version, so that no earlier comparison tells of them: compare them without --since"
    )]
    Tags,
}

impl Since {
    /// What a receipt covers of a comparison that looks so closely.
    ///
    /// # Errors
    /// Why it does not serve.
    pub fn of(
        receipt: &Verification,
        subject: &ProofSubject,
        asked: Asked,
    ) -> Result<Self, Uncovered> {
        if receipt.subject != subject.0 {
            return Err(Uncovered::Subject);
        }
        if asked.tags {
            return Err(Uncovered::Tags);
        }
        let covers = receipt.covers.as_ref().ok_or(Uncovered::Unsaid)?;
        let slices = Slices::from_text(&covers.slices).ok_or(Uncovered::Unsaid)?;
        is_as_close(receipt, asked)?;
        Ok(Self {
            before: covers.before.clone(),
            slices,
        })
    }
}

impl Since {
    /// What of a listing of both sides it covers.
    #[must_use]
    pub fn covered(&self, listed: &Tally) -> Count {
        let passed = listed.earlier.passed(&self.slices);
        let same = passed.filter(|(_, _, is_same)| *is_same);
        same.fold(Count::default(), |sum, (_, passed, _)| Count {
            versions: sum.versions + passed.versions,
            bytes: sum.bytes + passed.bytes,
        })
    }
}

/// Whether a receipt is of a comparison that looked as closely. Storage classes are in the listings, and always compared anew.
fn is_as_close(receipt: &Verification, asked: Asked) -> Result<(), Uncovered> {
    let shallow = |why: &str| Err(Uncovered::Shallow(why.to_owned()));
    let looked = Depth::ALL
        .into_iter()
        .find(|depth| depth.as_str() == receipt.depth);
    // How much content was read is said by its share, and each version of it is held against the stored checksums besides.
    let least = match depth(asked) {
        Depth::Content => Depth::Checksum,
        depth => depth,
    };
    if looked.is_none_or(|looked| looked < least) {
        return shallow(&format!("depth {}", receipt.depth));
    }
    if asked.metadata && !receipt.compared.iter().any(|what| what == "metadata") {
        return shallow("it did not compare metadata");
    }
    let content = match &receipt.content {
        None => Some(Share::NONE),
        Some(text) => Share::of_percent(text),
    };
    if content.is_none_or(|content| content < asked.content) {
        return shallow("it read the content of fewer versions");
    }
    Ok(())
}

/// Compares both sides as [`compare`] does, and relies on an earlier comparison for what is what it was then.
///
/// # Guarantees
/// As those of [`compare`]; and a version is called equal by the earlier comparison only where all versions of its slice that are as
/// old are those which that comparison saw, at both sides, and it found nothing in the slice.
///
/// # Errors
/// [`Failure`], the first one.
pub async fn compare_since<W: Versions + Clone + 'static>(
    world: W,
    of: Comparison,
    since: &Since,
    from: Progress,
    watch: &mut dyn Watch,
    cancel: &CancelToken,
) -> Result<Ended, Failure> {
    let Since { before, slices } = since;
    debug_assert_eq!(of.matching, Matching::Versions);
    let reach = Reach::Since(before.clone());
    let newer = Comparison {
        reach,
        ..of.clone()
    };
    let listed = match compare(world.clone(), newer, from, watch, cancel).await? {
        Ended::Whole(listed) => listed,
        stopped @ Ended::Stopped(_) => return Ok(stopped),
    };
    let mut tally = listed.clone();
    let moved = tally.rely_on(slices);
    if moved.is_empty() {
        return Ok(Ended::Whole(tally));
    }
    let reach = Reach::Again(before.clone(), moved);
    let again = Comparison { reach, ..of };
    let mut behind = Behind {
        watch,
        before: Progress {
            tally: listed,
            left: Vec::new(),
        },
    };
    let whole = compare(world, again, Progress::default(), &mut behind, cancel).await?;
    Ok(match whole {
        Ended::Whole(looked) => {
            tally.join(&looked);
            Ended::Whole(tally)
        }
        Ended::Stopped(_) => Ended::Stopped(behind.before),
    })
}

/// A second pass is told as the end of the first one, from which whoever stops it goes on.
struct Behind<'a> {
    watch: &'a mut dyn Watch,
    before: Progress,
}

impl Watch for Behind<'_> {
    fn progress(&mut self, _: &Progress) {
        self.watch.progress(&self.before);
    }

    fn remark(&mut self, remark: &Remark) {
        self.watch.remark(remark);
    }
}
