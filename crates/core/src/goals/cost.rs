//! What a job costs, as far as the job itself goes.
//!
//! Prices are those of the AWS Price List API for eu-west-1 and eu-west-2, 2026-09, which other Regions differ little from
//! (unverified). The replicas' PUTs, their storage and what leaves the Region are beside them, as for live replication.

/// When the prices were read.
const DATED: &str = "2026-09";

/// Millionths of a dollar for a job.
const JOB: u64 = 250_000;
/// Millionths of a dollar for each object that a job works on: a dollar for a million.
const OBJECT: u64 = 1;

/// What S3 asks for computing checksums besides; no public list of it was found (AWS names it under "Management and insights" of the S3
/// pricing page).
const COMPUTING: &str = "what S3 asks for computing them is on its pricing page under \"Management and insights\" and not known here";

/// What a job that computes checksums costs before it is known how many.
pub(in crate::goals) fn of_checksums() -> String {
    format!(
        "0.25 USD, 1.00 USD for each million objects, and 0.015 USD for each million in the bucket that its list is made from (prices of {DATED}); {COMPUTING}"
    )
}

/// What a job that computes so many costs, without its list.
pub(in crate::goals) fn of_so_many_checksums(tasks: u64) -> String {
    format!("{} for the job; {COMPUTING}", of_tasks(tasks))
}

/// What a job costs before it is known what it has to do.
pub(in crate::goals) fn unknown() -> String {
    format!(
        "0.25 USD, 1.00 USD for each million objects that it copies, and 0.015 USD for each million in the bucket that its list is made from (prices of {DATED})"
    )
}

/// What a job of so many tasks costs, without its list.
pub(in crate::goals) fn of_tasks(tasks: u64) -> String {
    let cents = OBJECT
        .saturating_mul(tasks)
        .saturating_add(JOB)
        .div_ceil(10_000);
    format!(
        "about {}.{:02} USD (prices of {DATED})",
        cents / 100,
        cents % 100
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cent_that_is_begun_is_a_cent() {
        assert_eq!(of_tasks(0), "about 0.25 USD (prices of 2026-09)");
        assert_eq!(of_tasks(1), "about 0.26 USD (prices of 2026-09)");
        assert_eq!(of_tasks(20_000_000), "about 20.25 USD (prices of 2026-09)");
        assert!(of_tasks(u64::MAX).starts_with("about "));
    }
}
