//! A comparison that came to its end, as its receipt says it.

use s3ferry_core::format::verification::{
    Answer, Covers, VERIFICATION_FORMAT, Verification, VerifiedChecksums, VerifiedCount,
    VerifiedInventory, VerifiedSide, VerifiedVersion,
};
use s3ferry_core::model::BucketRef;
use s3ferry_core::plan::ProofSubject;
use s3ferry_core::spec::{Compared, Depth, Share};
use s3ferry_verify::{Asked, Tally, Total, Verdict};

use super::{Comparison, Computed, List, Lists, Matching, Remark};

/// Who compared, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The version of s3ferry.
    pub s3ferry: String,
    /// The spec's name.
    pub spec: String,
    /// The digest of its files.
    pub spec_digest: String,
    /// The migration.
    pub migration: String,
    /// What is compared.
    pub subject: ProofSubject,
    /// When the comparison began, RFC 3339 in UTC.
    pub started: String,
    /// When it ended.
    pub ended: String,
    /// The inventories that it was made from, where it was.
    pub lists: Option<Lists>,
    /// The jobs of both sides whose reports it rests on, where it does.
    pub computed: Option<[Computed; 2]>,
    /// The receipt of the comparison that it went on from.
    pub since: Option<String>,
    /// Who compared, where another did.
    pub engine: Option<&'static str>,
}

/// What a comparison found.
#[must_use]
pub fn verification(of: &Comparison, tally: &Tally, told: Told) -> Verification {
    let counts: Vec<VerifiedCount> = Verdict::ALL
        .iter()
        .filter_map(|verdict| {
            let count = tally.verdicts.get(verdict.as_str())?;
            Some(VerifiedCount {
                answer: answer(*verdict),
                found: verdict.as_str().to_owned(),
                versions: count.versions,
                bytes: count.bytes,
            })
        })
        .collect();
    let Asked {
        checksums: _,
        computed: _,
        class,
        metadata,
        tags,
        content,
    } = of.asked;
    let compared = [
        (class, Compared::Class),
        (metadata, Compared::Metadata),
        (tags, Compared::Tags),
    ];
    let lists = told.lists.as_ref();
    let compared = compared.into_iter().filter(|(is_asked, _)| *is_asked);
    Verification {
        format: VERIFICATION_FORMAT.to_owned(),
        s3ferry: told.s3ferry,
        spec: told.spec,
        spec_digest: told.spec_digest,
        migration: told.migration,
        subject: told.subject.0,
        from: match lists {
            None => "listing",
            Some(_) => "inventory",
        }
        .to_owned(),
        engine: told.engine.map(str::to_owned),
        depth: depth(of.asked).as_str().to_owned(),
        matched: of.matching.as_str().to_owned(),
        compared: compared.map(|(_, what)| what.as_str().to_owned()).collect(),
        content: (content > Share::NONE).then(|| content.to_string()),
        settled: of.settled.clone(),
        started: told.started,
        ended: told.ended,
        source: VerifiedSide {
            checksums: told.computed.as_ref().map(|[of, _]| checksums_of(of)),
            ..side(&of.source, &tally.source, lists.map(|of| &of.source))
        },
        destination: VerifiedSide {
            checksums: told.computed.as_ref().map(|[_, of]| checksums_of(of)),
            ..side(
                &of.destination,
                &tally.destination,
                lists.map(|of| &of.destination),
            )
        },
        clean: tally.different() == 0 && tally.unprovable() == 0,
        counts,
        prefixes: tally.prefixes.clone(),
        since: told.since,
        covers: (of.matching == Matching::Versions && told.engine.is_none()).then(|| Covers {
            before: of.covered.clone(),
            slices: tally.covered.to_text(),
        }),
    }
}

/// How closely is looked.
pub(super) fn depth(asked: Asked) -> Depth {
    match asked.checksums {
        true if asked.content == Share::ALL => Depth::Content,
        true => Depth::Checksum,
        false if asked.computed => Depth::Computed,
        false => Depth::Listing,
    }
}

/// A version that is different or not known, for a program.
#[must_use]
pub fn version(migration: &str, remark: &Remark) -> VerifiedVersion {
    VerifiedVersion {
        migration: migration.to_owned(),
        answer: answer(remark.verdict),
        found: remark.verdict.as_str().to_owned(),
        key: String::from_utf8_lossy(&remark.key).into_owned(),
        source_version: remark.source.clone(),
        destination_version: remark.destination.clone(),
        size: remark.size,
    }
}

const fn answer(verdict: Verdict) -> Answer {
    match verdict {
        Verdict::Equal(_) => Answer::Equal,
        Verdict::Different(_) => Answer::Different,
        Verdict::Unprovable(_) => Answer::Unprovable,
        Verdict::Expected(_) => Answer::Expected,
    }
}

fn checksums_of(told: &Computed) -> VerifiedChecksums {
    VerifiedChecksums {
        job: told.job.clone(),
        made: told.made.clone(),
        algorithm: told.algorithm.clone(),
        receipt: told.receipt.to_string(),
        manifest: told
            .report
            .as_ref()
            .map(|of| format!("{}/{}", of.bucket.bucket, of.key)),
        sha256: told.report.as_ref().map(|of| of.sha256.clone()),
    }
}

fn side(bucket: &BucketRef, total: &Total, list: Option<&List>) -> VerifiedSide {
    VerifiedSide {
        account: bucket.account.to_string(),
        region: bucket.region.to_string(),
        bucket: bucket.bucket.to_string(),
        objects: total.objects,
        markers: total.markers,
        bytes: total.bytes,
        fingerprint: format!("{:032x}", total.fingerprint),
        inventory: list.map(|list| VerifiedInventory {
            manifest: list.name.clone(),
            created: list.created(),
        }),
        checksums: None,
    }
}
